import { describe, expect, it } from '@jest/globals';
import { RecentCalls } from './recent-calls.js';

const MINUTE_MS = 60_000;

describe('RecentCalls', () => {
  it('has nothing to say before the first call', () => {
    expect(new RecentCalls().lastHour(0)).toBeUndefined();
  });

  it('counts the calls of the last hour, and those that failed', () => {
    const calls = new RecentCalls();
    for (let minute = 0; minute < 90; minute += 1) calls.record(minute * MINUTE_MS, 10, minute % 2 === 0);
    expect(calls.lastHour(89 * MINUTE_MS)).toMatchObject({ calls: 60, failed: 30 });
    expect(calls.lastHour(119 * MINUTE_MS)).toMatchObject({ calls: 30 });
    expect(calls.lastHour(149 * MINUTE_MS)).toBeUndefined();
  });

  it.each([1, 3, 42, 180, 2_500, 59_000])('reports a p95 of %d ms within a tenth', (durationMs) => {
    const calls = new RecentCalls();
    for (let call = 0; call < 90; call += 1) calls.record(0, 0.4, false);
    for (let call = 0; call < 10; call += 1) calls.record(0, durationMs, false);
    const { p95Ms } = calls.lastHour(0)!;
    expect(p95Ms / durationMs).toBeGreaterThan(0.9);
    expect(p95Ms / durationMs).toBeLessThan(1.1);
  });

  it('ignores the duration of calls that are slower than the slowest class', () => {
    const calls = new RecentCalls();
    calls.record(0, Number.MAX_SAFE_INTEGER, true);
    expect(calls.lastHour(0)).toMatchObject({ calls: 1, failed: 1 });
  });
});
