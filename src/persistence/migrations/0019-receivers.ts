import { type Kysely, sql } from 'kysely';

/**
 * The outbox knows receivers and subjects (SPEC §5). Additive: a replica of the release before queues notifications
 * about payments for `payment-callback`, the only receiver that it knows, and delivers them. Further receivers are
 * configured once no such replica runs (docs/operating.md): it would deliver theirs to its own.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumn(db, 'notifications', 'receiver', 'text', sql`'payment-callback'`);
  await addColumn(db, 'notifications', 'event', 'text', sql`'payment'`);
  await addColumn(db, 'refunds', 'version', 'integer', sql`0`);
  await addColumn(db, 'subscriptions', 'version', 'integer', sql`0`);
  // Due notifications of one receiver; includes created_at for the age of the oldest. `notifications_waiting` stays for
  // replicas of the release before.
  await db.schema
    .createIndex('notifications_receiver_waiting')
    .on('notifications')
    .columns(['receiver', 'next_attempt_at', 'created_at'])
    .where('next_attempt_at', 'is not', null)
    .execute();
  // Each receiver has a newest one of each subject.
  await db.schema
    .createIndex('notifications_receiver_newest')
    .unique()
    .on('notifications')
    .columns(['payment_ref', 'receiver'])
    .where(sql.ref('newest'), '=', sql.lit(1))
    .execute();
  await db.schema.dropIndex('notifications_newest').execute();
}

async function addColumn(
  db: Kysely<unknown>,
  table: string,
  column: string,
  type: 'text' | 'integer',
  value: ReturnType<typeof sql>,
): Promise<void> {
  await db.schema
    .alterTable(table)
    .addColumn(column, type, (c) => c.notNull().defaultTo(value))
    .execute();
}
