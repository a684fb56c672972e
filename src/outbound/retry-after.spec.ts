import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryAfterMs } from './retry-after.js';

const EXTERNAL = { shortestMs: 1_000, longestMs: 3_600_000 };

const NOW_MS = Date.UTC(2026, 0, 1, 12, 0, 0);

describe('retryAfterMs', () => {
  it.each([
    ['7', 7_000],
    [' 7 ', 7_000],
    ['0', 1_000],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['999999999', 3_600_000],
    ['99999999999999999999', 3_600_000],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 1_000],
    ['Fri, 02 Jan 2026 12:00:00 GMT', 3_600_000],
    ['Thu, 99 Foo 2026 12:00:30 GMT', 1_000],
    ['-5', 1_000],
    ['1.5', 1_500],
    ['99999999999', 3_600_000],
    ['1e3', 1_000],
    ['120 seconds', 120_000],
    ['+7', 7_000],
    ['Thu, 31 Dec 2099 23:59:59 GMT', 3_600_000],
    ['Sat, 01 Jan 10000 00:00:00 GMT', 1_000],
    ['Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
    ['Thu Jan  1 12:00:30 2026', 30_000],
    ['Thu, 01 Jan 2026 12:00:30 +0200', 1_000],
    ['soon', 1_000],
    ['', 1_000],
    [undefined, 1_000],
  ])('reads %j as %d ms', (header, expected) => {
    expect(retryAfterMs(header, NOW_MS, EXTERNAL)).toBe(expected);
  });

  it('stays within the bounds for any header', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const waitMs = retryAfterMs(header, NOW_MS, EXTERNAL);
        expect(waitMs).toBeGreaterThanOrEqual(1_000);
        expect(waitMs).toBeLessThanOrEqual(3_600_000);
      }),
    );
  });
});
