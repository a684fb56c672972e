/** `npm run migrate`: only migrates the database, as one step before several replicas start. */
import { ConfigError } from '../config/config-error.js';
import { loadConfig } from '../config/load-config.js';
import { DatabaseTooNew } from './migrations/migrate.js';
import { openStore } from './open-store.js';
import { DatabaseInUse, LedgerDamaged } from './sqlite/sqlite-file.js';
import { StorageUnavailable, UnusableDatabase } from './store.js';

const EXPECTED = [
  ConfigError,
  DatabaseTooNew,
  DatabaseInUse,
  LedgerDamaged,
  StorageUnavailable,
  UnusableDatabase,
];

try {
  const store = await openStore(
    loadConfig().database,
    (migrations) =>
      console.log(migrations.length > 0 ? `applied ${migrations.join(', ')}` : 'the database is up to date'),
    (error, waitMs) => console.error(`waiting up to ${waitMs / 1_000} s for the database: ${error.message}`),
  );
  await store.close();
} catch (error) {
  const expected = EXPECTED.some((type) => error instanceof type);
  console.error(expected ? (error as Error).message : error);
  process.exitCode = 1;
}
