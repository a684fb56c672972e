import { resolve } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { DatabaseConfig } from '../config/config.js';
import type { DatabaseSchema } from './database.js';
import { migrations } from './migrations/migrations.js';
import { NodeSqliteDialect } from './sqlite/node-sqlite.dialect.js';
import { openReadOnly } from './sqlite/sqlite-file.js';
import { type Trx, UnusableDatabase } from './store.js';

/** Reads a ledger beside the gateways that write it, and changes nothing: for commands, which must not migrate or lock it. */
export interface LedgerReader {
  /** `db` takes the place of `trx` in the repository methods that read. Each query sees the last commit. */
  read<T>(work: (db: Trx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * @throws {UnusableDatabase} if there is no ledger, or one of an older release
 * @throws an error of the driver if it cannot be reached
 */
export async function openLedgerReader(config: DatabaseConfig): Promise<LedgerReader> {
  const reader = config.kind === 'sqlite' ? readSqlite(config.path) : await readPostgres(config);
  try {
    await assertMigrated(reader);
    return reader;
  } catch (error) {
    await reader.close();
    throw error;
  }
}

function readSqlite(path: string): LedgerReader {
  if (path === ':memory:')
    throw new UnusableDatabase('DATABASE_URL is sqlite::memory:, which only its own process can read');
  let connection: ReturnType<typeof openReadOnly>;
  try {
    connection = openReadOnly(path);
  } catch (error) {
    throw new UnusableDatabase(`the ledger ${resolve(path)} cannot be read (${(error as Error).message})`, {
      cause: error,
    });
  }
  const db = new Kysely<DatabaseSchema>({ dialect: new NodeSqliteDialect(connection) }) as Trx;
  return { read: (work) => work(db), close: async () => connection.close() };
}

/** The client is loaded only when needed, as by the gateway. */
async function readPostgres(config: Extract<DatabaseConfig, { kind: 'postgres' }>): Promise<LedgerReader> {
  const [{ findAccess }, { openPool, transactional }] = await Promise.all([
    import('./postgres/postgres.access.js'),
    import('./postgres/postgres.pool.js'),
  ]);
  const access = await findAccess(config);
  const pool = openPool(access, 1);
  const db = new Kysely<DatabaseSchema>({
    dialect: new PostgresDialect({ pool: transactional(pool, access) }),
  }) as Trx;
  return { read: (work) => work(db), close: () => pool.end() };
}

async function assertMigrated(reader: LedgerReader): Promise<void> {
  let applied: ReadonlySet<string>;
  try {
    const { rows } = await reader.read((db) =>
      sql<{
        name: string;
      }>`select name from kysely_migration union all select name from tollgate_migration`.execute(db),
    );
    applied = new Set(rows.map(({ name }) => name));
  } catch (error) {
    throw new UnusableDatabase('the database has no ledger of this release: run `tollgate migrate` first', {
      cause: error,
    });
  }
  const missing = Object.keys(migrations).filter((name) => !applied.has(name));
  if (missing.length > 0)
    throw new UnusableDatabase(
      `the ledger lacks the migrations ${missing.join(', ')}: run \`tollgate migrate\` first`,
    );
}
