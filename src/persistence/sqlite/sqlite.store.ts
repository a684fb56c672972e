import { randomBytes } from 'node:crypto';
import type { Server } from 'node:net';
import type { DatabaseSync } from 'node:sqlite';
import { Logger } from '@nestjs/common';
import { Kysely, sql } from 'kysely';
import type { DatabaseSchema } from '../database.js';
import { KyselyTransactions } from '../kysely-transactions.js';
import { migrateToLatest } from '../migrations/migrate.js';
import {
  type GivenBack,
  type LogStatistics,
  StorageUnavailable,
  Store,
  type Trx,
  type WakeChannel,
} from '../store.js';
import { Checkpointer } from './checkpointer.js';
import { GroupCommit } from './group-commit.js';
import { LedgerFiles } from './ledger-files.js';
import { LedgerMark } from './ledger-mark.js';
import { NodeSqliteDialect } from './node-sqlite.dialect.js';
import { isSyncFailure, syncFailure } from './sqlite-errors.js';
import {
  assertLedgerKept,
  assertNotLost,
  lockDatabase,
  lockInode,
  markLost,
  openConnection,
  openFailure,
  openReadOnly,
  prepareDirectory,
  recoverLog,
} from './sqlite-file.js';
import { SqliteTransaction } from './sqlite-transaction.js';
import type { SqliteConnection } from './sqlite.connection.js';
import { WriteAheadLog } from './write-ahead-log.js';

const MEMORY = ':memory:';
const DEFAULT_LOG_LIMIT_BYTES = 256 * 1024 * 1024;
/** The share of the file that stays free for rows to come, so that it is not shortened and extended in turns. */
const KEPT_FREE = 0.05;
/** As much as a batch of requests writes: on a full disk, less may still fit. */
const PROBE_BYTES = 32_768;

interface Connections {
  readonly writer: SqliteConnection;
  /** Sees the last commit and never a running transaction (WAL). `:memory:` cannot have a second connection. */
  readonly file: FileConnections | undefined;
}

/** What a database in a file has, and one in memory has not. */
interface FileConnections {
  readonly path: string;
  readonly reader: SqliteConnection;
  readonly log: WriteAheadLog;
  readonly locks: Locks;
  readonly mark: LedgerMark;
}

interface Locks {
  readonly file: DatabaseSync;
  readonly inode: Server | undefined;
}

/** The {@link Store} on one SQLite file, or in memory for tests: one process, one writing connection, group commit. */
export class SqliteStore extends Store {
  readonly dialect = 'sqlite';
  readonly exclusive = true;
  readonly traceAttributes;
  readonly kysely: Kysely<DatabaseSchema>;
  readonly #connections: Connections;
  readonly #logger = new Logger('Persistence');
  readonly #checkpointer: Checkpointer | undefined;
  readonly #files: LedgerFiles | undefined;
  readonly #logLimitBytes: number;
  #checkpointFailing = false;
  readonly #transactions: KyselyTransactions;
  readonly #commits: GroupCommit;

  /**
   * Opens the database at `path` (`:memory:` or a file, created if missing) and migrates it; `migrations` are those
   * that were applied now.
   * @throws {DatabaseInUse} if another process has it open.
   * @throws {DatabaseTooNew}
   * @throws {LedgerDamaged}
   * @throws {UnusableDatabase} if the file cannot be created or written to.
   */
  static async open(
    path: string,
    logLimitBytes = DEFAULT_LOG_LIMIT_BYTES,
  ): Promise<{ store: SqliteStore; migrations: string[] }> {
    if (path !== MEMORY) {
      try {
        return await SqliteStore.#openFile(prepareDirectory(path), logLimitBytes);
      } catch (error) {
        throw openFailure(path, error);
      }
    }
    const writer = openConnection(MEMORY);
    const migrations = await migrate(writer);
    return { store: new SqliteStore({ writer, file: undefined }, logLimitBytes), migrations };
  }

