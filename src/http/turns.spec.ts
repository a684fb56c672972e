import { expect, it } from '@jest/globals';
import { Turns } from './turns.js';

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
