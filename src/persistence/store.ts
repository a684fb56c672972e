import type { Kysely, Transaction } from 'kysely';
import { unlessAborted } from '../shared/unless-aborted.js';
import type { BatchEntry, BatchStatement } from './batch-statement.js';
import type { DatabaseSchema } from './database.js';

/** The first argument of every repository method: a query outside the current transaction would wait for ever. */
export type Trx = Transaction<DatabaseSchema>;

/**
 * A member of the transaction itself: a WeakMap of them would be rebuilt all the time, and keep young garbage alive.
 */
const AFTER_COMMIT = Symbol('tollgate.after-commit');

type WithCallbacks = { [AFTER_COMMIT]?: (() => void)[] };

const PING_LIMIT_MS = 1_000;

/** The rows of one short transaction as data, for the plain case in which nothing is in their way. */
export interface JournalEntry {
  readonly statement: BatchStatement;
  readonly row: BatchEntry;
  /**
   * Names of what only one entry can have, such as a key: of two entries with the same claim, the second waits for the
   * first, and is then in the way.
   */
  readonly claims: readonly string[];
}

/**
 * `written`: committed. `in-the-way`: the statement saw another row in the way of this one; nothing of it was written.
 * `failed`: its batch was rolled back, or lost with its connection; only a transaction that is safe to repeat may follow.
 */
export type JournalResult = 'written' | 'in-the-way' | 'failed';

export interface TransactionOptions {
  /**
   * PostgreSQL: the plans of its statements use indexes however small a table is now, because a session keeps those of
   * prepared statements while the table grows.
   */
  readonly plans?: 'kept';
}

/**
 * The gateway's durable memory, one of SQLite or PostgreSQL. Throws {@link StorageUnavailable} when the database
 * cannot be used now (disk full, server stopped, pool exhausted in time), and lets every other error of `work`
 * through.
 */
export abstract class Store {
  abstract readonly dialect: 'sqlite' | 'postgres';
  /** No other process uses the database: at a start, everything in flight belongs to a process that died. */
  abstract readonly exclusive: boolean;
  /** The database, by OpenTelemetry's semantic conventions (`db.…`, `server.…`). */
  abstract readonly traceAttributes: Readonly<Record<string, string | number>>;
  #running = 0;
  #drained: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  readonly #workers = new Map<WakeChannel, () => void>();

