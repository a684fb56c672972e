import { type Kysely, sql } from 'kysely';

/**
 * Fingerprints are deleted when the key of their operation expires (SPEC §6), those of operations without a caller's key
 * too. The index takes the place of the one over held keys: each operation with a held key has a fingerprint.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('operations_expiring_fingerprint')
    .on('operations')
    .column('expires_at')
    .where(sql.ref('fingerprint'), '<>', sql.lit(''))
    .execute();
  await db.schema.dropIndex('operations_expiring').execute();
}
