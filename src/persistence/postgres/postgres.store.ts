import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Pool } from 'pg';
import type { DatabaseSchema } from '../database.js';
import { KyselyTransactions } from '../kysely-transactions.js';
import { migrateToLatest } from '../migrations/migrate.js';
import { Store, type Trx, type WakeChannel } from '../store.js';
import { isRetryable, isUniqueViolation, notCommitted } from './postgres-errors.js';
import { PostgresConnection } from './postgres.connection.js';
import { connectionConfig, openMigrationPool, openPool, type PostgresConfig } from './postgres.pool.js';
import { PostgresWakeHints } from './wake-hints.js';

/** Of a transaction with a deadlock, a serialisation failure, or a unique value taken at the same moment. */
const ATTEMPTS = 3;
/** Retried at once, the same two transactions may conflict again. */
const MAX_PAUSE_MS = 20;

/** The {@link Store} on PostgreSQL, shared by any number of replicas. Isolation is read committed. */
export class PostgresStore extends Store {
  readonly dialect = 'postgres';
  readonly kysely: Kysely<DatabaseSchema>;
  readonly #pool: Pool;
  readonly #transactions: KyselyTransactions;
  readonly #hints: PostgresWakeHints;

  /**
   * Connects and migrates; `migrations` are those that were applied now.
   * @throws {StorageUnavailable} if the server cannot be reached.
   * @throws {DatabaseTooNew}
   */
  static async open(config: PostgresConfig): Promise<{ store: PostgresStore; migrations: string[] }> {
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: openMigrationPool(config) }) });
    try {
      await reach(db);
      const schema = config.schema ?? (await currentSchema(db));
      const migrations = await migrateToLatest(db, { schema });
      return { store: new PostgresStore(config, schema), migrations };
    } finally {
      await db.destroy();
    }
  }

  private constructor(config: PostgresConfig, schema: string) {
    super();
    this.#pool = openPool(config);
    const dialect = new PostgresDialect({ pool: this.#pool });
    this.kysely = new Kysely({ dialect });
    this.#transactions = new KyselyTransactions(dialect);
    this.#hints = new PostgresWakeHints(connectionConfig(config), schema, (channel, payload) =>
      this.#pool.query('select pg_notify($1, $2)', [channel, payload]),
    );
  }

  protected override async commit<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#withConnection((connection) => this.#inTransaction(connection, work));
      } catch (error) {
        const lastAttempt = attempt === ATTEMPTS;
        if (isUniqueViolation(error) && !lastAttempt) {
          continue;
        }
        if (!isRetryable(error)) {
          throw error;
        }
        if (lastAttempt) {
          throw notCommitted(error);
        }
      }
      await sleep(Math.random() * MAX_PAUSE_MS * attempt);
    }
  }

  /** Without BEGIN, each query is a transaction of its own and sees what was committed before it began. */
  protected override query<T>(work: (db: Trx) => Promise<T>): Promise<T> {
    return this.#withConnection((connection) => work(this.#transactions.on(connection)));
  }

  protected override probe(): Promise<unknown> {
    return this.read((db) => sql`select 1`.execute(db));
  }

  notify(channel: WakeChannel): void {
    this.#hints.notify(channel);
  }

  listen(channel: WakeChannel, wake: () => void): void {
    this.#hints.listen(channel, wake);
  }

  protected override async release(): Promise<void> {
    await this.#hints.close();
    await this.#pool.end();
  }

  async #withConnection<T>(use: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    const connection = await PostgresConnection.from(this.#pool);
    try {
      return await use(connection);
    } finally {
      connection.release();
    }
  }

  async #inTransaction<T>(connection: PostgresConnection, work: (trx: Trx) => Promise<T>): Promise<T> {
    connection.begin();
    let result: T;
    try {
      result = await work(this.#transactions.on(connection));
    } catch (error) {
      await connection.rollback();
      throw error;
    }
    const startedAt = performance.now();
    await connection.commit();
    this.onCommit?.(performance.now() - startedAt, 1);
    return result;
  }
}

async function reach(db: Kysely<unknown>): Promise<void> {
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    throw notCommitted(error);
  }
}

async function currentSchema(db: Kysely<unknown>): Promise<string> {
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(db);
  const name = rows[0]?.name;
  if (!name) {
    throw new Error(
      'the PostgreSQL search_path names no schema that exists: create it, or set DATABASE_SCHEMA',
    );
  }
  return name;
}