  static async #openFile(path: string, logLimitBytes: number) {
    assertLedgerKept(path);
    const lock = lockDatabase(path);
    let inode: Server | undefined;
    let writer: SqliteConnection | undefined;
    try {
      assertNotLost(path, lock);
      writer = openConnection(path, logLimitBytes);
      inode = await lockInode(path);
      recoverLog(path, writer);
      const migrations = await migrate(writer);
      const mark = await LedgerMark.open(path, writer);
      const reader = openReadOnly(path);
      const log = new WriteAheadLog(path);
      const file = { path, reader, log, locks: { file: lock, inode }, mark };
      return { store: new SqliteStore({ writer, file }, logLimitBytes), migrations };
    } catch (error) {
      writer?.close();
      inode?.close();
      lock.close();
      throw error;
    }
  }

  private constructor(connections: Connections, logLimitBytes: number) {
    super();
    const { writer, file } = connections;
    this.traceAttributes = { 'db.system.name': 'sqlite', 'db.namespace': file?.path ?? MEMORY };
    this.#connections = connections;
    this.#logLimitBytes = logLimitBytes;
    this.#transactions = new KyselyTransactions(new NodeSqliteDialect(writer));
    if (file) {
      this.#checkpointer = new Checkpointer(file.path, writer, {
        failed: (error) => this.#checkpointFailed(error),
        recovered: () => this.#checkpointRecovered(),
      });
      this.#files = new LedgerFiles(file.path, writer, this.#checkpointer, (lost) =>
        this.#rememberLoss(file.locks.file, lost),
      );
    }
    this.#commits = new GroupCommit(
      writer,
      file?.log,
      this.#checkpointer,
      (durationMs, transactions) => this.#committed(durationMs, transactions),
      this.#files,
      (failure) => this.fail(failure),
    );
    this.kysely = new Kysely({ dialect: new NodeSqliteDialect(file?.reader ?? writer) });
  }

  protected override commit<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.#commits.add(() => this.#inTransaction(work));
  }

  #committed(durationMs: number, transactions: number): void {
    this.onCommit?.(durationMs, transactions);
    this.#connections.file?.mark.committed((work) => this.transaction(work));
  }

  /** Returns nothing that a power cut could still undo. */
  protected override async query<T>(work: (db: Trx) => Promise<T>): Promise<T> {
    const { file } = this.#connections;
    // On a single connection a read waits its turn, or it would see changes that may be rolled back.
    if (!file) return this.commit(work);
    if (this.#files?.lost) this.#files.check('not-committed');
    // Repositories take a transaction as their first argument; for queries that only read, a Kysely is equivalent.
    const result = await work(this.kysely as Trx);
    try {
      await file.log.syncing;
    } catch (error) {
      throw syncFailure(error);
    }
    return result;
  }

  /**
   * After a failure only a write shows that the disk has space again; otherwise a read suffices, which costs no
   * fsync. A log beyond its limit grows until the disk is full: no checkpoint has succeeded for long.
   */
  protected override async probe(): Promise<void> {
    this.#commits.assertNotBroken();
    this.#files?.check('not-committed');
    if (!this.#commits.failing && !this.#isLogTooLong()) {
      await this.read((db) => sql`select 1`.execute(db));
      return;
    }
    if (this.#isLogTooLong()) await this.#checkpointer?.shorten();
    // A write also begins the log anew, and so truncates it, once all of it is copied.
    await this.transaction(writeProbe);
    if (this.#isLogTooLong())
      throw new StorageUnavailable('SQLite: the write-ahead log is longer than WAL_LIMIT', 'not-committed');
  }

  override get logStatistics(): LogStatistics | undefined {
    if (!this.#files || !this.#checkpointer) return undefined;
    return { bytes: this.#files.logBytes, failedCheckpoints: this.#checkpointer.failures };
  }

  #isLogTooLong(): boolean {
    return this.#files !== undefined && this.#files.logBytes > this.#logLimitBytes;
  }

  /** For the next start, however this process ends. */
  #rememberLoss(lock: DatabaseSync, lost: boolean): void {
    try {
      markLost(lock, lost);
    } catch (error) {
      this.#logger.error({ err: error }, 'The lock file cannot record that files of the ledger are lost');
    }
  }

  #checkpointFailed(error: Error): void {
    if (isSyncFailure(error)) this.#commits.break(error);
    if (!this.#checkpointFailing)
      this.#logger.error({ err: error }, 'SQLite cannot make a checkpoint: the write-ahead log grows');
    this.#checkpointFailing = true;
  }

  #checkpointRecovered(): void {
    this.#logger.log('SQLite makes checkpoints again');
    this.#checkpointFailing = false;
  }

  override giveBack(pages: number): Promise<GivenBack> {
    const { writer } = this.#connections;
    return this.transaction(async () => {
      const beganAt = performance.now();
      const left = writer.giveBack(pages, KEPT_FREE);
      return { left, workMs: performance.now() - beganAt };
    });
  }

  override get freeBytes(): number {
    const { free, pageBytes } = this.#connections.writer.pages();
    return free * pageBytes;
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
    const { writer, file } = this.#connections;
    await file?.mark.count((work) => this.commit(work));
    file?.mark.close();
    await this.#checkpointer?.close();
    if (this.#isLedgerSuspect()) {
      // Closing would copy the log into a file that is not ours or not on the disk, and delete the log. The process
      // ends soon.
      KEPT_OPEN.push(this.#connections);
    } else {
      // The writer goes last of the two: SQLite then moves the WAL into the database and removes it.
      file?.reader.close();
      writer.close();
    }
    file?.log.close();
    file?.locks.inode?.close();
    file?.locks.file.close();
  }

  #isLedgerSuspect(): boolean {
    if (this.#commits.broken) return true;
    try {
      this.#files?.check('not-committed');
      return false;
    } catch {
      return true;
    }
  }
}

/** Garbage collection would close them. */
const KEPT_OPEN: Connections[] = [];

function migrate(writer: SqliteConnection): Promise<string[]> {
  return migrateToLatest(new Kysely({ dialect: new NodeSqliteDialect(writer) }));
}

/** Random: SQLite writes no page whose content stays the same. */
async function writeProbe(trx: Trx): Promise<void> {
  const value = randomBytes(PROBE_BYTES / 2).toString('hex');
  await trx
    .insertInto('settings')
    .values({ key: 'persistence.probe', value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}
