import { type Kysely, type RawBuilder, sql } from 'kysely';

/**
 * What the operators' lists are served by (SPEC §8), as few as will do: every index on payments costs every payment.
 * Ids are ordered by time, so lists by time need none. Of the rest only `payments_external_state` is paid for by each
 * payment, and that once, when it leaves CREATED; the other partial ones hold rare rows.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await payments(db);
  await refundsAndSubscriptions(db);
  await operationsAndEvents(db);
  await messages(db);
}

async function payments(db: Kysely<unknown>): Promise<void> {
  await index(
    db,
    'payments_external_state',
    'payments',
    ['external', 'state', 'id'],
    sql`state <> 'CREATED'`,
  );
  await index(
    db,
    'payments_subscription_token',
    'payments',
    ['subscription_token'],
    sql`subscription_token is not null`,
  );
  await index(db, 'payments_parked', 'payments', ['state', 'id'], sql`parked_at is not null`);
  // Counted at each scrape of the metrics.
  await index(db, 'payments_unknown', 'payments', ['external'], sql`state = 'UNKNOWN'`);
}

async function refundsAndSubscriptions(db: Kysely<unknown>): Promise<void> {
  await index(db, 'refunds_open', 'refunds', ['state', 'id'], sql`state in ('PENDING', 'UNKNOWN')`);
  await index(db, 'subscriptions_external_state', 'subscriptions', ['external', 'state', 'id']);
  await index(db, 'subscriptions_shop_transaction_id', 'subscriptions', ['shop_transaction_id']);
  await index(db, 'subscriptions_parked', 'subscriptions', ['id'], sql`parked_at is not null`);
}

async function operationsAndEvents(db: Kysely<unknown>): Promise<void> {
  await index(db, 'operations_unknown', 'operations', ['id'], sql`state = 'unknown'`);
  // Those that no payment and no refund stands for.
  await index(
    db,
    'operations_unknown_change',
    'operations',
    ['id'],
    sql`state = 'unknown' and payment_ref is null and refund_ref is null`,
  );
  await index(db, 'operations_refund', 'operations', ['refund_ref'], sql`refund_ref is not null`);
  await index(db, 'ledger_events_refund', 'ledger_events', ['refund_ref'], sql`refund_ref is not null`);
}

async function messages(db: Kysely<unknown>): Promise<void> {
  await index(db, 'callbacks_unconfirmed', 'callbacks', ['id'], sql`state = 'UNCONFIRMED'`);
}

async function index(
  db: Kysely<unknown>,
  name: string,
  table: string,
  columns: readonly string[],
  where?: RawBuilder<unknown>,
): Promise<void> {
  const over = sql.join(columns.map((column) => sql.ref(column)));
  const partial = where ? sql` where ${where}` : sql``;
  await sql`create index ${sql.id(name)} on ${sql.table(table)} (${over})${partial}`.execute(db);
}
