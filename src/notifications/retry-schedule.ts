import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

/** Spreads retries of simultaneous failures. Never earlier than the schedule. */
const JITTER = 0.1;
/** The longest `Retry-After` that is honoured. */
const LONGEST_RETRY_AFTER_MS = 86_400_000;

const LONGEST_POLL_MS = 500;
const SHORTEST_POLL_MS = 20;

/** How often to look for due rows: often enough that no wait of the schedule grows by more than a quarter. */
export function pollMsOf(scheduleMs: readonly number[]): number {
  const quarterMs = Math.floor(Math.min(...scheduleMs) / 4);
  return Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_POLL_MS, quarterMs));
}

/** The schedule of `NOTIFICATION_SCHEDULE`, for deliveries and for the verification of callbacks (SPEC §5). */
@Injectable()
export class RetrySchedule {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * When to retry after `attempts` attempts; null after the last one. `retryAfterMs` is the other side's
   * `Retry-After`: it can only delay the next attempt.
   */
  next(attempts: number, nowMs: number, retryAfterMs = 0): number | null {
    const waitMs = this.config.notifications.scheduleMs[attempts - 1];
    if (waitMs === undefined) return null;
    const requestedMs = Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
    return nowMs + Math.max(Math.round(waitMs * (1 + JITTER * Math.random())), requestedMs);
  }
}
