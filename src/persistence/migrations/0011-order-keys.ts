import type { Kysely } from 'kysely';

/**
 * `shop_transaction_id` is the form in which orders are compared from now on; the text as sent stands here where it
 * differs. Additive: rows of the first release are brought to that form after the start, in batches.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('payments').addColumn('shop_transaction_id_sent', 'text').execute();
}
