import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../test/support/until.js';
import { TestClock } from '../../test/support/test-clock.js';
import type { Trx } from '../persistence/store.js';
import { LeaseWorker, type LeaseWork, type LeaseWorkerOptions } from './lease-worker.js';

const LONG_MS = 3_600_000;

/** One transaction after another; none of it is durable. */
const STORE: LeaseWorkerOptions['store'] = {
  exclusive: true,
  transaction: async (work) => work({} as Trx),
  attachWorker: () => {},
  detachWorker: () => {},
};

describe('LeaseWorker', () => {
  let worker: LeaseWorker<number, number>;
  let errors: unknown[] = [];
  const clock = new TestClock();

  function build(
    work: Pick<LeaseWork<number, number>, 'record' | 'claim' | 'run'> & Partial<LeaseWork<number, number>>,
    options: Partial<LeaseWorkerOptions> = {},
  ): void {
    errors = [];
    const onError = (error: unknown): unknown => errors.push(error);
    worker = new LeaseWorker<number, number>(
      { free: () => Promise.resolve(false), ...work },
      { store: STORE, clock, limit: 2, pollMs: LONG_MS, onError, ...options },
    );
  }

  afterEach(() => worker.stop(0));

  it('runs every job, at most `limit` at once, and records each end once', async () => {
    const left = Array.from({ length: 20 }, (_, i) => i);
    const ends: number[] = [];
    let running = 0;
    let most = 0;
    build({
      record: async (_trx, ended) => ends.push(...ended),
      claim: async (_trx, { limit }) => left.splice(0, limit),
      run: async (job) => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
        return job;
      },
    });
    worker.start();
    await until(() => ends.length === 20, 'all ends');
    expect(most).toBe(2);
    expect(ends.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('replaces a job as soon as it ends, while others still run', async () => {
    const left = [0, 1, 2, 3];
    const ends: number[] = [];
    build({
      record: async (_trx, ended) => ends.push(...ended),
      claim: async (_trx, { limit }) => left.splice(0, limit),
      run: (job, signal) =>
        job === 0
          ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(job)))
          : Promise.resolve(job),
    });
    worker.start();
    await until(() => ends.length === 3, 'the jobs that do not hang');
    expect(ends).toEqual([1, 2, 3]);
    await worker.stop(0);
    expect(ends).toEqual([1, 2, 3, 0]);
  });

  it('records the same ends again after a failed transaction, and reports an error once in a row', async () => {
    const left = [7];
    const recorded: number[][] = [];
    let claims = 0;
    let failures = 0;
    build(
      {
        record: async (_trx, ended) => {
          recorded.push([...ended]);
          if (failures < 3) {
            failures += 1;
            throw new Error('the database is unavailable');
          }
        },
        claim: async (_trx, { limit }) => {
          claims += 1;
          return left.splice(0, limit);
        },
        run: async (job) => job,
      },
      { pollMs: 1 },
    );
    worker.start();
    await until(() => claims >= 3, 'the worker to continue');
    expect(recorded).toEqual([[7], [7], [7], [7]]);
    expect(errors).toEqual([new Error('the database is unavailable')]);
  });

  it('survives a job that throws', async () => {
    const left = [1, 2];
    const ends: number[] = [];
    build(
      {
        record: async (_trx, ended) => ends.push(...ended),
        claim: async (_trx, { limit }) => left.splice(0, limit),
        run: async (job) => {
          if (job === 1) throw new Error('internal error');
          return job;
        },
      },
      { limit: 1 },
    );
    worker.start();
    await until(() => ends.length === 1, 'the other job');
    expect({ ends, errors }).toEqual({ ends: [2], errors: [new Error('internal error')] });
  });

  it('records what ends while it stops, and claims nothing more', async () => {
    const limits: number[] = [];
    const ends: number[] = [];
    let finish!: (end: number) => void;
    build({
      record: async (_trx, ended) => ends.push(...ended),
      claim: async (_trx, { limit }) => {
        limits.push(limit);
        return limits.length === 1 ? [1] : [];
      },
      run: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    worker.start();
    await until(() => finish !== undefined, 'the job');
    const stopped = worker.stop(LONG_MS);
    finish(1);
    await stopped;
    expect({ ends, limits }).toEqual({ ends: [1], limits: [2] });
  });

  it('counts the jobs in flight by their key', async () => {
    const counts: number[] = [];
    const left = [1, 3];
    build({
      record: async () => {},
      claim: async (_trx, { running }) => {
        counts.push(running('odd'));
        return left.splice(0, 1);
      },
      run: (job, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(job))),
      keyOf: () => 'odd',
    });
    worker.start();
    await until(() => counts.length === 1, 'the first claim');
    worker.wake();
    await until(() => counts.length === 2, 'the second claim');
    expect(counts).toEqual([0, 1]);
  });

  it('takes over all leases at the start on SQLite, then those that have ended', async () => {
    const calls: number[] = [];
    let claims = 0;
    build({
      record: async () => {},
      free: async (_trx, endedBeforeMs) => {
        calls.push(endedBeforeMs);
        return calls.length === 1;
      },
      claim: async () => {
        claims += 1;
        return [];
      },
      run: async (job) => job,
    });
    worker.start();
    await until(() => claims === 1, 'the claim after the second batch');
    worker.wake();
    await until(() => claims === 2, 'a turn within the same second');
    clock.advance(1_000);
    worker.wake();
    await until(() => calls.length === 3, 'a turn in the next second');
    expect(calls).toEqual([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, clock.now()]);
  });
});
