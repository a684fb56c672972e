import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresDialect } from 'kysely';
import type { DatabaseConfig } from '../config/config.js';
import type { DatabaseSchema } from './database.js';
import { NodeSqliteDialect } from './sqlite/node-sqlite.dialect.js';
import { SqliteConnection } from './sqlite/sqlite.connection.js';
import type { Trx } from './store.js';

/** A gateway beside holds the lock for milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/** Runs one short, durable transaction beside the gateways that write the ledger: for commands. It must be migrated. */
export async function writeLedger<T>(config: DatabaseConfig, work: (trx: Trx) => Promise<T>): Promise<T> {
  if (config.kind === 'sqlite') return writeSqlite(config.path, work);
  // Loaded only when needed, as by the gateway.
  const [{ findAccess }, { openPool, transactional }] = await Promise.all([
    import('./postgres/postgres.access.js'),
    import('./postgres/postgres.pool.js'),
  ]);
  const access = await findAccess(config);
  const pool = openPool(access, 1);
  try {
    const dialect = new PostgresDialect({ pool: transactional(pool, access) });
    return await new Kysely<DatabaseSchema>({ dialect }).transaction().execute(work);
  } finally {
    await pool.end();
  }
}

async function writeSqlite<T>(path: string, work: (trx: Trx) => Promise<T>): Promise<T> {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  // The gateway alone makes checkpoints.
  database.exec('pragma wal_autocheckpoint = 0; pragma synchronous = full');
  const connection = new SqliteConnection(database);
  try {
    const dialect = new NodeSqliteDialect(connection);
    return await new Kysely<DatabaseSchema>({ dialect }).transaction().execute(work);
  } finally {
    connection.close();
  }
}
