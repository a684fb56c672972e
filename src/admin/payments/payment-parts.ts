import { type Selectable, sql } from 'kysely';
import { callbackKey, type CallbackRow } from '../../callbacks/callback.table.js';
import type {
  NotificationAttemptTable,
  NotificationReplayTable,
  NotificationRow,
} from '../../notifications/notification.table.js';
import type { LedgerEventRow } from '../../operations/ledger-event.table.js';
import type { OperationRow } from '../../operations/operation.table.js';
import type { StatusQueryRow } from '../../operations/status-query.table.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import type { DatabaseSchema } from '../../persistence/database.js';
import type { Trx } from '../../persistence/store.js';
import type { RefundRow } from '../../refunds/refund.table.js';

/** A payment and everything about it: the newest rows of each kind, oldest first. */
export interface PaymentParts {
  readonly payment: PaymentRow;
  readonly refunds: readonly RefundRow[];
  readonly operations: readonly OperationRow[];
  readonly events: readonly LedgerEventRow[];
  readonly callbacks: readonly CallbackRow[];
  readonly notifications: readonly NotificationRow[];
  readonly attempts: readonly Selectable<NotificationAttemptTable>[];
  readonly replays: readonly Selectable<NotificationReplayTable>[];
  /** Status queries about the payment and its refunds. */
  readonly queries: readonly StatusQueryRow[];
  /** The kinds with more rows than shown. */
  readonly truncated: readonly string[];
}

/** A usual payment has far fewer. One whose caller checks it every second may reach the limit. */
const MAX_ROWS = 500;

/** Reads the payment with the gateway's own `id`; undefined if there is none. */
export async function readPaymentParts(db: Trx, id: string): Promise<PaymentParts | undefined> {
  const payment = await db.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
  if (!payment) return undefined;
  const truncated: string[] = [];
  /** The newest rows that match one of `conditions`, oldest first. */
  const part = async <T extends PartTable>(kind: string, table: T, ...conditions: Condition[]) => {
    const found: Selectable<DatabaseSchema[T]>[] = [];
    for (const condition of conditions) found.push(...(await newestRows(db, table, condition)));
    const newestFirst = conditions.length === 1 ? found : found.toSorted(byIdDescending);
    if (newestFirst.length > MAX_ROWS) truncated.push(kind);
    return newestFirst.slice(0, MAX_ROWS).toReversed();
  };
  const { external, payment_id } = payment;
  // By the external's id: a refund may be older than what the gateway knows of its payment.
  const ofPaymentId: Condition = { external, payment_id: payment_id ?? [] };
  const refunds = await part('refunds', 'refunds', ofPaymentId);
  const refund_ref = refunds.map((refund) => refund.id);
  const refundKeys = refunds
    .flatMap((refund) => [
      refund.id,
      ...(refund.external_refund_id === null ? [] : [refund.external_refund_id]),
    ])
    .map((refundId) => callbackKey({ refundId }));
  const notifications = await part(
    'notifications',
    'notifications',
    { payment_ref: id },
    { payment_ref: refund_ref },
  );
  const notification_ref = notifications.map((notification) => notification.id);
  return {
    payment,
    refunds,
    operations: await part('operations', 'operations', { payment_ref: id }, { refund_ref }),
    // A refund that the gateway recorded before it knew the payment has events without the payment.
    events: await part('events', 'ledger_events', { payment_ref: id }, { refund_ref, payment_ref: null }),
    callbacks: await part('callbacks', 'callbacks', ofPaymentId, { external, payment_id: refundKeys }),
    notifications,
    attempts: await part('attempts', 'notification_attempts', { notification_ref }),
    replays: await part('replays', 'notification_replays', { notification_ref }),
    queries: await part('queries', 'status_queries', { subject_ref: [id, ...refund_ref] }),
    truncated,
  };
}

type PartTable =
  | 'refunds'
  | 'operations'
  | 'ledger_events'
  | 'callbacks'
  | 'notifications'
  | 'notification_attempts'
  | 'notification_replays'
  | 'status_queries';
/** The value of each column, or its possible values. */
type Condition = Readonly<Record<string, string | readonly string[] | null>>;

async function newestRows<T extends PartTable>(
  db: Trx,
  table: T,
  condition: Condition,
): Promise<Selectable<DatabaseSchema[T]>[]> {
  const wanted = Object.entries(condition);
  if (wanted.some(([, value]) => Array.isArray(value) && value.length === 0)) return [];
  const where = wanted.map(([column, value]) => {
    if (value === null) return sql`${sql.ref(column)} is null`;
    if (typeof value === 'string') return sql`${sql.ref(column)} = ${value}`;
    return sql`${sql.ref(column)} in (${sql.join(value)})`;
  });
  const { rows } = await sql<Selectable<DatabaseSchema[T]>>`
    select * from ${sql.table(table)} where ${sql.join(where, sql` and `)}
    order by ${sql.ref(table === 'notification_replays' ? 'at' : 'id')} desc limit ${MAX_ROWS + 1}`.execute(
    db,
  );
  return rows;
}

function byIdDescending(a: object, b: object): number {
  return (a as { id: string }).id < (b as { id: string }).id ? 1 : -1;
}
