import type { Store, Trx, WakeChannel } from '../persistence/store.js';
import type { Clock } from '../shared/clock.js';
import { WorkerLoop } from './worker-loop.js';

/** How often the worker searches for rows of dead workers. */
const FREE_EVERY_MS = 1_000;

const KEPT_PLANS = { plans: 'kept' } as const;

/** How many jobs may be claimed now. */
export interface FreeCapacity {
  readonly nowMs: number;
  /** At least 1. */
  readonly limit: number;
  /** Jobs in flight with this key (see {@link LeaseWork.keyOf}). */
  readonly running: (key: string) => number;
}

/** What a feature does with its rows. `record`, `free` and `claim` share one transaction, `run` is outside of any. */
export interface LeaseWork<Job, End> {
  /**
   * Records how jobs ended, each under the token of its lease. If the transaction fails, it gets the same ends again.
   */
  record(trx: Trx, ends: readonly End[], nowMs: number): Promise<unknown>;

  /**
   * Makes rows due again whose lease ended at `endedBeforeMs` or earlier, a bounded number; true: there may be more.
   */
  free(trx: Trx, endedBeforeMs: number, nowMs: number): Promise<boolean>;

  claim(trx: Trx, capacity: FreeCapacity): Promise<readonly Job[]>;

  /**
   * Does one job. Resolves soon after `signal` aborts. An error is an internal error, and leaves the job to its
   * lease.
   */
  run(job: Job, signal: AbortSignal): Promise<End>;

  /** What jobs in flight are counted by, such as their external. */
  keyOf?(job: Job): string;
}

export interface LeaseWorkerOptions {
  readonly store: Pick<Store, 'transaction' | 'exclusive' | 'attachWorker' | 'detachWorker'>;
  readonly clock: Clock;
  /** Wake-up hints, see {@link Store.wakeWorker}. */
  readonly channel?: WakeChannel;
  /** Jobs in flight at once. */
  readonly limit: number;
  readonly pollMs: number;
  /** Called for the first error of a row only: an unavailable database is reported once. */
  readonly onError: (error: unknown) => void;
}

/**
 * Claims leased rows, runs a job for each and records how it ended; any number of replicas may do so on the same
 * rows.
 *
 * Keeps up to `limit` jobs in flight, each on its own: one that ends makes way for another at once. Ends that arrive
 * while a transaction runs share the next one, so the busier the worker is, the less each job costs.
 */
export class LeaseWorker<Job, End> {
  readonly #loop: WorkerLoop;
  readonly #running = new Set<Promise<void>>();
  readonly #runningByKey = new Map<string, number>();
  readonly #abort = new AbortController();
  readonly #ends: End[] = [];
  #freeAt = 0;
  #failing = false;

  constructor(
    private readonly work: LeaseWork<Job, End>,
    private readonly options: LeaseWorkerOptions,
  ) {
    this.#loop = new WorkerLoop(
      () => this.#turn(),
      options.pollMs,
      (error) => {
        if (!this.#failing) options.onError(error);
        this.#failing = true;
      },
    );
  }

  /** How long the loop has shown no sign of life. A job that hangs does not count: its lease ends. */
  get stalledMs(): number {
    return this.#loop.stalledMs;
  }

  start(): void {
    const { store, channel } = this.options;
    if (channel) store.attachWorker(channel, () => this.wake());
    this.#loop.start();
  }

  /** Something may be due. Cheap, callable at any time. */
  wake(): void {
    this.#loop.wake();
  }

  /** Claims nothing more, lets jobs in flight end, aborts them after `graceMs`, and records all of them. */
  async stop(graceMs: number): Promise<void> {
    const { store, channel, onError } = this.options;
    if (channel) store.detachWorker(channel);
    await this.#loop.stop();
    const timer = setTimeout(() => this.#abort.abort(), graceMs);
    await Promise.all(this.#running);
    clearTimeout(timer);
    try {
      await this.recordEnded();
    } catch (error) {
      onError(error);
    }
  }

  /** Records the jobs that have ended. */
  async recordEnded(): Promise<void> {
    const { store, clock } = this.options;
    const ends = this.#ends.splice(0);
    if (ends.length === 0) return;
    const nowMs = clock.now();
    await store.transaction((trx) => this.work.record(trx, ends, nowMs), KEPT_PLANS);
  }

  /** Claims what is due now and resolves when all of it has run; for tests, which start no loop. */
  async runDue(): Promise<void> {
    await Promise.all((await this.#exchange([], false)).map((job) => this.#start(job)));
  }

  async #turn(): Promise<{ more: boolean }> {
    const ends = [...this.#ends];
    const jobs = await this.#exchange(ends, true);
    this.#failing = false;
    this.#ends.splice(0, ends.length);
    for (const job of jobs) void this.#start(job);
    return { more: false };
  }

  /** One transaction: records, takes over from workers that died, and claims. */
  async #exchange(ends: readonly End[], mayFree: boolean): Promise<readonly Job[]> {
    const { store, clock } = this.options;
    const nowMs = clock.now();
    const frees = mayFree && nowMs >= this.#freeAt;
    const limit = this.options.limit - this.#running.size;
    const running = (key: string): number => this.#runningByKey.get(key) ?? 0;
    const { jobs, more } = await store.transaction(async (trx) => {
      if (ends.length > 0) await this.work.record(trx, ends, nowMs);
      const more = frees && (await this.work.free(trx, this.#endedBeforeMs(nowMs), nowMs));
      const jobs = more || limit <= 0 ? [] : await this.work.claim(trx, { nowMs, limit, running });
      return { jobs, more };
    }, KEPT_PLANS);
    if (more) this.#loop.wake();
    else if (frees) this.#freeAt = nowMs + FREE_EVERY_MS;
    return jobs;
  }

  /** When a process on SQLite starts it is the only one: every lease is a dead process's. */
  #endedBeforeMs(nowMs: number): number {
    const alone = this.#freeAt === 0 && this.options.store.exclusive;
    return alone ? Number.MAX_SAFE_INTEGER : nowMs;
  }

  #start(job: Job): Promise<void> {
    const running = this.#run(job).finally(() => {
      this.#running.delete(running);
      this.#loop.wake();
    });
    this.#running.add(running);
    return running;
  }

  async #run(job: Job): Promise<void> {
    const key = this.work.keyOf?.(job);
    this.#count(key, 1);
    try {
      this.#ends.push(await this.work.run(job, this.#abort.signal));
    } catch (error) {
      this.options.onError(error);
    } finally {
      this.#count(key, -1);
    }
  }

  #count(key: string | undefined, change: 1 | -1): void {
    if (key === undefined) return;
    const count = (this.#runningByKey.get(key) ?? 0) + change;
    if (count > 0) this.#runningByKey.set(key, count);
    else this.#runningByKey.delete(key);
  }
}

/** `work`, or `aborted` as soon as `signal` aborts. The work itself goes on until its own time limit. */
export async function valueUnlessAborted<T>(work: Promise<T>, signal: AbortSignal, aborted: T): Promise<T> {
  if (signal.aborted) return aborted;
  const { promise, resolve } = Promise.withResolvers<T>();
  const onAbort = (): void => resolve(aborted);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
