import type { DatabaseConfig } from '../config/config.js';
import { SqliteStore } from './sqlite/sqlite.store.js';
import type { StorageUnavailable, Store } from './store.js';

/**
 * Opens and migrates the database of `config`. Calls `migrated` with the migrations that were applied, and `waiting`
 * once if it must wait for a server.
 * @throws {StorageUnavailable} if it cannot be reached, {DatabaseInUse}, {DatabaseTooNew},
 *   {LedgerDamaged}
 */
export async function openStore(
  config: DatabaseConfig,
  migrated: (migrations: readonly string[]) => void = () => {},
  waiting: (error: StorageUnavailable, waitMs: number) => void = () => {},
): Promise<Store> {
  const { store, migrations } =
    config.kind === 'sqlite'
      ? await SqliteStore.open(config.path, config.logLimitBytes)
      : await openPostgres(config, waiting);
  migrated(migrations);
  return store;
}

/** The client is loaded only when needed: a start on SQLite is faster without. */
async function openPostgres(
  config: Extract<DatabaseConfig, { kind: 'postgres' }>,
  waiting: (error: StorageUnavailable, waitMs: number) => void,
) {
  const { PostgresStore } = await import('./postgres/postgres.store.js');
  return PostgresStore.open(config, waiting);
}
