import type { Kysely } from 'kysely';

/** What replays of signed callbacks are known by, for the minutes that their signatures are valid. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('taken_callbacks')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('until', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('taken_callbacks_until').on('taken_callbacks').column('until').execute();
}
