import { setTimeout as sleep } from 'node:timers/promises';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import type { DatabaseSchema } from '../database.js';
import { KyselyTransactions } from '../kysely-transactions.js';
import {
  type JournalEntry,
  type JournalResult,
  StorageUnavailable,
  Store,
  type TransactionOptions,
  type Trx,
  type WakeChannel,
} from '../store.js';
import type { WrittenEntry } from '../batch-statement.js';
import { DatabaseProbe } from './database-probe.js';
import {
  isNameConflict,
  isPassing,
  isRetryable,
  isUniqueViolation,
  migrationFailure,
  notCommitted,
  startFailure,
} from './postgres-errors.js';
import { accessTo, findAccess, type PostgresAccess, type PostgresConfig } from './postgres.access.js';
import { type ConnectionContext, PostgresConnection } from './postgres.connection.js';
import { serversOf } from './postgres.client.js';
import type { PostgresHosts } from './postgres.hosts.js';
import { type BatchPart, PostgresJournal } from './postgres.journal.js';
import { migratePostgres } from './postgres.migration.js';
import { openPool, transactional } from './postgres.pool.js';
import { SessionWatch } from './session-watch.js';
import { PostgresWakeHints } from './wake-hints.js';

/** Of a transaction with a deadlock, a serialisation failure, or a unique value taken at the same moment. */
const ATTEMPTS = 3;
/** Of work whose session ended or was read-only: after a failover, other sessions of the pool may be so too. */
const SESSIONS = 3;
/** Retried at once, the same two transactions may conflict again. */
const MAX_PAUSE_MS = 20;

/** Pause between attempts of a start. */
const START_PAUSE_MS = 500;
/** For queries that still run when the store closes. */
const CLOSE_LIMIT_MS = 3_000;

/** The {@link Store} on PostgreSQL, shared by any number of replicas. Isolation is read committed. */
export class PostgresStore extends Store {
  readonly dialect = 'postgres';
  readonly exclusive = false;
  override readonly journals = true;
  readonly kysely: Kysely<DatabaseSchema>;
  readonly #pool: Pool;
  readonly #transactions: KyselyTransactions;
  readonly #journal = new PostgresJournal((parts) => this.#writeBatch(parts));
  readonly #hints: PostgresWakeHints;
  readonly #hosts: PostgresHosts;
  /** Of each host. */
  readonly #traceAttributes: readonly Store['traceAttributes'][];
  readonly #watch: SessionWatch;
  readonly #probe: DatabaseProbe;
  #context: ConnectionContext;

