import { describe, expect, it } from '@jest/globals';
import { TestClock } from '../../test/support/test-clock.js';
import { FixedWindows } from './fixed-windows.js';

describe('FixedWindows', () => {
  it('blocks from one above the limit to the end of the window', async () => {
    const clock = new TestClock();
    const windows = new FixedWindows(clock);
    const hit = async (key = 'a') => windows.increment(key, 2_500, 2);
    expect(await hit()).toEqual({ totalHits: 1, timeToExpire: 3, isBlocked: false, timeToBlockExpire: 0 });
    clock.advance(1_000);
    expect((await hit()).isBlocked).toBe(false);
    expect(await hit()).toEqual({ totalHits: 3, timeToExpire: 2, isBlocked: true, timeToBlockExpire: 2 });
    expect((await hit('b')).isBlocked).toBe(false);
    clock.advance(1_499);
    expect((await hit()).isBlocked).toBe(true);
    clock.advance(1);
    expect((await hit()).isBlocked).toBe(false);
  });

  it('forgets windows that are over, and the oldest if there are too many', async () => {
    const clock = new TestClock();
    const windows = new FixedWindows(clock, 3);
    const hit = async (key: string) => (await windows.increment(key, 1_000, 1)).totalHits;
    for (const key of ['a', 'b', 'c', 'd']) await hit(key);
    expect([await hit('d'), await hit('c'), await hit('b')]).toEqual([2, 2, 2]);
    expect(await hit('a')).toBe(1);
    clock.advance(1_000);
    expect([await hit('a'), await hit('d')]).toEqual([1, 1]);
  });
});
