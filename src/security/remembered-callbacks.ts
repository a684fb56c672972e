import type { Clock } from '../shared/clock.js';
import { sha256 } from './digest.js';

/** What a taken callback was about; undefined where it did not say. */
export interface ProcessedCallback {
  readonly paymentId: string | undefined;
}

interface Entry extends ProcessedCallback {
  readonly until: number;
}

/** Tolerance to both sides: so long one and the same signature stays valid. */
export const REPLAYABLE_MS = 600_000;
const MAX_ENTRIES = 100_000;

/**
 * The ids of signed callbacks that were taken, as long as their signatures are valid. In memory, so that a flood of replays
 * does not reach the database; what another replica took, or this one before it was started anew, the inbox finds there.
 */
export class RememberedCallbacks {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly maxEntries = MAX_ENTRIES,
  ) {}

  find(key: string): ProcessedCallback | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.until > this.clock.now() ? entry : undefined;
  }

  /** After it was written down, never before: the external sends again what was not acknowledged. */
  add(key: string, taken: ProcessedCallback): void {
    const now = this.clock.now();
    this.#entries.delete(key);
    this.#entries.set(key, { ...taken, until: now + REPLAYABLE_MS });
    // In the order in which they came, and so in which they end.
    for (const [oldest, { until }] of this.#entries) {
      if (until > now && this.#entries.size <= this.maxEntries) break;
      this.#entries.delete(oldest);
    }
  }
}

/** By what a signed callback is known when it comes again. Ids are up to 255 characters long; a digest is not. */
export function callbackKey(external: string, webhookId: string): string {
  return sha256(`${external} ${webhookId}`).toString('base64');
}
