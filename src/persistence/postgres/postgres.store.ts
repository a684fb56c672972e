import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Pool } from 'pg';
import { withTimeout } from '../with-timeout.js';
import type { DatabaseSchema } from '../database.js';
import { KyselyTransactions } from '../kysely-transactions.js';
import { migrateToLatest } from '../migrations/migrate.js';
import { RunningWork } from '../running-work.js';
import { PING_LIMIT_MS, Store, type Trx, type WakeChannel } from '../store.js';
import { isRetryable, isUniqueViolation, notCommitted } from './postgres-errors.js';
import { PostgresConnection } from './postgres.connection.js';
import { connectionConfig, openMigrationPool, openPool, type PostgresConfig } from './postgres.pool.js';
import { PostgresWakeHints } from './wake-hints.js';

/** Of a transaction with a deadlock, a serialisation failure, or a unique value taken at the same moment. */
const ATTEMPTS = 3;
/** Retried at once, the same two transactions may meet the same way again. */
const MAX_PAUSE_MS = 20;

/** The {@link Store} on PostgreSQL, shared by any number of replicas. Isolation is read committed. */
export class PostgresStore extends Store {
  readonly dialect = 'postgres';
  readonly kysely: Kysely<DatabaseSchema>;
  readonly #pool: Pool;
  readonly #transactions: KyselyTransactions;
  readonly #hints: PostgresWakeHints;
  readonly #running = new RunningWork();
  #closing: Promise<void> | undefined;

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

  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.withCallbacks(work, (observed) => this.#running.run(() => this.#repeated(observed)));
  }

  async #repeated<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
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

  /** Each query sees what was committed before it began. */
  read<T>(work: (db: Trx) => Promise<T>): Promise<T> {
    return this.#running.run(() =>
      // Without BEGIN, each query is a transaction of its own.
      this.#withConnection((connection) => work(this.#transactions.on(connection))),
    );
  }

  async ping(): Promise<void> {
    await withTimeout(
      this.read((db) => sql`select 1`.execute(db)),
      PING_LIMIT_MS,
    );
  }

  notify(channel: WakeChannel): void {
    this.#hints.notify(channel);
  }

  listen(channel: WakeChannel, wake: () => void): void {
    this.#hints.listen(channel, wake);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#running.close();
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
