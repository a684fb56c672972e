import { sql } from 'kysely';
import type { LedgerReader } from '../../../src/persistence/ledger-reader.js';
import type { Trx } from '../../../src/persistence/store.js';
import { DAY_MS } from '../../../src/retention/archive.table.js';
import type { DayTotals } from '../../../src/retention/day-totals.js';
import { identifierFloor } from '../../../src/shared/identifier.js';

/** Payments that are read at once: a few milliseconds for the database. */
const PAGE = 500;

/** The members of a payment in the archive, by their columns. No texts of the external: an erasure cannot reach a file. */
const PAYMENT = sql`id, external, caller, origin, payment_id as "paymentId",
  coalesce(shop_transaction_id_sent, shop_transaction_id) as "shopTransactionId",
  subscription_token as "subscriptionToken", amount_minor as "amount", currency, state,
  refunded_minor as "refundedAmount", version, created_at as "createdAt", updated_at as "updatedAt",
  canceled_at as "canceledAt"`;
const REFUND = sql`refunds.id, payment_ref as "payment", refunds.caller, refunds.origin, refund_id as "refundId",
  external_refund_id as "externalRefundId", refunds.amount_minor as "amount", refunds.currency, refunds.state,
  refunds.created_at as "createdAt", refunds.updated_at as "updatedAt"`;
/** The cause of an operator's event has the reason in it. */
const EVENT = sql`id, payment_ref as "payment", refund_ref as "refund", at, source, before, after,
  case when source = 'operator' then null else cause end as cause`;

export interface ArchivedPayment {
  readonly id: string;
  readonly external: string;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly state: string;
}

interface Part {
  readonly payment: string;
  readonly amount: number;
  readonly currency: string;
  readonly state: string;
}

/** Yields the lines of the payments of `day`, and adds them to `totals`. */
export async function* paymentLines(
  ledger: LedgerReader,
  day: number,
  totals: DayTotals,
): AsyncGenerator<string> {
  const end = identifierFloor('pay', (day + 1) * DAY_MS);
  for (let after = identifierFloor('pay', day * DAY_MS); ;) {
    const { payments, refunds, events } = await ledger.read((db) => page(db, after, end));
    for (const payment of payments) {
      const own = { refunds: refunds.get(payment.id) ?? [], events: events.get(payment.id) ?? [] };
      addTotals(totals, payment, own.refunds);
      yield `${JSON.stringify({ payment, ...own })}\n`;
    }
    if (payments.length < PAGE) return;
    after = payments.at(-1)!.id;
  }
}

/** The sums of a line, when it is written and when it is verified. */
export function addTotals(
  totals: DayTotals,
  { external, amount, currency, state }: ArchivedPayment,
  refunds: readonly Omit<Part, 'payment'>[],
): void {
  totals.add({
    subject: 'payment',
    external,
    currency: currency ?? '',
    state,
    items: 1,
    amount_minor: amount ?? 0,
  });
  for (const refund of refunds)
    totals.add({
      subject: 'refund',
      external,
      currency: refund.currency,
      state: refund.state,
      items: 1,
      amount_minor: refund.amount,
    });
}

async function page(db: Trx, after: string, end: string) {
  const { rows: payments } = await sql<ArchivedPayment>`
    select ${PAYMENT} from payments where id > ${after} and id < ${end} order by id limit ${PAGE}`.execute(
    db,
  );
  const ids = sql.join(payments.length === 0 ? [''] : payments.map(({ id }) => id));
  // By the index of refunds, which begins with the external's id of the payment.
  const { rows: refunds } = await sql<Part>`
    select ${REFUND} from payments as paid join refunds on refunds.external = paid.external
      and refunds.payment_id = paid.payment_id and refunds.payment_ref = paid.id
    where paid.id in (${ids}) order by refunds.id`.execute(db);
  const { rows: events } = await sql<{ payment: string }>`
    select ${EVENT} from ledger_events where payment_ref in (${ids}) order by id`.execute(db);
  return {
    payments,
    refunds: Map.groupBy(refunds, ({ payment }) => payment),
    events: Map.groupBy(events, ({ payment }) => payment),
  };
}