  /**
   * Runs `work` in one transaction; resolves once the commit is durable. `work` must await nothing but queries on
   * `trx`. On SQLite, transactions of the same turn of the event loop share one fsync, each atomic on its own; on
   * PostgreSQL a serialisation failure, a deadlock or a unique value taken at the same moment runs `work` again, so
   * it must have no effect but its queries.
   */
  async transaction<T>(work: (trx: Trx) => Promise<T>, options?: TransactionOptions): Promise<T> {
    let committed: Trx | undefined;
    const result = await this.#run(() =>
      this.commit((trx) => {
        // If `work` runs twice, each run has its own `trx`.
        committed = trx;
        return work(trx);
      }, options),
    );
    for (const callback of (committed as WithCallbacks)[AFTER_COMMIT] ?? []) callback();
    return result;
  }

  /**
   * Writes an entry in one transaction with others of the same moment, each of which is written wholly or not at all.
   * What was not `written` is to be done by {@link transaction}, which knows every case.
   * @throws {StorageUnavailable} if no connection is available: nothing was written.
   */
  append(entry: JournalEntry): Promise<JournalResult> {
    return this.#run(() => this.write(entry));
  }

  /**
   * Whether {@link append} costs less than {@link transaction}: not on SQLite, whose transactions of the same moment
   * share a commit already.
   */
  readonly journals: boolean = false;

  /**
   * Calls `callback` once the commit of `trx` is durable, and never if it is rolled back: for logs and metrics of the
   * changes. It must not throw.
   */
  afterCommit(trx: Trx, callback: () => void): void {
    ((trx as WithCallbacks)[AFTER_COMMIT] ??= []).push(callback);
  }

  /** Queries that change nothing. `db` takes the place of `trx` in the repository methods that read. */
  read<T>(work: (db: Trx) => Promise<T>): Promise<T> {
    return this.#run(() => this.query(work));
  }

  /** Resolves if the database can be written to now; otherwise throws {@link StorageUnavailable} within 1 s. */
  async ping(): Promise<void> {
    if (this.#closing) throw new StorageUnavailable('the database is closed', 'not-committed');
    await unlessAborted<unknown>(
      AbortSignal.timeout(PING_LIMIT_MS),
      () => this.probe(),
      () => {
        throw new StorageUnavailable('the database does not answer in time', 'not-committed');
      },
    );
  }

  /** Wakes the worker of `channel`: that of this process, or another replica's if this process runs none. */
  wakeWorker(channel: WakeChannel): void {
    const wake = this.#workers.get(channel);
    if (wake) wake();
    else this.notify(channel);
  }

  /** Calls `wake` at hints of this process and of other replicas. */
  attachWorker(channel: WakeChannel, wake: () => void): void {
    this.#workers.set(channel, wake);
    this.listen(channel, wake);
  }

  /** {@link wakeWorker} wakes another replica's worker from now on. */
  detachWorker(channel: WakeChannel): void {
    this.#workers.delete(channel);
  }

  /** Sends wake-up hints to other replicas (`LISTEN/NOTIFY`). A no-op on SQLite, which has one process. */
  abstract notify(channel: WakeChannel): void;
  abstract listen(channel: WakeChannel, wake: () => void): void;

  /** Reads only, outside of every transaction: for what counts rows, such as the metrics. */
  abstract readonly kysely: Kysely<DatabaseSchema>;

  /**
   * Called after every commit; must not throw. `durationMs` is the COMMIT alone, fsync included; `transactions`
   * shared it: those of a group on SQLite, the entries of a batch on PostgreSQL.
   */
  onCommit: ((durationMs: number, transactions: number) => void) | undefined;

  /** Called for each session of PostgreSQL whose connection the network lost without a reset; must not throw. */
  onLostSession: (() => void) | undefined;

  readonly #failure = Promise.withResolvers<StorageUnavailable>();

  /** Resolves when nothing can be stored until the process starts again: an fsync failed. */
  get failure(): Promise<StorageUnavailable> {
    return this.#failure.promise;
  }

  protected fail(failure: StorageUnavailable): void {
    this.#failure.resolve(failure);
  }

  /**
   * Gives at most `pages` unused pages of SQLite's file back to the file system, in one short transaction. A share of the
   * file stays for rows to come. PostgreSQL's autovacuum does its own.
   */
  giveBack(_pages: number): Promise<GivenBack> {
    return Promise.resolve({ left: 0, workMs: 0 });
  }

  /** What SQLite's file holds without using it; undefined on PostgreSQL. */
  get freeBytes(): number | undefined {
    return undefined;
  }

  /** The state of SQLite's write-ahead log; undefined on PostgreSQL and in memory. */
  get logStatistics(): LogStatistics | undefined {
    return undefined;
  }

  /**
   * Ends running work, and all work to come, with {@link StorageUnavailable}: for a server that does not answer, for which
   * {@link close} would wait. A no-op on SQLite.
   */
  abandon(): void {}

  /** Refuses new work, waits for running work, and releases the database. Further calls wait for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  protected abstract commit<T>(work: (trx: Trx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  protected abstract query<T>(work: (db: Trx) => Promise<T>): Promise<T>;
  protected write(_entry: JournalEntry): Promise<JournalResult> {
    return Promise.resolve('in-the-way');
  }

  /** The work of {@link ping}. */
  protected abstract probe(): Promise<unknown>;
  /** Closes all connections; nothing runs any more. */
  protected abstract release(): Promise<void>;

  /** Runs `work`, for whose end {@link close} waits. */
  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new StorageUnavailable('the database is closed', 'not-committed');
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      if (this.#running === 0) this.#drained?.();
    }
  }

  async #close(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    await this.release();
  }
}

export interface GivenBack {
  /** How many more pages could be given back. */
  readonly left: number;
  /** How long nothing else ran, the commit left out. */
  readonly workMs: number;
}

export interface LogStatistics {
  readonly bytes: number;
  readonly failedCheckpoints: number;
}

/** Which worker a hint wakes. */
export type WakeChannel = 'notifications' | 'callbacks';

/**
 * The database cannot be used now. Nothing of the transaction was kept, unless `outcome` is `unknown`: the commit was
 * interrupted.
 */
export class StorageUnavailable extends Error {
  constructor(
    message: string,
    readonly outcome: 'not-committed' | 'unknown',
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StorageUnavailable';
  }
}

/** A start on this database cannot succeed until an operator changes it, its role or `DATABASE_URL`. */
export class UnusableDatabase extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnusableDatabase';
  }
}

/**
 * Any error of the database: {@link StorageUnavailable}, or one that SQLite (`ERR_SQLITE_ERROR`) or PostgreSQL (with
 * a severity) reports for a query, which an internal error causes. Nothing of the transaction was kept then.
 */
export function isDatabaseError(error: unknown): error is Error {
  if (typeof error !== 'object' || error === null) return false;
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown };
  return error instanceof StorageUnavailable || code === 'ERR_SQLITE_ERROR' || severity !== undefined;
}