  /**
   * Connects and migrates; `migrations` are those that were applied now. If the server cannot be reached or has no
   * session left, calls `waiting` once and tries again for the `waitMs` of `config`.
   * @throws {StorageUnavailable} if the server cannot be reached in that time.
   * @throws {DatabaseTooNew}
   * @throws {UnusableDatabase} if an operator must change the database or its role.
   */
  static async open(
    config: PostgresConfig,
    waiting: (error: StorageUnavailable, waitMs: number) => void = () => {},
  ): Promise<{ store: PostgresStore; migrations: string[] }> {
    const waitMs = config.waitMs ?? 0;
    const deadline = performance.now() + waitMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await PostgresStore.#open(config);
      } catch (error) {
        if (!isPassing(error)) throw error;
        const failure = error instanceof StorageUnavailable ? error : notCommitted(error);
        if (performance.now() + START_PAUSE_MS > deadline) throw failure;
        if (attempt === 1) waiting(failure, waitMs);
      }
      await sleep(START_PAUSE_MS);
    }
  }

  static async #open(config: PostgresConfig): Promise<{ store: PostgresStore; migrations: string[] }> {
    const found = await findAccess(config).catch((error: unknown) => {
      throw startFailure(error);
    });
    const { schema, migrations } = await migratePostgres(found, config.schema).catch((error: unknown) => {
      throw migrationFailure(error);
    });
    // Later sessions keep the schema: a search_path that is set on the role would divide the ledger.
    const access = config.schema === undefined ? accessTo({ ...config, schema }, found) : found;
    const store = new PostgresStore(config, access, schema);
    try {
      // The connections that a start needs: another client may take them meanwhile. A database that cannot be written
      // to makes this replica not ready.
      const connect = store.#withConnection((connection) =>
        connection.executeQuery(CompiledQuery.raw('select 1')),
      );
      await Promise.all([connect, store.#probe.run().catch(() => {})]);
    } catch (error) {
      await store.close();
      throw error;
    }
    return { store, migrations };
  }

  private constructor(config: PostgresConfig, access: PostgresAccess, schema: string) {
    super();
    this.#hosts = access.hosts;
    this.#traceAttributes = serversOf(access.client).map(({ host, port, database }) => ({
      'db.system.name': 'postgresql',
      'db.namespace': `${database}|${schema}`,
      'server.address': host,
      'server.port': port,
    }));
    this.#watch = new SessionWatch(access);
    this.#watch.onLost = () => this.onLostSession?.();
    this.#probe = new DatabaseProbe(access, this.#watch);
    this.#pool = openPool(access, config.poolSize);
    this.#pool.on('connect', (client) => this.#watch.add(client));
    this.#context = {
      begin: access.begin,
      batchBegin: access.batchBegin,
      keptPlansBegin: access.keptPlansBegin,
      pooled: access.pooled,
      named: !access.pooled,
      hosts: access.hosts,
      watch: this.#watch,
    };
    const dialect = new PostgresDialect({ pool: transactional(this.#pool, access) });
    this.kysely = new Kysely({ dialect });
    this.#transactions = new KyselyTransactions(dialect);
    this.#hints = new PostgresWakeHints(access, this.#watch, schema, (channel, payload) =>
      this.#withConnection((connection) =>
        connection.executeQuery(CompiledQuery.raw('select pg_notify($1, $2)', [channel, payload])),
      ),
    );
  }

  override get traceAttributes(): Store['traceAttributes'] {
    return this.#traceAttributes[this.#hosts.current]!;
  }

  protected override async commit<T>(
    work: (trx: Trx) => Promise<T>,
    { plans }: TransactionOptions = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#withConnection((connection) =>
          this.#inTransaction(connection, work, plans === 'kept'),
        );
      } catch (error) {
        const lastAttempt = attempt === ATTEMPTS;
        if (isNameConflict(error) && !lastAttempt) {
          this.#context = { ...this.#context, named: false };
          continue;
        }
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

  protected override write(entry: JournalEntry): Promise<JournalResult> {
    return this.#journal.append(entry);
  }

  /** Without BEGIN, each query is a transaction of its own and sees what was committed before it began. */
  protected override query<T>(work: (db: Trx) => Promise<T>): Promise<T> {
    // A pooler takes the settings of a session away: they need a transaction.
    if (this.#context.pooled) return this.commit(work);
    return this.#withConnection((connection) => work(this.#transactions.on(connection)));
  }

  protected override async probe(): Promise<void> {
    try {
      // The session of the probe may answer where the path has forgotten all others.
      if (this.#watch.silent >= this.#pool.options.max) throw new Error('no session of the pool answers');
      await this.#probe.run();
    } catch (error) {
      throw notCommitted(error);
    }
  }

  notify(channel: WakeChannel): void {
    this.#hints.notify(channel);
  }

  listen(channel: WakeChannel, wake: () => void): void {
    this.#hints.listen(channel, wake);
  }

  override abandon(): void {
    this.#hosts.end();
  }

  protected override async release(): Promise<void> {
    this.#hints.close();
    this.#probe.close();
    // A connection without an answer keeps its place, perhaps for ever.
    const late = setTimeout(() => this.#hosts.end(), CLOSE_LIMIT_MS);
    await this.#pool.end();
    clearTimeout(late);
    this.#hosts.end();
  }

  async #withConnection<T>(use: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    for (let session = 1; ; session++) {
      const connection = await PostgresConnection.from(this.#pool, this.#context);
      try {
        return await use(connection);
      } catch (error) {
        if (!connection.replaceable || session === SESSIONS) throw error;
      } finally {
        connection.release();
      }
    }
  }

  /** Any error but that of the pool leaves each entry to a transaction of its own, with its repeats. */
  async #writeBatch(parts: readonly BatchPart[]): Promise<Set<string> | undefined> {
    const connection = await PostgresConnection.from(this.#pool, this.#context);
    try {
      const startedAt = performance.now();
      const rows = await connection.batch<WrittenEntry>(
        parts.map(({ statement, entries }) => statement.query(entries)),
      );
      const written = new Set(rows.flat().map(({ id }) => id));
      this.onCommit?.(performance.now() - startedAt, written.size);
      return written;
    } catch (error) {
      if (isNameConflict(error)) this.#context = { ...this.#context, named: false };
      return undefined;
    } finally {
      connection.release();
    }
  }

  async #inTransaction<T>(
    connection: PostgresConnection,
    work: (trx: Trx) => Promise<T>,
    keepsPlans: boolean,
  ): Promise<T> {
    connection.begin(keepsPlans ? this.#context.keptPlansBegin : this.#context.begin);
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
