import { type Kysely, sql } from 'kysely';

/** The outbox, its attempts and replays. Times are epoch milliseconds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await notifications(db);
  await attempts(db);
  await replays(db);
}

async function notifications(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notifications')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('payment_ref', 'text', (c) => c.notNull())
    .addColumn('external', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('newest', 'integer', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('lease_token', 'text')
    .addColumn('lease_until', 'bigint')
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('traceparent', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('delivered_at', 'bigint')
    .execute();
  // Due notifications; includes created_at for the age of the oldest.
  await db.schema
    .createIndex('notifications_waiting')
    .on('notifications')
    .columns(['next_attempt_at', 'created_at'])
    .where('next_attempt_at', 'is not', null)
    .execute();
  await db.schema
    .createIndex('notifications_leased')
    .on('notifications')
    .column('lease_until')
    .where('lease_until', 'is not', null)
    .execute();
  await db.schema
    .createIndex('notifications_newest')
    .unique()
    .on('notifications')
    .column('payment_ref')
    .where(sql.ref('newest'), '=', sql.lit(1))
    .execute();
  await db.schema.createIndex('notifications_payment').on('notifications').column('payment_ref').execute();
  await db.schema
    .createIndex('notifications_dead')
    .on('notifications')
    .column('id')
    .where(sql.ref('state'), '=', sql.lit('DEAD'))
    .execute();
}

async function attempts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notification_attempts')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('notification_ref', 'text', (c) => c.notNull())
    .addColumn('attempt', 'integer', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('status_code', 'integer')
    .addColumn('duration_ms', 'integer')
    .addColumn('error', 'text')
    .addColumn('answer', 'text')
    .execute();
  await db.schema
    .createIndex('notification_attempts_notification')
    .on('notification_attempts')
    .column('notification_ref')
    .execute();
}

async function replays(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notification_replays')
    .addColumn('notification_ref', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('requested_by', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('notification_replays_notification')
    .on('notification_replays')
    .column('notification_ref')
    .execute();
}
