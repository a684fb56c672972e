import { type Kysely, sql } from 'kysely';

/**
 * Operations without an `Idempotency-Key` that refuse an identical one (SPEC §3, `repeated-without-key`). Rows leave the
 * index when they stop doing so, which keeps it small.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('operations')
    .addColumn('repeat_held', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createIndex('operations_held_repeat')
    .unique()
    .on('operations')
    .columns(['fingerprint', 'operation', 'caller', 'external'])
    .where(sql.ref('repeat_held'), '=', sql.lit(1))
    .execute();
}
