import { type Kysely, sql } from 'kysely';

/**
 * Distinguishes two signed messages with one `webhook-id`, and finds what bounds and ends the callbacks of strangers. The
 * index over payments holds rare rows only: most payments get their `payment_id` when they leave CREATED.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('taken_callbacks').addColumn('digest', 'text').execute();
  await db.schema
    .createIndex('callbacks_unverified')
    .on('callbacks')
    .column('external')
    .where(sql.ref('state'), '<>', sql.lit('VERIFIED'))
    .execute();
  await sql`create index payments_unnamed on payments (external, created_at)
    where payment_id is null and state in ('PENDING', 'UNKNOWN')`.execute(db);
}
