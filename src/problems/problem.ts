import type { FieldError } from '../rules/field-error.js';

/**
 * Every error that a caller can receive (SPEC §3). `src/http/problem-catalogue.ts` has status, title and explanation
 * of each.
 */
export const PROBLEM_CODES = [
  'validation-failed',
  'unauthenticated',
  'forbidden',
  'not-found',
  'external-not-found',
  'payment-not-found',
  'refund-not-found',
  'subscription-not-found',
  'method-not-allowed',
  'request-timeout',
  'idempotency-conflict',
  'duplicate-payment',
  'payment-not-pending',
  'repeated-without-key',
  'conflict',
  'payload-too-large',
  'uri-too-long',
  'unsupported-media-type',
  'idempotency-key-reused',
  'refund-exceeds-payment',
  'provider-rejected',
  'rate-limited',
  'headers-too-large',
  'internal-error',
  'operation-not-supported',
  'provider-error',
  'invalid-provider-response',
  'provider-unavailable',
  'overloaded',
  'recovering',
  'shutting-down',
  'authentication-unavailable',
  'storage-unavailable',
  'provider-timeout',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** Whether the money may have moved (SPEC §3): after `not-executed` a retry is safe, after `unknown` it is not. */
export type Outcome = 'not-executed' | 'unknown';

export interface ProblemOptions {
  readonly outcome?: Outcome;
  /** With `validation-failed`: each field that is wrong. */
  readonly errors?: readonly FieldError[];
  /** How long the caller should wait before it retries. */
  readonly retryAfterMs?: number;
  /** Additional members of the problem document, such as the `paymentId` of a duplicate. */
  readonly members?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An error that a caller receives as a problem document. A decline is a value, never a `Problem`. */
export class Problem extends Error {
  readonly outcome: Outcome | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterMs: number | undefined;
  readonly members: Readonly<Record<string, string>> | undefined;

  constructor(
    readonly code: ProblemCode,
    /** One sentence about this occurrence, for a person. */
    readonly detail: string,
    { outcome, errors, retryAfterMs, members, cause }: ProblemOptions = {},
  ) {
    super(`${code}: ${detail}`, cause === undefined ? undefined : { cause });
    this.name = 'Problem';
    this.outcome = outcome;
    this.errors = errors;
    this.retryAfterMs = retryAfterMs;
    this.members = members;
  }
}
