import { expect, it } from '@jest/globals';
import { PacedTurns, Turns, type Waiting } from './turns.js';

/** Work of a source, whose begin and refusal are noted by name. */
function noted(source: string, name: string, notes: string[], isWanted = (): boolean => true): Waiting {
  return {
    source: () => source,
    begin: () => void notes.push(name),
    refuse: () => void notes.push(`no ${name}`),
    isWanted,
  };
}

it('begins as many as a tick has, then the rest in their order, and refuses what is too much', () => {
  const turns = new Turns(2, 3);
  const notes: string[] = [];
  for (const name of ['1', '2', '3', '4', '5', '6']) turns.begin(noted('a', name, notes));
  expect(notes.splice(0)).toEqual(['1', '2', 'no 6']);
  turns.tick();
  expect(notes.splice(0)).toEqual(['3', '4']);
  turns.begin(noted('a', '7', notes));
  turns.tick();
  expect(notes.splice(0)).toEqual(['5', '7']);
  turns.tick();
  turns.begin(noted('a', '8', notes));
  expect(notes).toEqual(['8']);
});

it('gives sources turns, and refuses the newest of the one that has most', () => {
  const turns = new Turns(2, 4);
  const notes: string[] = [];
  for (const name of ['1', '2', '3', '4', '5', '6']) turns.begin(noted('flood', name, notes));
  turns.begin(noted('other', 'caller', notes));
  expect(notes.splice(0)).toEqual(['1', '2', 'no 6']);
  turns.tick();
  expect(notes).toEqual(['3', 'caller']);
});

it('counts no work whose client has gone', () => {
  const turns = new Turns(1, 2);
  const notes: string[] = [];
  let gone = false;
  turns.begin(noted('a', '1', notes));
  for (const name of ['2', '3']) turns.begin(noted('a', name, notes, () => !gone));
  gone = true;
  turns.begin(noted('a', '4', notes));
  turns.begin(noted('b', '5', notes));
  turns.tick();
  expect(notes).toEqual(['1', '4']);
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
