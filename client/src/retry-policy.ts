import type { TollgateError } from './tollgate-error.js';

/** How often, and how long after a failure, a call is sent again. */
export interface RetryPolicy {
  /** Attempts after the first. 0 disables retries. Default 2. */
  readonly maxRetries: number;
  /** Upper bound of the first random wait; it doubles with each retry. Default 500 ms. */
  readonly baseDelayMs: number;
  /** Upper bound of each random wait. Default 8 s. */
  readonly maxDelayMs: number;
  /** A longer `Retry-After` is not waited for: the call fails with `retryAfterMs`. Default 30 s. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxRetries: 2,
  baseDelayMs: 500,
  maxDelayMs: 8_000,
  maxRetryAfterMs: 30_000,
};

/** `read`: changes nothing. `keyed`: Tollgate executes it once per `Idempotency-Key`. `plain`: neither. */
export type Repeatability = 'read' | 'keyed' | 'plain';

/**
 * The milliseconds to wait before the same request is sent again, or undefined where it must not be. A retry never
 * executes twice: it repeats a read, a request that was not executed, or one with the same `Idempotency-Key`.
 * @param attempt Number of the attempt that failed, from 1.
 * @param random From 0 to 1: the jitter.
 */
export function retryDelayMs(
  failure: TollgateError,
  { repeatability, attempt, policy, random }: RetryContext,
): number | undefined {
  if (attempt > policy.maxRetries || !isRetryable(failure, repeatability)) return undefined;
  const { retryAfterMs = 0 } = failure;
  if (retryAfterMs > policy.maxRetryAfterMs) return undefined;
  const backoffMs = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
  // Full jitter after Retry-After too: callers that were refused together do not return together.
  return retryAfterMs + random * backoffMs;
}

export interface RetryContext {
  readonly repeatability: Repeatability;
  readonly attempt: number;
  readonly policy: RetryPolicy;
  readonly random: number;
}

function isRetryable(
  { code, outcome, problem, status, retryAfterMs }: TollgateError,
  repeatability: Repeatability,
): boolean {
  if (code === 'aborted') return false;
  // Another request holds the order: only its end changes the answer.
  if (code === 'duplicate-payment') return false;
  // Nothing was sent.
  if (problem === undefined && outcome === 'not-executed') return true;
  if (outcome === 'unknown') return repeatability === 'keyed';
  if (repeatability === 'read') return isPassing(status);
  return problem !== undefined && retryAfterMs !== undefined;
}

/** Whether a read may succeed later: a failure with a 2xx is a page of a proxy, as during maintenance. */
export function isPassing(status: number | undefined): boolean {
  return status === undefined || status < 300 || status === 429 || status >= 500;
}
