import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Clock } from '../shared/clock.js';

interface Window {
  hits: number;
  readonly endsAtMs: number;
}

type Hit = Awaited<ReturnType<ThrottlerStorage['increment']>>;

const MAX_WINDOWS = 100_000;

/**
 * Counts the requests of each caller in windows that begin with their first. In memory, and so per replica. One number
 * per caller: the throttler's own storage keeps a timer for each request. Above 100,000 callers the oldest window is
 * dropped.
 */
export class FixedWindows implements ThrottlerStorage {
  readonly #windows = new Map<string, Window>();

  constructor(
    private readonly clock: Clock,
    private readonly maxWindows = MAX_WINDOWS,
  ) {}

  async increment(key: string, windowMs: number, limit: number): Promise<Hit> {
    const now = this.clock.now();
    const window = this.#windowOf(key, now, windowMs);
    window.hits += 1;
    const secondsLeft = Math.ceil((window.endsAtMs - now) / 1_000);
    const isBlocked = window.hits > limit;
    return {
      totalHits: window.hits,
      timeToExpire: secondsLeft,
      isBlocked,
      timeToBlockExpire: isBlocked ? secondsLeft : 0,
    };
  }

  #windowOf(key: string, now: number, windowMs: number): Window {
    const present = this.#windows.get(key);
    if (present && present.endsAtMs > now) return present;
    this.#windows.delete(key);
    // In the order of their starts, and since all have the same length, of their ends.
    for (const [oldest, { endsAtMs }] of this.#windows) {
      if (endsAtMs > now && this.#windows.size < this.maxWindows) break;
      this.#windows.delete(oldest);
    }
    const window = { hits: 0, endsAtMs: now + windowMs };
    this.#windows.set(key, window);
    return window;
  }
}
