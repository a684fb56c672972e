import type { DatabaseConfig } from '../config/config.js';
import { SqliteStore } from './sqlite/sqlite.store.js';
import type { Store } from './store.js';

/**
 * Opens the database that `config` names and brings it up to date. `migrated` is told which migrations that took.
 * @throws {StorageUnavailable} where it cannot be reached, {DatabaseInUse}, {DatabaseTooNew}
 */
export async function openStore(
  config: DatabaseConfig,
  migrated: (migrations: readonly string[]) => void = () => {},
): Promise<Store> {
  const { store, migrations } =
    config.kind === 'sqlite' ? await SqliteStore.open(config.path) : await openPostgres(config);
  migrated(migrations);
  return store;
}

/** Its client is loaded where it is needed: a start on SQLite is quicker without. */
async function openPostgres(config: Extract<DatabaseConfig, { kind: 'postgres' }>) {
  const { PostgresStore } = await import('./postgres/postgres.store.js');
  return PostgresStore.open(config);
}
