import type { Kysely, Transaction } from 'kysely';
import type { DatabaseSchema } from './database.js';

/** The first argument of every repository method: a query outside the transaction at hand would wait for ever. */
export type Trx = Transaction<DatabaseSchema>;

/** On the transaction itself: a WeakMap of them would be rebuilt all the time, and keep young garbage alive. */
const UNTOLD = Symbol('tollgate.untold');

type Carrying = { [UNTOLD]?: (() => void)[] };

/** Of {@link Store.ping}. */
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
   * serialisation failure, a deadlock or a unique value that somebody took at the same moment runs `work` again, so it must
   * have no effect but its queries.
   */
  abstract transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;

  /**
   * `tell` is called once the commit of `trx` is known to be durable, and never where it was rolled back: for what counts the
   * changes. It must not throw.
   */
  afterCommit(trx: Trx, tell: () => void): void {
    ((trx as Carrying)[UNTOLD] ??= []).push(tell);
  }

  /** Queries that change nothing. `db` takes the place of `trx` in the repository methods that read. */
  abstract read<T>(work: (db: Trx) => Promise<T>): Promise<T>;

  /** Answers if the database can be used now, within 1 s; else throws {@link StorageUnavailable}. */
  abstract ping(): Promise<void>;

  /** Hands wake-up hints between replicas (`LISTEN/NOTIFY`); on SQLite there is one process, and it is a no-op. */
  abstract notify(channel: WakeChannel): void;
  abstract listen(channel: WakeChannel, wake: () => void): void;

  /** For what counts rows, such as the metrics: it reads only, and stands outside of every transaction. */
  abstract readonly kysely: Kysely<DatabaseSchema>;

  /** Told of every commit; the metrics set it. */
  observer: StoreObserver | undefined;

  /** For {@link transaction}: runs `commit` with `work`, and tells what waited for its end. A second run has a `trx` of its own. */
  protected async telling<T>(
    work: (trx: Trx) => Promise<T>,
    commit: (work: (trx: Trx) => Promise<T>) => Promise<T>,
  ): Promise<T> {
    let committed: Trx | undefined;
    const result = await commit((trx) => {
      committed = trx;
      return work(trx);
    });
    for (const tell of (committed as Carrying)[UNTOLD] ?? []) tell();
    return result;
  }

  /** Refuses new work, waits for what runs, and lets go of the database. Called twice, it does it once. */
  abstract close(): Promise<void>;
}

/** What the metrics want to know of the commits. It must not throw. */
export interface StoreObserver {
  /** `durationMs` is the COMMIT alone, fsync included; `transactions` shared it (always 1 on PostgreSQL). */
  onCommit(durationMs: number, transactions: number): void;
}

/** Which worker a hint wakes. */
export type WakeChannel = 'notifications' | 'callbacks' | 'reconciliation';

/** The database cannot be used now. Nothing of the transaction has been kept, unless `outcome` is `unknown`: the commit itself was cut off. */
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
