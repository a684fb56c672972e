import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../store.js';
import { commitFailure, isBusy, isSyncFailure, sqliteFailure, syncFailure } from './sqlite-errors.js';
import type { Checkpointer } from './checkpointer.js';
import type { LedgerFiles } from './ledger-files.js';
import type { SqliteConnection } from './sqlite.connection.js';
import type { WriteAheadLog } from './write-ahead-log.js';

/** Limits how long the first transaction of a batch waits for the last. */
const BATCH_LIMIT = 256;
const GATHERING_TURNS = 4;
/** How long another program (a backup, the `sqlite3` shell) may hold the write lock before requests are refused. */
const BUSY_LIMIT_MS = 2_000;
const BUSY_PAUSE_MS = 10;

interface Member {
  /** Runs the transaction's work inside its savepoint. Throws only if the savepoint cannot be rolled back. */
  readonly run: () => Promise<void>;
  /** Settles the caller's promise. Only after the commit: the work may have read what others of the batch wrote. */
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Transactions that arrive in one turn of the event loop, and those of the next turns while each brings more, share
 * one `begin immediate … commit`, and so one fsync. Each has its own savepoint and is rolled back alone; none
 * resolves before the commit is durable. They run strictly one after another; transactions that arrive meanwhile, or
 * while the disk syncs, form the next batch: the slower the disk, the more share its fsync.
 */
export class GroupCommit {
  readonly #connection: SqliteConnection;
  readonly #log: WriteAheadLog | undefined;
  readonly #checkpointer: Checkpointer | undefined;
  readonly #committed: (durationMs: number, transactions: number) => void;
  readonly #files: Pick<LedgerFiles, 'check' | 'checkBeforeCommit'> | undefined;
  readonly #broke: (failure: StorageUnavailable) => void;
  readonly #busyLimitMs: number;
  readonly #queue: Member[] = [];
  #scheduled = false;
  #failing = false;
  #broken: StorageUnavailable | undefined;

  /**
   * `committed` is called after every commit; `broke` once, when an fsync has failed. Nothing is committed from then
   * on.
   */
  constructor(
    connection: SqliteConnection,
    log: WriteAheadLog | undefined,
    checkpointer: Checkpointer | undefined,
    committed: (durationMs: number, transactions: number) => void,
    files?: Pick<LedgerFiles, 'check' | 'checkBeforeCommit'>,
    broke: (failure: StorageUnavailable) => void = () => {},
    busyLimitMs = BUSY_LIMIT_MS,
  ) {
    this.#connection = connection;
    this.#log = log;
    this.#checkpointer = checkpointer;
    this.#committed = committed;
    this.#files = files;
    this.#broke = broke;
    this.#busyLimitMs = busyLimitMs;
  }

  /** The storage failed in the last batch: the next one shows whether it has recovered. */
  get failing(): boolean {
    return this.#failing;
  }

  /**
   * Ends all commits, after an fsync that failed: the system may have dropped the pages, though reads still show them
   * and the next fsync succeeds. Only a new process that recovers from the log knows what is on the disk.
   */
  break(error: unknown): void {
    if (this.#broken) return;
    this.#failing = true;
    this.#broken = new StorageUnavailable(
      `SQLite: the disk failed to store data (${(error as Error).message}); nothing is stored until the next start`,
      'not-committed',
      { cause: error },
    );
    this.#broke(this.#broken);
  }

  get broken(): boolean {
    return this.#broken !== undefined;
  }

  /** Runs `work` inside a savepoint. Resolves with its result once the commit is durable. */
  add<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settle: () => void;
      const run = async () => {
        settle = await this.#inSavepoint(work, resolve, reject);
      };
      this.#queue.push({ run, settle: () => settle(), fail: reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#gather(GATHERING_TURNS);
    }
  }

  /**
   * An idle turn takes microseconds; a busy one brings further transactions, and a commit costs the same for many as
   * for one.
   */
  #gather(turns: number): void {
    const waiting = this.#queue.length;
    setImmediate(() => {
      if (turns > 1 && this.#queue.length > waiting && this.#queue.length < BATCH_LIMIT)
        this.#gather(turns - 1);
      else void this.#next();
    });
  }

  async #next(): Promise<void> {
    await this.#runBatch(this.#queue.splice(0, BATCH_LIMIT));
    this.#scheduled = false;
    if (this.#queue.length > 0) {
      this.#schedule();
    }
  }

  async #runBatch(batch: Member[]): Promise<void> {
    let durationMs: number;
    try {
      await this.#checkpointer?.restart;
      this.assertNotBroken();
      this.#files?.checkBeforeCommit();
      await this.#begin();
      await this.#runMembers(batch);
      durationMs = await this.#commit();
      this.#files?.check('unknown');
      // The fsync of a checkpoint may have failed meanwhile.
      this.assertNotBroken('unknown');
    } catch (error) {
      this.#failing = true;
      this.#rollback();
      const failure = sqliteFailure(error);
      for (const member of batch) {
        member.fail(failure);
      }
      return;
    }
    this.#failing = false;
    for (const member of batch) {
      member.settle();
    }
    this.#checkpointer?.committed();
    this.#committed(durationMs, batch.length);
  }

  assertNotBroken(outcome: StorageUnavailable['outcome'] = 'not-committed'): void {
    if (this.#broken)
      throw new StorageUnavailable(this.#broken.message, outcome, { cause: this.#broken.cause });
  }

  async #runMembers(batch: Member[]): Promise<void> {
    for (let i = 0; i < batch.length; i++) {
      await batch[i]!.run();
      if (!this.#connection.inTransaction) {
        // SQLite has rolled back everything since the begin; transactions that have not run yet are not affected.
        this.#queue.unshift(...batch.splice(i + 1));
        throw new StorageUnavailable('SQLite rolled the transaction back', 'not-committed');
      }
    }
  }

  /** Waits for the write lock without blocking the event loop, as `busy_timeout` would. */
  async #begin(): Promise<void> {
    const deadline = performance.now() + this.#busyLimitMs;
    for (;;) {
      try {
        this.#connection.run('begin immediate');
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) {
          throw error;
        }
      }
      await sleep(BUSY_PAUSE_MS);
    }
  }

  async #commit(): Promise<number> {
    const startedAt = performance.now();
    try {
      this.#connection.run('commit');
    } catch (error) {
      if (isSyncFailure(error)) this.break(error);
      throw commitFailure(error);
    }
    try {
      await this.#log?.sync();
    } catch (error) {
      this.break(error);
      throw syncFailure(error);
    }
    return performance.now() - startedAt;
  }

  #rollback(): void {
    try {
      if (this.#connection.inTransaction) {
        this.#connection.run('rollback');
      }
    } catch {
      // The batch must report its own failure; the next begin reports this one.
    }
  }

  async #inSavepoint<T>(
    work: () => Promise<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): Promise<() => void> {
    try {
      this.#connection.run('savepoint member');
      const value = await work();
      this.#connection.run('release member');
      return () => resolve(value);
    } catch (error) {
      this.#undo();
      const failure = sqliteFailure(error);
      return () => {
        this.#failing ||= failure instanceof StorageUnavailable;
        reject(failure);
      };
    }
  }

  /** Rolls back to the savepoint, unless SQLite has rolled back the whole transaction already. */
  #undo(): void {
    if (this.#connection.inTransaction) {
      this.#connection.run('rollback to member');
      this.#connection.run('release member');
    }
  }
}
