import type { DatabaseConfig } from '../config/config.js';
import { PostgresStore } from './postgres/postgres.store.js';
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
    config.kind === 'sqlite' ? await SqliteStore.open(config.path) : await PostgresStore.open(config);
  migrated(migrations);
  return store;
}
