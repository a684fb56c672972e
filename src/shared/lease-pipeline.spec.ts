import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../test/support/until.js';
import { LeasePipeline, type PipelineSteps } from './lease-pipeline.js';

const LONG_MS = 3_600_000;

describe('LeasePipeline', () => {
  let pipeline: LeasePipeline<number, number>;
  let errors: unknown[] = [];

  function build(steps: PipelineSteps<number, number>, limit = 2, pollMs = LONG_MS): void {
    errors = [];
    pipeline = new LeasePipeline(steps, { limit, pollMs, onError: (error) => errors.push(error) });
  }

  afterEach(() => pipeline.stop(0));

  it('does everything, no more than the limit at once, and tells each end once', async () => {
    const left = Array.from({ length: 20 }, (_, i) => i);
    const ends: number[] = [];
    let running = 0;
    let most = 0;
    build({
      exchange: async (ended, room) => {
        ends.push(...ended);
        return left.splice(0, room);
      },
      run: async (job) => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
        return job;
      },
    });
    pipeline.start();
    await until(() => ends.length === 20, 'all ends');
    expect(most).toBe(2);
    expect(ends.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('gives the place of one that ends to another, whatever the rest does', async () => {
    const left = [0, 1, 2, 3];
    const ends: number[] = [];
    build({
      exchange: async (ended, room) => {
        ends.push(...ended);
        return left.splice(0, room);
      },
      run: (job, signal) =>
        job === 0
          ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(job)))
          : Promise.resolve(job),
    });
    pipeline.start();
    await until(() => ends.length === 3, 'those that do not hang');
    expect(ends).toEqual([1, 2, 3]);
    await pipeline.stop(0);
    expect(ends).toEqual([1, 2, 3, 0]);
  });

  it('tells ends again that could not be recorded, and an error once in a row', async () => {
    const left = [7];
    const told: number[][] = [];
    let failures = 0;
    build(
      {
        exchange: async (ended, room) => {
          told.push([...ended]);
          if (ended.length > 0 && failures < 3) {
            failures += 1;
            throw new Error('the database is away');
          }
          return left.splice(0, room);
        },
        run: async (job) => job,
      },
      2,
      1,
    );
    pipeline.start();
    await until(() => told.length >= 6, 'it to come back');
    expect(told.slice(1, 5)).toEqual([[7], [7], [7], [7]]);
    expect(told.slice(5).flat()).toEqual([]);
    expect(errors).toEqual([new Error('the database is away')]);
  });

  it('survives a job that throws', async () => {
    const left = [1, 2];
    const ends: number[] = [];
    build(
      {
        exchange: async (ended, room) => {
          ends.push(...ended);
          return left.splice(0, room);
        },
        run: async (job) => {
          if (job === 1) throw new Error('a defect');
          return job;
        },
      },
      1,
    );
    pipeline.start();
    await until(() => ends.length === 1, 'the other one');
    expect({ ends, errors }).toEqual({ ends: [2], errors: [new Error('a defect')] });
  });

  it('records what ends while it stops, and claims nothing more', async () => {
    const rooms: number[] = [];
    const ends: number[] = [];
    let finish!: (end: number) => void;
    build({
      exchange: async (ended, room) => {
        ends.push(...ended);
        rooms.push(room);
        return rooms.length === 1 ? [1] : [];
      },
      run: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    pipeline.start();
    await until(() => finish !== undefined, 'the job');
    const stopped = pipeline.stop(LONG_MS);
    finish(1);
    await stopped;
    expect({ ends, rooms }).toEqual({ ends: [1], rooms: [2, 0] });
  });
});
