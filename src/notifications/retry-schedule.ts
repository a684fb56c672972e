import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

/** So that what failed together does not come back together. Never earlier than the schedule says. */
const JITTER = 0.1;
/** However long the other side asks for. */
const LONGEST_RETRY_AFTER_MS = 86_400_000;

const LONGEST_POLL_MS = 500;
const SHORTEST_POLL_MS = 20;

/** How often to look for what is due: often enough that no wait of the schedule becomes longer by more than a quarter. */
export function pollMsOf(scheduleMs: readonly number[]): number {
  const quarterMs = Math.floor(Math.min(...scheduleMs) / 4);
  return Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_POLL_MS, quarterMs));
}

/** The schedule of `NOTIFICATION_SCHEDULE`, for deliveries and for the verification of callbacks (SPEC §5). */
@Injectable()
export class RetrySchedule {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * When to try again after `attempts` attempts, or null after the last one. `retryAfterMs` is what the other side asked for:
   * it puts the next attempt off, never forward.
   */
  next(attempts: number, nowMs: number, retryAfterMs = 0): number | null {
    const waitMs = this.config.notifications.scheduleMs[attempts - 1];
    if (waitMs === undefined) return null;
    const askedMs = Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
    return nowMs + Math.max(Math.round(waitMs * (1 + JITTER * Math.random())), askedMs);
  }
}
