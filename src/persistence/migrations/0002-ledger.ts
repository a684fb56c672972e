import { type Kysely, sql } from 'kysely';

/**
 * Operations, payments, refunds, subscriptions and their events. Amounts are minor units, times epoch milliseconds.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await operations(db);
  await payments(db);
  await refunds(db);
  await subscriptions(db);
  await events(db);
}

async function operations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('operations')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('caller', 'text', (c) => c.notNull())
    .addColumn('external', 'text', (c) => c.notNull())
    .addColumn('operation', 'text', (c) => c.notNull())
    .addColumn('idempotency_key', 'text', (c) => c.notNull())
    .addColumn('key_held', 'integer', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('deadline_at', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('finished_at', 'bigint')
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('answer_status', 'integer')
    .addColumn('answer_body', 'text')
    .addColumn('payment_ref', 'text')
    .addColumn('refund_ref', 'text')
    .addColumn('subscription_ref', 'text')
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('traceparent', 'text')
    .execute();
  await db.schema
    .createIndex('operations_held_key')
    .unique()
    .on('operations')
    .columns(['external', 'caller', 'operation', 'idempotency_key'])
    .where(sql.ref('key_held'), '=', sql.lit(1))
    .execute();
  await db.schema
    .createIndex('operations_running')
    .on('operations')
    .column('deadline_at')
    .where(sql.ref('state'), '=', sql.lit('running'))
    .execute();
  await db.schema
    .createIndex('operations_expiring')
    .on('operations')
    .column('expires_at')
    .where(sql.ref('key_held'), '=', sql.lit(1))
    .execute();
  await db.schema
    .createIndex('operations_payment')
    .on('operations')
    .column('payment_ref')
    .where('payment_ref', 'is not', null)
    .execute();
}

async function payments(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('payments')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('external', 'text', (c) => c.notNull())
    .addColumn('caller', 'text')
    .addColumn('origin', 'text', (c) => c.notNull())
    .addColumn('payment_id', 'text')
    .addColumn('shop_transaction_id', 'text')
    .addColumn('subscription_token', 'text')
    .addColumn('amount_minor', 'bigint')
    .addColumn('currency', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('refunded_minor', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('duplicate_guard', 'integer', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('deadline_at', 'bigint', (c) => c.notNull())
    .addColumn('next_ask_at', 'bigint')
    .addColumn('asks', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('never_seen_at', 'bigint')
    .addColumn('parked_at', 'bigint')
    .addColumn('lease_token', 'text')
    .addColumn('lease_until', 'bigint')
    .addColumn('traceparent', 'text')
    .execute();
  await db.schema
    // The external goes last, here and below: a search for a payment need not name its external.
    .createIndex('payments_payment_id')
    .unique()
    .on('payments')
    .columns(['payment_id', 'external'])
    .where('payment_id', 'is not', null)
    .execute();
  await db.schema
    .createIndex('payments_duplicate_guard')
    .unique()
    .on('payments')
    .columns(['external', 'shop_transaction_id'])
    .where(sql.ref('duplicate_guard'), '=', sql.lit(1))
    .execute();
  await db.schema
    .createIndex('payments_shop_transaction_id')
    .on('payments')
    .columns(['shop_transaction_id', 'external'])
    .execute();
  // Reconciliation queries a few rows of each external, independently of the others.
  await db.schema
    .createIndex('payments_next_ask')
    .on('payments')
    .columns(['external', 'next_ask_at'])
    .where('next_ask_at', 'is not', null)
    .execute();
}

async function refunds(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('refunds')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('payment_ref', 'text')
    .addColumn('external', 'text', (c) => c.notNull())
    .addColumn('caller', 'text', (c) => c.notNull())
    .addColumn('payment_id', 'text', (c) => c.notNull())
    .addColumn('amount_minor', 'bigint', (c) => c.notNull())
    .addColumn('currency', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('reserved', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('refunds_payment').on('refunds').columns(['external', 'payment_id']).execute();
}

async function subscriptions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('subscriptions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('external', 'text', (c) => c.notNull())
    .addColumn('caller', 'text', (c) => c.notNull())
    .addColumn('token', 'text')
    .addColumn('shop_transaction_id', 'text', (c) => c.notNull())
    .addColumn('amount_minor', 'bigint', (c) => c.notNull())
    .addColumn('currency', 'text', (c) => c.notNull())
    .addColumn('interval_unit', 'text', (c) => c.notNull())
    .addColumn('interval_count', 'integer', (c) => c.notNull())
    .addColumn('expires_after', 'integer')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('next_ask_at', 'bigint')
    .addColumn('asks', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('parked_at', 'bigint')
    .addColumn('lease_token', 'text')
    .addColumn('lease_until', 'bigint')
    .execute();
  await db.schema
    .createIndex('subscriptions_token')
    .unique()
    .on('subscriptions')
    .columns(['token', 'external'])
    .where('token', 'is not', null)
    .execute();
  await db.schema
    .createIndex('subscriptions_next_ask')
    .on('subscriptions')
    .columns(['external', 'next_ask_at'])
    .where('next_ask_at', 'is not', null)
    .execute();
}

async function events(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_events')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('payment_ref', 'text')
    .addColumn('refund_ref', 'text')
    .addColumn('subscription_ref', 'text')
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('before', 'text', (c) => c.notNull())
    .addColumn('after', 'text', (c) => c.notNull())
    .addColumn('cause', 'text')
    .execute();
  await db.schema
    .createIndex('ledger_events_payment')
    .on('ledger_events')
    .column('payment_ref')
    .where('payment_ref', 'is not', null)
    .execute();
  await db.schema
    .createIndex('ledger_events_subscription')
    .on('ledger_events')
    .column('subscription_ref')
    .where('subscription_ref', 'is not', null)
    .execute();
}
