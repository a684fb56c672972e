import { describe, expect, it } from '@jest/globals';
import { newIdentifier } from '../shared/identifier.js';
import { nextWatchAt } from './watch-schedule.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 31, 12, 34, 56, 789);

describe('the schedule of watched subscriptions', () => {
  it('spreads 1,000,000 that became ACTIVE in one moment over a day without bursts', () => {
    const perMinute = new Uint32Array(1_440);
    const perSecond = new Uint32Array(86_400);
    let [first, last] = [Number.POSITIVE_INFINITY, 0];
    for (let i = 0; i < 1_000_000; i += 1) {
      const afterMs = nextWatchAt(newIdentifier('sub', NOW_MS), DAY_MS, NOW_MS) - NOW_MS;
      perMinute[Math.floor(afterMs / 60_000)]! += 1;
      perSecond[Math.floor(afterMs / 1_000)]! += 1;
      first = Math.min(first, afterMs);
      last = Math.max(last, afterMs);
    }
    expect(first).toBeGreaterThan(0);
    expect(last).toBeLessThanOrEqual(DAY_MS);
    // 694.4 a minute and 11.6 a second, as independent arrivals have: six standard deviations and a little.
    expect(Math.min(...perMinute)).toBeGreaterThan(694 - 160);
    expect(Math.max(...perMinute)).toBeLessThan(694 + 160);
    expect(perSecond.reduce((most, count) => Math.max(most, count), 0)).toBeLessThan(40);
  });

  it.each([
    ['at its start', 0],
    ['in the middle', 0.5],
    ['at its end', 1 - 1e-9],
  ])('queries each once in a period, at its own moment: %s', (_where, fraction) => {
    const digits = Math.floor(fraction * 16 ** 12)
      .toString(16)
      .padStart(12, '0');
    const id = `sub_0199f2a4-c7d1-7b3e-8f5a-${digits}`;
    let atMs = nextWatchAt(id, DAY_MS, NOW_MS);
    expect(atMs - NOW_MS).toBeGreaterThan(0);
    for (let i = 0; i < 3; i += 1) {
      const nextMs = nextWatchAt(id, DAY_MS, atMs);
      expect(nextMs - atMs).toBe(DAY_MS);
      // Also where the query was late.
      expect(nextWatchAt(id, DAY_MS, atMs + DAY_MS / 3)).toBe(nextMs);
      atMs = nextMs;
    }
  });
});
