import { type Kysely, sql } from 'kysely';

/** The inbox of callbacks, and what replays of signed ones are known by. Times are epoch milliseconds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await callbacks(db);
  await processedCallbacks(db);
}

async function callbacks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('callbacks')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('external', 'text', (c) => c.notNull())
    .addColumn('payment_id', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('method', 'text', (c) => c.notNull())
    .addColumn('body', 'text')
    .addColumn('received_at', 'bigint', (c) => c.notNull())
    .addColumn('repeats', 'integer', (c) => c.notNull())
    .addColumn('last_received_at', 'bigint', (c) => c.notNull())
    .addColumn('again', 'integer', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('lease_token', 'text')
    .addColumn('lease_until', 'bigint')
    .addColumn('finished_at', 'bigint')
    .addColumn('shop_transaction_id', 'text')
    .addColumn('last_error', 'text')
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('traceparent', 'text')
    .execute();
  // Repeats are merged into the one that is open.
  await db.schema
    .createIndex('callbacks_open')
    .unique()
    .on('callbacks')
    .columns(['external', 'payment_id'])
    .where(sql.ref('finished_at'), 'is', null)
    .execute();
  await db.schema
    .createIndex('callbacks_waiting')
    .on('callbacks')
    .columns(['external', 'next_attempt_at'])
    .where('next_attempt_at', 'is not', null)
    .execute();
  await db.schema
    .createIndex('callbacks_leased')
    .on('callbacks')
    .column('lease_until')
    .where('lease_until', 'is not', null)
    .execute();
  await db.schema
    .createIndex('callbacks_payment')
    .on('callbacks')
    .columns(['payment_id', 'external'])
    .execute();
}

/** For the minutes in which a signature is valid. */
async function processedCallbacks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('taken_callbacks')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('until', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('taken_callbacks_until').on('taken_callbacks').column('until').execute();
}
