import type { InquiryResult } from '../payments/payment.inquiry.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { LeasedCallback } from './callback.repository.js';

/** How the status query about one callback ended. */
export interface VerificationEnd {
  readonly callback: LeasedCallback;
  readonly durationMs: number;
  readonly outcome: VerificationOutcome;
}

export type VerificationOutcome =
  /** `settled`: the status is final, no later answer can differ. */
  | { readonly kind: 'confirmed'; readonly shopTransactionId: string | null; readonly settled: boolean }
  /**
   * The external is not reachable, or does not know the payment: its answer to the call that creates it may still be
   * on the way.
   */
  | {
      readonly kind: 'unconfirmed';
      readonly error: string;
      readonly retryAfterMs: number;
      /** How many status queries the callback is worth; undefined: as many as the schedule has. */
      readonly maxAttempts?: number;
    }
  /** The gateway itself did not query the external: no attempt. */
  | { readonly kind: 'not-queried'; readonly retryAfterMs: number };

const NOT_QUERIED_RETRY_MS = 1_000;
/**
 * Of a callback without credentials: enough for an external that sends it before it has stored the payment (two and a
 * half minutes by default). A payment that the ledger knows is queried by reconciliation besides.
 */
const MAX_NEVER_SEEN = 4;

/** What the answer about a payment means for the callback that named it. */
export function confirmedBy({ status }: InquiryResult): VerificationOutcome {
  return {
    kind: 'confirmed',
    shopTransactionId: status.shopTransactionId ?? null,
    // ACCEPTED is final (SPEC §4).
    settled: status.status === 'ACCEPTED',
  };
}

/** Even an accepted refund can fail later, and a subscription can change at any time (SPEC §4). */
export const CONFIRMED: VerificationOutcome = {
  kind: 'confirmed',
  shopTransactionId: null,
  settled: false,
};

/** A callback of a refund that no query can confirm: an operator must. */
export const NO_REFUND_QUERY: VerificationOutcome = {
  ...unconfirmed('the external offers no query for refunds'),
  maxAttempts: 1,
};

/** A callback of a subscription that no query can confirm, likewise. */
export const NO_SUBSCRIPTION_QUERY: VerificationOutcome = {
  ...unconfirmed('the external offers no query for subscriptions'),
  maxAttempts: 1,
};

/** What a status query without an answer means for the callback that caused it. */
export function unconfirmedBy(
  outcome: Exclude<ProviderOutcome<never>, { kind: 'completed' }>,
  subject: 'payment' | 'refund' | 'subscription',
  isFromAnyone: boolean,
): VerificationOutcome {
  switch (outcome.kind) {
    case 'rejected': {
      if (outcome.reason !== 'not-found') {
        return unconfirmed(`the external rejected the status query with status ${outcome.status}`);
      }
      return neverSeen(`the external does not know this ${subject}`, isFromAnyone);
    }
    case 'not-executed': {
      const { reason, detail, retryAfterMs } = outcome;
      const ownLimit =
        reason === 'concurrency-limit' || reason === 'circuit-open' || reason === 'shutting-down';
      if (ownLimit) return { kind: 'not-queried', retryAfterMs: retryAfterMs ?? NOT_QUERIED_RETRY_MS };
      return unconfirmed(`${reason}: ${detail}`, retryAfterMs);
    }
    case 'unknown':
      return unconfirmed(`${outcome.reason}: ${outcome.detail}`);
    default:
      return outcome satisfies never;
  }
}

/** `error` says who does not know what the callback names. */
export function neverSeen(error: string, isFromAnyone: boolean): VerificationOutcome {
  return { ...unconfirmed(error), ...(isFromAnyone && { maxAttempts: MAX_NEVER_SEEN }) };
}

export function unconfirmed(
  error: string,
  retryAfterMs = 0,
): Extract<VerificationOutcome, { kind: 'unconfirmed' }> {
  return { kind: 'unconfirmed', error, retryAfterMs };
}

/** Nothing is known, and the query may be repeated soon. */
export const NOT_QUERIED: VerificationOutcome = { kind: 'not-queried', retryAfterMs: NOT_QUERIED_RETRY_MS };
