import { Kysely, PostgresAdapter, PostgresDialect, sql } from 'kysely';
import { migrateToLatest } from '../migrations/migrate.js';
import { UnusableDatabase } from '../store.js';
import type { PostgresAccess } from './postgres.access.js';
import { isAbortedTransaction } from './postgres-errors.js';
import { openMigrationPool } from './postgres.pool.js';

/**
 * Migrates `schema`, or the first of the search path, on a connection of its own. Returns the schema and the
 * migrations that were applied now.
 * @throws {DatabaseTooNew}
 */
export async function migratePostgres(
  access: PostgresAccess,
  configured: string | undefined,
): Promise<{ schema: string; migrations: string[] }> {
  let newest: unknown;
  let cause: unknown;
  const db = new Kysely<unknown>({
    dialect: new MigrationDialect({ pool: openMigrationPool(access) }),
    log: (event) => {
      if (event.level !== 'error') return;
      if (isAbortedTransaction(event.error)) cause ??= newest;
      else newest = event.error;
    },
  });
  try {
    const schema = configured ?? (await currentSchema(db));
    return { schema, migrations: await migrateToLatest(db, { schema }) };
  } catch (error) {
    // Kysely goes on after some errors, in a transaction that only refuses everything after the first.
    throw isAbortedTransaction(error) ? cause : error;
  } finally {
    await db.destroy();
  }
}

/**
 * Without Kysely's lock, which belongs to a session: a pooler in transaction mode gives the session of one replica to
 * another, so that both migrate, or unlocks another session than it locked, so that later starts wait for an hour.
 * `migrateToLatest` holds the same lock for its transaction.
 */
class MigrationDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new UnlockedAdapter();
  }
}

class UnlockedAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

async function currentSchema(db: Kysely<unknown>): Promise<string> {
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(db);
  const name = rows[0]?.name;
  if (!name) {
    throw new UnusableDatabase(
      'the PostgreSQL search_path names no schema that exists: create it, or set DATABASE_SCHEMA',
    );
  }
  return name;
}
