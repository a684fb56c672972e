import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics.js';
import { StorageUnavailable } from '../persistence/store.js';
import { OutcomeRetryQueue } from './outcome-retry-queue.js';

const never = (): Promise<void> => new Promise(() => {});

describe('outcomes that the database did not store', () => {
  let metrics: Metrics;
  let queue: OutcomeRetryQueue;
  const stored: string[] = [];
  const store = (id: string) => async (): Promise<void> => void stored.push(id);

  beforeEach(() => {
    jest.useFakeTimers();
    Logger.overrideLogger(false);
    stored.length = 0;
    metrics = new Metrics();
    queue = new OutcomeRetryQueue(metrics);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('do not wait for one whose commit hangs', async () => {
    queue.add('hangs', never);
    for (let i = 0; i < 20; i++) queue.add(`op-${i}`, store(`op-${i}`));
    await jest.advanceTimersByTimeAsync(500);
    expect(stored).toHaveLength(20);
    expect(await metrics.text()).toContain('tollgate_outcomes_not_stored 1');
    expect([...queue.operationIds()]).toEqual(['hangs']);
  });

  it.each([
    ['StorageUnavailable', new StorageUnavailable('the server stops', 'not-committed')],
    ['RangeError', new RangeError('a stored integer is beyond 2^53')],
  ])('are retried after any error (%s)', async (_, error) => {
    let attempts = 0;
    queue.add('op', async () => {
      attempts += 1;
      if (attempts < 4) throw error;
      stored.push('op');
    });
    await jest.advanceTimersByTimeAsync(500 + 1_000 + 2_000);
    expect([attempts, stored.length]).toEqual([3, 0]);
    await jest.advanceTimersByTimeAsync(4_000);
    expect([attempts, stored.length, queue.operationIds().size]).toEqual([4, 1, 0]);
  });

  it('are retried once more at the end', async () => {
    queue.add('op', store('op'));
    await queue.onApplicationShutdown();
    expect(stored).toEqual(['op']);
  });
});
