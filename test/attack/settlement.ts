import type { ChaosExternal } from '../crash/chaos-external.js';
import type { ChaosReceiver } from '../crash/chaos-receiver.js';
import type { LedgerReader } from '../crash/ledger-reader.js';
import type { HonestCallers } from './honest-callers.js';

const LIMIT_MS = 60_000;
const POLL_MS = 250;

/** One external and those who pay there. */
export interface Party {
  readonly name: string;
  readonly external: ChaosExternal;
  readonly callers: HonestCallers;
}

/** After all failures have ended: the externals answer, the receiver is up. Returns what is wrong in the end. */
export async function settleAndAudit(
  parties: readonly Party[],
  receiver: ChaosReceiver,
  ledger: LedgerReader,
): Promise<string[]> {
  for (const { external } of parties) {
    external.calmDown();
    external.settleOpen();
  }
  receiver.calmDown();
  await Promise.all(parties.map(({ callers }) => callers.askAgain()));
  return [...(await untilSettled(parties, ledger)), ...(await audit(parties, receiver, ledger))];
}

async function untilSettled(parties: readonly Party[], ledger: LedgerReader): Promise<string[]> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    for (const { external } of parties) external.settleOpen();
    // PostgreSQL's counts come as text.
    const [row] = await ledger.query<{ open: number | string; waiting: number | string }>(
      `select (select count(*) from payments where state in ('CREATED', 'PENDING', 'UNKNOWN')) as open,
              (select count(*) from notifications where state in ('PENDING', 'LEASED', 'RETRY')) as waiting`,
    );
    if (Number(row!.open) + Number(row!.waiting) === 0) return [];
    if (Date.now() > deadline)
      return [`${row!.open} payments and ${row!.waiting} notifications are still open`];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function audit(
  parties: readonly Party[],
  receiver: ChaosReceiver,
  ledger: LedgerReader,
): Promise<string[]> {
  // An order that the hostile external declines is tried again, as another payment.
  const problems = receiver.problems.filter((problem) => !problem.startsWith('hostile-'));
  const rows = await ledger.query<{ external: string; payment_id: string | null; state: string }>(
    'select external, payment_id, state from payments',
  );
  for (const { name, external, callers } of parties) {
    for (const [key, count] of external.executions)
      if (count > 1) problems.push(`${name} executed ${key} ${count} times`);
    const states = new Map(
      rows.filter((row) => row.external === name).map((row) => [row.payment_id, row.state]),
    );
    for (const { paymentId, shopTransactionId, status } of external.payments.values()) {
      const state = states.get(paymentId);
      if (state !== status) problems.push(`${name} ${shopTransactionId}: ${status}, the ledger has ${state}`);
    }
    const executed = new Set(
      [...external.payments.values()].map(({ shopTransactionId }) => shopTransactionId),
    );
    problems.push(...callers.contradictions(executed));
  }
  return problems;
}
