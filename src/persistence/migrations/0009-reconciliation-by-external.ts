import { type Kysely, sql } from 'kysely';

/** Reconciliation asks a few rows of each external, whatever waits for the others: it finds each one's first by this. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['payments', 'subscriptions']) {
    await db.schema
      .createIndex(`${table}_external_next_ask`)
      .on(table)
      .columns(['external', 'next_ask_at'])
      .where(sql.ref('next_ask_at'), 'is not', null)
      .execute();
  }
}
