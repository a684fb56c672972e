import { type Kysely, sql } from 'kysely';

/** Counted at each scrape of the metrics: it holds the few payments only that may or may not have happened. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('payments_unknown')
    .on('payments')
    .column('external')
    .where(sql.ref('state'), '=', sql.lit('UNKNOWN'))
    .execute();
}
