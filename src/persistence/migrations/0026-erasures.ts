import type { Kysely } from 'kysely';

/** What operators have erased (SPEC §10). Additive: a replica of the release before does not know the table. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('erasures')
    .addColumn('subject_ref', 'text', (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute();
  // An erasure finds the operations of a subscription; the index holds those alone.
  await db.schema
    .createIndex('operations_subscription')
    .on('operations')
    .column('subscription_ref')
    .where('subscription_ref', 'is not', null)
    .execute();
}
