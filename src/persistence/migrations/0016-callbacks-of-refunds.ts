import type { Kysely } from 'kysely';

/** Callbacks that name a refund (SPEC §1). Additive: those of a replica of the release before name none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('callbacks').addColumn('refund_id', 'text').execute();
}
