import type { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import type { DatabaseSchema } from '../database.js';
import { KyselyTransactions } from '../kysely-transactions.js';
import { migrateToLatest } from '../migrations/migrate.js';
import { Store, type Trx, type WakeChannel } from '../store.js';
import { Checkpointer } from './checkpointer.js';
import { GroupCommit } from './group-commit.js';
import { NodeSqliteDialect } from './node-sqlite.dialect.js';
import { syncFailure } from './sqlite-errors.js';
import { lockDatabase, openConnection, openReadOnly, prepareDirectory } from './sqlite-file.js';
import { SqliteTransaction } from './sqlite-transaction.js';
import type { SqliteConnection } from './sqlite.connection.js';
import { WriteAheadLog } from './write-ahead-log.js';

const MEMORY = ':memory:';
/** As much as a batch of requests writes: on a full disk, less may still fit. */
const PROBE = { key: 'persistence.probe', value: 'x'.repeat(32_768) };

interface Connections {
  readonly writer: SqliteConnection;
  /** Sees the last commit and never a running transaction (WAL). `:memory:` cannot have a second connection. */
  readonly reader: SqliteConnection | undefined;
  readonly log: WriteAheadLog | undefined;
  readonly checkpointer: Checkpointer | undefined;
  readonly lock: DatabaseSync | undefined;
}

/** The {@link Store} on one SQLite file, or in memory for tests: one process, one writing connection, group commit. */
export class SqliteStore extends Store {
  readonly dialect = 'sqlite';
  readonly kysely: Kysely<DatabaseSchema>;
  readonly #connections: Connections;
  readonly #transactions: KyselyTransactions;
  readonly #commits: GroupCommit;

  /**
   * Opens the database at `path` (`:memory:` or a file, created if missing) and migrates it; `migrations` are those
   * that were applied now.
   * @throws {DatabaseInUse} if another process has it open.
   * @throws {DatabaseTooNew}
   */
  static async open(path: string): Promise<{ store: SqliteStore; migrations: string[] }> {
    const file = path === MEMORY ? undefined : prepareDirectory(path);
    const lock = file === undefined ? undefined : lockDatabase(file);
    let writer: SqliteConnection | undefined;
    try {
      writer = openConnection(file ?? MEMORY);
      const migrations = await migrateToLatest(new Kysely({ dialect: new NodeSqliteDialect(writer) }));
      const reader = file === undefined ? undefined : openReadOnly(file);
      const log = file === undefined ? undefined : new WriteAheadLog(file);
      const checkpointer = file === undefined ? undefined : new Checkpointer(file, writer);
      return { store: new SqliteStore({ writer, reader, log, checkpointer, lock }), migrations };
    } catch (error) {
      writer?.close();
      lock?.close();
      throw error;
    }
  }

  private constructor(connections: Connections) {
    super();
    this.#connections = connections;
    this.#transactions = new KyselyTransactions(new NodeSqliteDialect(connections.writer));
    this.#commits = new GroupCommit(
      connections.writer,
      connections.log,
      connections.checkpointer,
      (durationMs, transactions) => this.onCommit?.(durationMs, transactions),
    );
    this.kysely = new Kysely({ dialect: new NodeSqliteDialect(connections.reader ?? connections.writer) });
  }

  protected override commit<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.#commits.add(() => this.#inTransaction(work));
  }

  /** Returns nothing that a power cut could still undo. */
  protected override async query<T>(work: (db: Trx) => Promise<T>): Promise<T> {
    const { reader, log } = this.#connections;
    // On a single connection a read waits its turn, or it would see changes that may be rolled back.
    if (!reader) return this.commit(work);
    // Repositories take a transaction as their first argument; for queries that only read, a Kysely is equivalent.
    const result = await work(this.kysely as Trx);
    try {
      await log?.syncing;
    } catch (error) {
      throw syncFailure(error);
    }
    return result;
  }

  /**
   * After a failure only a write shows that the disk has space again; otherwise a read suffices, which costs no
   * fsync.
   */
  protected override probe(): Promise<unknown> {
    return this.#commits.failing
      ? this.transaction(writeProbe)
      : this.read((db) => sql`select 1`.execute(db));
  }

  /** There is one process, which wakes its own workers. */
  notify(_channel: WakeChannel): void {}
  listen(_channel: WakeChannel, _wake: () => void): void {}

  async #inTransaction<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    const transaction = new SqliteTransaction(this.#connections.writer);
    try {
      return await work(this.#transactions.on(transaction));
    } finally {
      transaction.end();
    }
  }

  protected override async release(): Promise<void> {
    await this.#connections.checkpointer?.close();
    // The writer goes last of the two: SQLite then moves the WAL into the database and removes it.
    this.#connections.reader?.close();
    this.#connections.writer.close();
    this.#connections.log?.close();
    this.#connections.lock?.close();
  }
}

async function writeProbe(trx: Trx): Promise<void> {
  await trx
    .insertInto('settings')
    .values(PROBE)
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: PROBE.value }))
    .execute();
}
