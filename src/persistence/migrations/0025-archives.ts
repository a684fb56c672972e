import type { Kysely } from 'kysely';

/**
 * The files that `tollgate export` has written, and the totals of each archived day, which say what may be deleted (SPEC
 * §10). Additive: a replica of the release before does not know the tables.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('archives')
    .addColumn('sequence', 'integer', (column) => column.primaryKey())
    .addColumn('day', 'integer', (column) => column.notNull())
    .addColumn('file', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('snapshot_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('archives_day').on('archives').columns(['day', 'sequence']).execute();
  await db.schema
    .createTable('archive_totals')
    .addColumn('day', 'integer', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('external', 'text', (column) => column.notNull())
    .addColumn('currency', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('items', 'bigint', (column) => column.notNull())
    .addColumn('amount_minor', 'bigint', (column) => column.notNull())
    .addColumn('deleted_items', 'bigint', (column) => column.notNull())
    .addColumn('deleted_amount_minor', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('archive_totals_key', ['day', 'subject', 'external', 'currency', 'state'])
    .execute();
}
