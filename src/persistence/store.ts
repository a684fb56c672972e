import type { Kysely, Transaction } from 'kysely';
import type { DatabaseSchema } from './database.js';

/** The first argument of every repository method: a query outside the current transaction would wait for ever. */
export type Trx = Transaction<DatabaseSchema>;

/** A member of the transaction itself: a WeakMap of them would be rebuilt all the time, and keep young garbage alive. */
const AFTER_COMMIT = Symbol('tollgate.after-commit');

type WithCallbacks = { [AFTER_COMMIT]?: (() => void)[] };

/** The time limit of {@link Store.ping}. */
export const PING_LIMIT_MS = 1_000;

/**
 * The gateway's durable memory, one of SQLite or PostgreSQL. Throws {@link StorageUnavailable} when the database cannot
 * be used now (disk full, server stopped, pool exhausted in time), and lets every other error of `work` through.
 */
export abstract class Store {
  abstract readonly dialect: 'sqlite' | 'postgres';

  /**
   * Runs `work` in one transaction; resolves once the commit is durable. `work` must await nothing but queries on `trx`.
   * On SQLite, transactions of the same turn of the event loop share one fsync, each atomic on its own; on PostgreSQL a
   * serialisation failure, a deadlock or a unique value taken at the same moment runs `work` again, so it must
   * have no effect but its queries.
   */
  abstract transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;

  /**
   * Calls `callback` once the commit of `trx` is durable, and never if it is rolled back: for logs and metrics of the changes.
   * It must not throw.
   */
  afterCommit(trx: Trx, callback: () => void): void {
    ((trx as WithCallbacks)[AFTER_COMMIT] ??= []).push(callback);
  }

  /** Queries that change nothing. `db` takes the place of `trx` in the repository methods that read. */
  abstract read<T>(work: (db: Trx) => Promise<T>): Promise<T>;

  /** Resolves if the database can be used now; otherwise throws {@link StorageUnavailable} within 1 s. */
  abstract ping(): Promise<void>;

  /** Sends wake-up hints to other replicas (`LISTEN/NOTIFY`). A no-op on SQLite, which has one process. */
  abstract notify(channel: WakeChannel): void;
  abstract listen(channel: WakeChannel, wake: () => void): void;

  /** Reads only, outside of every transaction: for what counts rows, such as the metrics. */
  abstract readonly kysely: Kysely<DatabaseSchema>;

  /**
   * Called after every commit; must not throw. `durationMs` is the COMMIT alone, fsync included; `transactions` shared it (always
   * 1 on PostgreSQL).
   */
  onCommit: ((durationMs: number, transactions: number) => void) | undefined;

  /** Runs `commit` with `work`, then the callbacks of {@link afterCommit}. If `work` runs twice, each run has its own `trx`. */
  protected async withCallbacks<T>(
    work: (trx: Trx) => Promise<T>,
    commit: (work: (trx: Trx) => Promise<T>) => Promise<T>,
  ): Promise<T> {
    let committed: Trx | undefined;
    const result = await commit((trx) => {
      committed = trx;
      return work(trx);
    });
    for (const callback of (committed as WithCallbacks)[AFTER_COMMIT] ?? []) callback();
    return result;
  }

  /** Refuses new work, waits for running work, and releases the database. Further calls wait for the first. */
  abstract close(): Promise<void>;
}

/** Which worker a hint wakes. */
export type WakeChannel = 'notifications' | 'callbacks' | 'reconciliation';

/** The database cannot be used now. Nothing of the transaction was kept, unless `outcome` is `unknown`: the commit was interrupted. */
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
