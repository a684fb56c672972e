import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../test/support/until.js';
import { WorkerLoop } from './worker-loop.js';

const LONG_MS = 3_600_000;

/** Everything that a loop does without waiting for its poll is done after it. */
function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('WorkerLoop', () => {
  let loop: WorkerLoop;
  afterEach(() => loop.stop());

  it('runs again at once while there is more, and then waits', async () => {
    let turns = 0;
    const idle = Promise.withResolvers<void>();
    loop = new WorkerLoop(
      async () => {
        turns += 1;
        if (turns === 3) idle.resolve();
        return { more: turns < 3 };
      },
      LONG_MS,
      () => {},
    );
    loop.start();
    await idle.promise;
    await turnOfTheEventLoop();
    expect(turns).toBe(3);
  });

  it('never runs two turns at once, and forgets no hint', async () => {
    let running = 0;
    let most = 0;
    let turns = 0;
    const second = Promise.withResolvers<void>();
    loop = new WorkerLoop(
      async () => {
        running += 1;
        most = Math.max(most, running);
        turns += 1;
        if (turns === 1) for (let i = 0; i < 5; i += 1) loop.wake();
        await Promise.resolve();
        running -= 1;
        if (turns === 2) second.resolve();
        return { more: false };
      },
      LONG_MS,
      () => {},
    );
    loop.start();
    await second.promise;
    await turnOfTheEventLoop();
    expect({ most, turns }).toEqual({ most: 1, turns: 2 });
  });

  it('begins the next turn when a turn has chosen, and is not stalled until then', async () => {
    const chosenMs = [1, LONG_MS];
    const second = Promise.withResolvers<void>();
    loop = new WorkerLoop(
      async () => {
        if (chosenMs.length === 1) second.resolve();
        return { nextInMs: chosenMs.shift()! };
      },
      0,
      () => {},
    );
    loop.start();
    await second.promise;
    await turnOfTheEventLoop();
    expect(chosenMs).toEqual([]);
    expect(loop.stalledMs).toBe(0);
  });

  it('reports an error, and polls again', async () => {
    const errors: unknown[] = [];
    const again = Promise.withResolvers<void>();
    let turns = 0;
    loop = new WorkerLoop(
      async () => {
        turns += 1;
        if (turns === 1) throw new Error('first');
        again.resolve();
        return { more: false };
      },
      1,
      (error) => errors.push(error),
    );
    loop.start();
    await again.promise;
    expect(errors).toEqual([new Error('first')]);
  });

  it('runs each turn outside the scope of the request that woke it', async () => {
    const scope = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const woken = Promise.withResolvers<void>();
    loop = new WorkerLoop(
      async () => {
        seen.push(scope.getStore());
        if (seen.length === 2) woken.resolve();
        return { more: false };
      },
      LONG_MS,
      () => {},
    );
    loop.start();
    await turnOfTheEventLoop();
    scope.run('a request', () => loop.wake());
    await woken.promise;
    expect(seen).toEqual([undefined, undefined]);
  });

  it('is stalled while a turn hangs, and neither between turns nor once it is stopped', async () => {
    const hanging = Promise.withResolvers<{ more: boolean }>();
    loop = new WorkerLoop(
      () => hanging.promise,
      0,
      () => {},
    );
    expect(loop.stalledMs).toBe(0);
    loop.start();
    await until(() => loop.stalledMs > 20, 'the loop to be stalled');
    hanging.resolve({ more: false });
    await loop.stop();
    expect(loop.stalledMs).toBe(0);
    const ended = Promise.withResolvers<void>();
    loop = new WorkerLoop(
      async () => {
        ended.resolve();
        return { more: false };
      },
      LONG_MS,
      () => {},
    );
    loop.start();
    await ended.promise;
    await turnOfTheEventLoop();
    expect(loop.stalledMs).toBe(0);
  });
});
