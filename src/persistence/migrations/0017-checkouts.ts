import type { Kysely } from 'kysely';

/**
 * Where the payer was sent, for the caller that tries the same order again, and when a payment was cancelled (SPEC §3,
 * §4).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('payments').addColumn('checkout', 'text').execute();
  await db.schema.alterTable('payments').addColumn('canceled_at', 'bigint').execute();
}
