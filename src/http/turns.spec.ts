import { expect, it } from '@jest/globals';
import { PacedTurns, Turns } from './turns.js';

it('begins as many as a tick has, then the rest in their order, and refuses what is too much', () => {
  const turns = new Turns(2, 3);
  const begun: number[] = [];
  const accepted = [1, 2, 3, 4, 5, 6].map((one) => turns.begin(() => begun.push(one)));
  expect([accepted, begun]).toEqual([
    [true, true, true, true, true, false],
    [1, 2],
  ]);
  turns.tick();
  expect(begun).toEqual([1, 2, 3, 4]);
  expect(turns.begin(() => begun.push(7))).toBe(true);
  turns.tick();
  expect(begun).toEqual([1, 2, 3, 4, 5, 7]);
  turns.tick();
  turns.begin(() => begun.push(8));
  expect(begun.at(-1)).toBe(8);
});

it('leaves nineteen twentieths of the time to others, however long paced work takes, and keeps its order', async () => {
  const turns = new PacedTurns();
  const begun: number[] = [];
  const ended = Promise.withResolvers<void>();
  let workMs = 0;
  const startedAt = performance.now();
  for (let each = 0; each < 10; each += 1) {
    turns.begin(() => {
      const since = performance.now();
      // What a promise goes on with counts as well.
      void Promise.resolve().then(() => {
        while (performance.now() - since < 5);
        workMs += performance.now() - since;
        if (begun.push(each) === 10) ended.resolve();
      });
    });
  }
  await ended.promise;
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  // The last has no pause; one of more than 5 ms, on a machine that is busy, has a shorter one.
  expect((performance.now() - startedAt) / Math.min(workMs, 60)).toBeGreaterThan(14);
});

it('begins paced work at once where none waits', async () => {
  const turns = new PacedTurns();
  for (const each of [1, 2]) {
    let begun = 0;
    turns.begin(() => (begun = each));
    expect(begun).toBe(each);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
});
