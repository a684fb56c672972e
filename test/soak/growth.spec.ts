import { expect, it } from '@jest/globals';
import { growth, type Reading } from './growth.js';

const START: Reading = {
  residentMiB: 200,
  heapMiB: 60,
  externalMiB: 10,
  descriptors: 60,
  timers: 20,
  handles: 40,
  payments: 1_000,
  operations: 2_000,
  logBytes: 0,
  databaseBytes: 4_000_000,
};

/** So long after the start, with what grows as it may. */
function after(steps: number, changes: Partial<Reading> = {}): Reading {
  return {
    ...START,
    payments: 1_000 + steps * 9_000,
    operations: 2_000 + steps * 18_000,
    logBytes: steps * 180_000,
    databaseBytes: 4_000_000 + steps * 9_000_000,
    ...changes,
  };
}

it('takes for flat what grows with the requests alone', () => {
  expect(growth(START, after(1), after(2, { residentMiB: 215, timers: 60, heapMiB: 64 }))).toEqual([]);
});

it.each<[string, Partial<Reading>]>([
  ['residentMiB', { residentMiB: 225 }],
  ['heapMiB', { heapMiB: 67 }],
  ['descriptors', { descriptors: 125 }],
  ['timers', { timers: 121 }],
  ['handles', { handles: 73 }],
  ['databaseBytes', { databaseBytes: after(2).databaseBytes * 1.2 }],
  ['logBytes', { logBytes: after(2).logBytes * 1.2 }],
])('finds that %s has grown', (name, changes) => {
  const problems = growth(START, after(1), after(2, changes));
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
});
