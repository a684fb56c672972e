import type { InquiryResult } from '../payments/payment.inquiry.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { LeasedCallback } from './callback.repository.js';

/** How asking the external about one callback ended. */
export interface VerificationEnd {
  readonly callback: LeasedCallback;
  readonly durationMs: number;
  readonly verdict: VerificationVerdict;
}

export type VerificationVerdict =
  /** `settled`: no later answer can tell anything else. */
  | { readonly kind: 'confirmed'; readonly shopTransactionId: string | null; readonly settled: boolean }
  /** It cannot confirm it now: not reachable, or it has never seen the payment, which its own answer may be just about to tell. */
  | { readonly kind: 'unconfirmed'; readonly error: string; readonly retryAfterMs: number }
  /** The gateway itself did not ask: that is no attempt. */
  | { readonly kind: 'not-asked'; readonly retryAfterMs: number };

const NOT_ASKED_RETRY_MS = 1_000;

/** What the end of a question to the external means for the callback that brought it. */
export function verdictOf(outcome: ProviderOutcome<InquiryResult>): VerificationVerdict {
  switch (outcome.kind) {
    case 'completed': {
      const { status } = outcome.answer;
      return {
        kind: 'confirmed',
        shopTransactionId: status.shopTransactionId ?? null,
        // ACCEPTED never goes back (SPEC §4).
        settled: status.status === 'ACCEPTED',
      };
    }
    case 'rejected':
      return unconfirmed(
        outcome.reason === 'not-found'
          ? 'the external has never seen this payment'
          : `the external refused the question with status ${outcome.status}`,
      );
    case 'not-executed': {
      const { reason, detail, retryAfterMs } = outcome;
      const ownLimit =
        reason === 'concurrency-limit' || reason === 'circuit-open' || reason === 'shutting-down';
      if (ownLimit) return { kind: 'not-asked', retryAfterMs: retryAfterMs ?? NOT_ASKED_RETRY_MS };
      return unconfirmed(`${reason}: ${detail}`, retryAfterMs);
    }
    case 'unknown':
      return unconfirmed(`${outcome.reason}: ${outcome.detail}`);
    default:
      return outcome satisfies never;
  }
}

export function unconfirmed(error: string, retryAfterMs = 0): VerificationVerdict {
  return { kind: 'unconfirmed', error, retryAfterMs };
}

/** Nothing is known, and the same question may be put again soon. */
export const NOT_ASKED: VerificationVerdict = { kind: 'not-asked', retryAfterMs: NOT_ASKED_RETRY_MS };
