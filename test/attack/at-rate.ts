import { setTimeout as sleep } from 'node:timers/promises';

/** Begins something every 1/`perSecond`, whether or not what was begun has ended; returns when all has. */
export async function atRate(perSecond: number, seconds: number, begin: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const count = Math.round(perSecond * seconds);
  const running: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const waitMs = startedAt + (index * 1_000) / perSecond - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    running.push(begin());
  }
  await Promise.all(running);
}
