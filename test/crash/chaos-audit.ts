import type { ChaosExternal } from './chaos-external.js';
import type { ChaosReceiver } from './chaos-receiver.js';
import type { LedgerReader } from './ledger-reader.js';

/** By then, the schedules must be exhausted or finished. */
const SETTLE_LIMIT_MS = 90_000;

/** An operation from its caller's view. */
export interface Attempt {
  readonly external: string;
  readonly key: string;
  readonly operation: string;
  readonly body: { shopTransactionId?: string; paymentId?: string; amount: number; currency: string };
  result?: string | undefined;
  paymentId?: string | undefined;
}

/** Until no payment is open and no notification is waiting, or the limit has passed. */
export async function untilSettled(ledger: LedgerReader): Promise<void> {
  const deadline = Date.now() + SETTLE_LIMIT_MS;
  while (Date.now() < deadline) {
    // PostgreSQL's counts come as text.
    const [row] = await ledger.query<{ open: number | string; waiting: number | string }>(
      `select (select count(*) from payments where state in ('CREATED', 'PENDING', 'UNKNOWN')) as open,
              (select count(*) from notifications where state in ('PENDING', 'LEASED', 'RETRY')) as waiting`,
    );
    if (Number(row!.open) + Number(row!.waiting) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

interface Row {
  readonly external: string;
  readonly shop_transaction_id: string;
  readonly payment_id: string | null;
  readonly state: string;
}

/**
 * Compares the ledger with what the externals executed, by name, and with what the receiver was told last. Returns what is
 * wrong.
 */
export async function audit(
  ledger: LedgerReader,
  externals: Readonly<Record<string, ChaosExternal>>,
  attempts: readonly Attempt[],
  receiver: ChaosReceiver,
): Promise<string[]> {
  const problems: string[] = [];
  const rows = await ledger.query<Row>(
    'select external, shop_transaction_id, payment_id, state from payments',
  );
  const byOrder = Map.groupBy(rows, (row) => `${row.external} ${row.shop_transaction_id}`);
  for (const [name, external] of Object.entries(externals)) {
    for (const [key, executions] of external.executions) {
      if (executions > 1) problems.push(`${name} executed ${key} ${executions} times`);
    }
    const orders = Map.groupBy(external.payments.values(), ({ shopTransactionId }) => shopTransactionId);
    for (const payment of external.payments.values()) {
      const order = `${name} ${payment.shopTransactionId}`;
      if (payment.refunded > payment.amount)
        problems.push(`${order}: refunded ${payment.refunded} of ${payment.amount}`);
      const row = byOrder.get(order)?.find(({ payment_id }) => payment_id === payment.paymentId);
      const retried = (orders.get(payment.shopTransactionId)?.length ?? 0) > 1;
      // A declined and retried order has several payments; the declined one may have no paymentId.
      if (
        !row &&
        payment.status === 'FAILED' &&
        !retried &&
        byOrder.get(order)?.every(({ state }) => state === 'FAILED')
      )
        continue;
      if (row?.state !== payment.status) {
        problems.push(
          `${order} ${payment.paymentId} is ${payment.status}, the ledger has ${JSON.stringify(byOrder.get(order))}`,
        );
      }
    }
  }
  problems.push(
    ...rows
      .filter(({ state }) => !['ACCEPTED', 'FAILED'].includes(state))
      .map((row) => `still open: ${JSON.stringify(row)}`),
  );
  problems.push(...toldTheTruth(byOrder, attempts, receiver));
  return problems;
}

/** If neither the call nor its repeat was answered, the receiver gets the final status, as the last one. */
function toldTheTruth(
  byOrder: ReadonlyMap<string, Row[]>,
  attempts: readonly Attempt[],
  receiver: ChaosReceiver,
): string[] {
  const problems: string[] = [];
  for (const attempt of attempts) {
    const { shopTransactionId } = attempt.body;
    const rows = byOrder.get(`${attempt.external} ${shopTransactionId ?? ''}`);
    if (!shopTransactionId || rows?.length !== 1) continue;
    const { state } = rows[0]!;
    const last = receiver.told.get(shopTransactionId)?.at(-1);
    const answered = { OK: 'ACCEPTED', KO: 'FAILED', 'not-executed': 'FAILED' }[attempt.result ?? ''];
    if (answered === state && !last) continue;
    if (last?.status !== state) {
      problems.push(
        `${shopTransactionId} is ${state}, answered ${attempt.result ?? 'nothing'}, last told ${last?.status ?? 'nothing'}`,
      );
    }
  }
  return problems;
}
