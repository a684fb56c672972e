import { type Kysely, sql } from 'kysely';

/**
 * The status queries that were sent to externals about payments and refunds (SPEC §4). Additive: a replica of the
 * release before does not know the table.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('status_queries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('subject_ref', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('cause', 'text')
    .addColumn('result', 'text', (column) => column.notNull())
    .addColumn('detail', 'text')
    .addColumn('first_at', 'bigint', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('times', 'integer', (column) => column.notNull())
    .execute();
  await sql`create index status_queries_subject on status_queries (subject_ref, id)`.execute(db);
}
