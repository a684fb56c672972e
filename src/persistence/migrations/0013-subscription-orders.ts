import type { Kysely } from 'kysely';

/**
 * As `payments`: `shop_transaction_id` is the form in which orders are compared, and the text as sent stands here where
 * it differs. Additive: rows from before have the text as sent, which a search finds too.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('subscriptions').addColumn('shop_transaction_id_sent', 'text').execute();
}
