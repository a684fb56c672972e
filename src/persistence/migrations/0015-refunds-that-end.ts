import { type Kysely, sql } from 'kysely';

/**
 * The ids of refunds and their reconciliation (SPEC §1, §4). Additive: a replica of the release
 * before leaves the columns at their defaults. The indexes are partial: they hold the few refunds that wait.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['refund_id', 'external_refund_id', 'reversal', 'lease_token'])
    await db.schema.alterTable('refunds').addColumn(column, 'text').execute();
  for (const column of ['next_ask_at', 'never_seen_at', 'parked_at', 'lease_until'])
    await db.schema.alterTable('refunds').addColumn(column, 'bigint').execute();
  await db.schema
    .alterTable('refunds')
    .addColumn('asks', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('refunds')
    .addColumn('origin', 'text', (c) => c.notNull().defaultTo('call'))
    .execute();
  await db.schema
    .createIndex('refunds_external_refund_id')
    .unique()
    .on('refunds')
    .columns(['external_refund_id', 'external'])
    .where('external_refund_id', 'is not', null)
    .execute();
  await db.schema
    .createIndex('refunds_next_ask')
    .on('refunds')
    .columns(['external', 'next_ask_at'])
    .where('next_ask_at', 'is not', null)
    .execute();
  await db.schema
    .createIndex('refunds_parked')
    .on('refunds')
    .column('id')
    .where(sql.ref('parked_at'), 'is not', null)
    .execute();
  await db.schema
    .createIndex('refunds_reversal')
    .on('refunds')
    .column('id')
    .where(sql.ref('reversal'), 'is not', null)
    .execute();
}
