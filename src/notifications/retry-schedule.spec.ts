import { describe, expect, it } from '@jest/globals';
import type { Config } from '../config/config.js';
import { pollMsOf, RetrySchedule } from './retry-schedule.js';

const NOW_MS = 1_000_000;
const schedule = new RetrySchedule({
  notifications: { scheduleMs: [5_000, 30_000] },
} as unknown as Config);

describe('the poll of its workers', () => {
  it.each([
    [[5_000, 30_000], 500],
    [[30_000, 1_000], 250],
    [[200, 5_000], 50],
    [[1], 20],
    [[], 500],
  ])('for %j is %d ms', (scheduleMs, pollMs) => {
    expect(pollMsOf(scheduleMs)).toBe(pollMs);
  });
});

describe('RetrySchedule', () => {
  it.each([
    [1, 5_000],
    [2, 30_000],
  ])('waits after attempt %d for %d ms, and up to a tenth more', (attempts, waitMs) => {
    const waits = Array.from({ length: 200 }, () => schedule.next(attempts, NOW_MS)! - NOW_MS);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(waitMs);
    expect(Math.max(...waits)).toBeLessThanOrEqual(waitMs * 1.1);
    expect(new Set(waits).size).toBeGreaterThan(10);
  });

  it('ends', () => {
    expect(schedule.next(3, NOW_MS)).toBeNull();
    expect(schedule.next(3, NOW_MS, 60_000)).toBeNull();
  });

  it('waits for a longer Retry-After, one day at most', () => {
    expect(schedule.next(1, NOW_MS, 60_000)).toBe(NOW_MS + 60_000);
    expect(schedule.next(1, NOW_MS, 1_000)).toBeGreaterThanOrEqual(NOW_MS + 5_000);
    expect(schedule.next(1, NOW_MS, 10 * 86_400_000)).toBe(NOW_MS + 86_400_000);
  });
});
