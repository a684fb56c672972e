import type { Kysely } from 'kysely';

/**
 * The payments and refunds of each hour, counted by a worker (SPEC §9). Additive: a replica of the release before does
 * not know the table.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('hourly_totals')
    .addColumn('hour', 'integer', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('currency', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('items', 'bigint', (column) => column.notNull())
    .addColumn('amount_minor', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('hourly_totals_key', ['hour', 'subject', 'currency', 'state'])
    .execute();
}
