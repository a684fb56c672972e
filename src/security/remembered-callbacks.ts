import type { SignedCallback } from '../http/request-context.js';
import type { Clock } from '../shared/clock.js';
import { sha256 } from './digest.js';

/** The payment that a processed callback names, if any. */
export interface ProcessedCallback {
  readonly paymentId: string | undefined;
}

interface Entry extends ProcessedCallback {
  readonly until: number;
}

/** How long one signature stays valid: the tolerance to both sides. */
export const REPLAYABLE_MS = 600_000;
const MAX_ENTRIES = 100_000;

/**
 * The ids of processed signed callbacks, while their signatures are valid. In memory, so that a flood of replays does
 * not reach the database. The inbox finds there what another replica, or this one before a restart, has processed.
 */
export class RememberedCallbacks {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly maxEntries = MAX_ENTRIES,
  ) {}

  find(signed: SignedCallback): ProcessedCallback | undefined {
    const entry = this.#entries.get(entryKey(signed));
    return entry && entry.until > this.clock.now() ? entry : undefined;
  }

  /** Call it after the callback is stored, never before: the external sends again what is not acknowledged. */
  add(signed: SignedCallback, taken: ProcessedCallback): void {
    const now = this.clock.now();
    const key = entryKey(signed);
    this.#entries.delete(key);
    this.#entries.set(key, { ...taken, until: now + REPLAYABLE_MS });
    // In the order of arrival, and so of expiry.
    for (const [oldest, { until }] of this.#entries) {
      if (until > now && this.#entries.size <= this.maxEntries) break;
      this.#entries.delete(oldest);
    }
  }
}

/**
 * Identifies a signed callback when it comes again: by its id, and by what is signed, since a sender may use one id
 * for two messages. Digests, since ids may have 255 characters.
 */
export function signedCallback(
  external: string,
  webhookId: string,
  content: Buffer | string,
): SignedCallback {
  return {
    key: sha256(`${external} ${webhookId}`).toString('base64'),
    digest: sha256(content).toString('base64'),
  };
}

function entryKey({ key, digest }: SignedCallback): string {
  return `${key}.${digest}`;
}
