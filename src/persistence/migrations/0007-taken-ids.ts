import { type Kysely, sql } from 'kysely';

/**
 * Ids that an external gave to two orders, and acceptances that no duplicate guard could refuse (SPEC §4). The indexes
 * are partial: they hold the rare rows that need an operator.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('payments').addColumn('claimed_payment_id', 'text').execute();
  await db.schema
    .alterTable('payments')
    .addColumn('unguarded_acceptance', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('subscriptions').addColumn('claimed_token', 'text').execute();
  await db.schema
    .createIndex('payments_claimed_payment_id')
    .on('payments')
    .column('id')
    .where(sql.ref('claimed_payment_id'), 'is not', null)
    .execute();
  await db.schema
    .createIndex('payments_unguarded_acceptance')
    .on('payments')
    .column('id')
    .where(sql.ref('unguarded_acceptance'), '=', sql.lit(1))
    .execute();
  await db.schema
    .createIndex('subscriptions_claimed_token')
    .on('subscriptions')
    .column('id')
    .where(sql.ref('claimed_token'), 'is not', null)
    .execute();
}
