import type { Clock } from '../shared/clock.js';
import { sha256 } from './digest.js';

/** What a taken callback was about; undefined where it did not say. */
export interface TakenCallback {
  readonly paymentId: string | undefined;
}

interface Entry extends TakenCallback {
  readonly until: number;
}

/** Tolerance to both sides: so long one and the same signature stays valid. */
const KEPT_MS = 600_000;
const MAX_ENTRIES = 100_000;

/**
 * The ids of signed callbacks that were taken, as long as their signatures are valid. Per replica and in memory: one that
 * is replayed after a restart, to another replica, or after 100,000 others costs its external one status question, whose answer
 * is believed instead of the callback.
 */
export class RememberedCallbacks {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly maxEntries = MAX_ENTRIES,
  ) {}

  find(external: string, webhookId: string): TakenCallback | undefined {
    const entry = this.#entries.get(keyOf(external, webhookId));
    return entry && entry.until > this.clock.now() ? entry : undefined;
  }

  /** After it was written down, never before: the external sends again what was not acknowledged. */
  add(external: string, webhookId: string, taken: TakenCallback): void {
    const now = this.clock.now();
    const key = keyOf(external, webhookId);
    this.#entries.delete(key);
    this.#entries.set(key, { ...taken, until: now + KEPT_MS });
    // In the order in which they came, and so in which they end.
    for (const [oldest, { until }] of this.#entries) {
      if (until > now && this.#entries.size <= this.maxEntries) break;
      this.#entries.delete(oldest);
    }
  }
}

/** Ids are up to 255 characters long; a digest is not. */
function keyOf(external: string, webhookId: string): string {
  return sha256(`${external} ${webhookId}`).toString('base64');
}
