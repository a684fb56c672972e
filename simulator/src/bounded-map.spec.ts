import { describe, expect, it } from '@jest/globals';
import { BoundedMap } from './bounded-map.js';

describe('BoundedMap', () => {
  it('drops the oldest tenth of the evictable entries', () => {
    const dropped: number[] = [];
    const map = new BoundedMap<number>({
      max: 20,
      isEvictable: (value) => value % 2 === 0,
      onDrop: (value) => dropped.push(value),
    });
    for (let value = 0; value <= 20; value += 1) map.set(String(value), value);
    expect(dropped).toEqual([0, 2, 4]);
    expect([map.size, map.dropped]).toEqual([18, 3]);
    expect(map.get('1')).toBe(1);
  });

  it('stays bounded where nothing is evictable, and keeps the newest', () => {
    const map = new BoundedMap<number>({ max: 10, isEvictable: () => false });
    for (let value = 0; value < 1_000; value += 1) {
      map.set(String(value), value);
      expect(map.size).toBeLessThanOrEqual(10);
      expect(map.get(String(value))).toBe(value);
    }
    const tiny = new BoundedMap<number>({ max: 1 });
    tiny.set('a', 1);
    tiny.set('b', 2);
    expect([tiny.size, tiny.get('b')]).toEqual([1, 2]);
  });
});
