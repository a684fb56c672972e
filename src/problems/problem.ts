import type { FieldError } from '../rules/field-error.js';
import { maskCardNumbers, maskCardNumbersIn } from '../sensitive/card-number.js';

/** Whether the money may have moved (SPEC §3): `not-executed` is safe to try again, `unknown` may have happened. */
export type Outcome = 'not-executed' | 'unknown';

/** What else a problem's document may carry (SPEC §3). */
export interface ProblemExtras {
  readonly outcome?: Outcome;
  readonly errors?: readonly FieldError[];
  /** Becomes the `Retry-After` header, in whole seconds, rounded up. */
  readonly retryAfterMs?: number;
  /** Members of the document's own, such as the `paymentId` of a duplicate. */
  readonly members?: Readonly<Record<string, string>>;
  /** Headers of the answer, such as `Allow` or `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What it means and what to do, for the page at `/problems/{code}`. */
  readonly explanation: string;
}

/** Every code that the gateway can answer (SPEC §3; the last rows are HTTP's own and the admin's). */
export const PROBLEMS = {
  'validation-failed': {
    status: 400,
    title: 'The request breaks the contract',
    explanation:
      'A body, query, path or header value is missing, malformed or unknown. `errors` names each place by a JSON pointer. Nothing was executed: correct the request and send it again.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credentials',
    explanation:
      'The request carries no credentials, or wrong ones. Callers send an API key as `Authorization: Bearer …` or `X-Api-Key: …`; externals the credentials of their `callbackAuth`. Nothing was executed.',
  },
  forbidden: {
    status: 403,
    title: 'These credentials do not allow this',
    explanation:
      'The credentials are right but lack the scope for this operation, or are for another external, or the address may not call here. Nothing was executed.',
  },
  'not-found': { status: 404, title: 'No such resource', explanation: 'There is nothing at this path.' },
  'external-not-found': {
    status: 404,
    title: 'No such external',
    explanation:
      'The `{external}` in the path is not the exact name of a configured service. Nothing was executed.',
  },
  'payment-not-found': {
    status: 404,
    title: 'The external does not know this payment',
    explanation: 'The external says that it has never seen this `paymentId`. Nothing was executed.',
  },
  'subscription-not-found': {
    status: 404,
    title: 'The external does not know this subscription',
    explanation: 'The external says that it has never seen this `subscriptionToken`. Nothing was executed.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This path does not take this method',
    explanation: 'The `Allow` header lists the methods that it takes. Nothing was executed.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request came too slowly',
    explanation:
      'The request was not complete in time, and the connection was closed. Nothing was executed: send it again.',
  },
  'idempotency-conflict': {
    status: 409,
    title: 'The first request with this key is still running',
    explanation:
      'A request with the same `Idempotency-Key` is under way, and may yet execute. Repeat the same request with the same key a little later to get its answer.',
  },
  'duplicate-payment': {
    status: 409,
    title: 'This shopTransactionId already has a payment',
    explanation:
      'The external already has a payment with this `shopTransactionId` that is running, pending, accepted or of unknown outcome; `paymentId` and `paymentStatus` name it. This request was not executed. A failed payment may be tried again.',
  },
  conflict: {
    status: 409,
    title: 'The present state does not allow this',
    explanation: 'What was asked for does not fit the state that the resource is in; `detail` says which.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation: 'A body may have 128 KiB at most. Nothing was executed.',
  },
  'uri-too-long': {
    status: 414,
    title: 'The path or the query is too long',
    explanation: 'A path may have 4 KiB at most, a query 8 KiB. Nothing was executed.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body must be application/json',
    explanation: 'Send the body as JSON with `Content-Type: application/json`. Nothing was executed.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'This key was used for another request',
    explanation:
      'The `Idempotency-Key` belongs to an earlier request with a different body. This request was not executed: use a new key for a new request.',
  },
  'refund-exceeds-payment': {
    status: 422,
    title: 'The payment does not cover this refund',
    explanation:
      'The refunds of this payment, running ones included, would exceed its amount, or the currency differs, or the payment is not accepted. The refund was not executed.',
  },
  'provider-rejected': {
    status: 422,
    title: 'The external refused the request',
    explanation:
      'The external answered with a client error; its own words are in `detail`. Nothing was executed.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    explanation: 'This caller is over its limit. Wait for `Retry-After` seconds. Nothing was executed.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    explanation: 'All headers together may have 16 KiB at most. Nothing was executed.',
  },
  'internal-error': {
    status: 500,
    title: 'A defect in the gateway',
    explanation:
      'This is a defect: please report it with the `requestId`. For an operation that moves money, treat the outcome as unknown.',
  },
  'operation-not-supported': {
    status: 501,
    title: 'This external does not offer the operation',
    explanation:
      'The operation is switched off for this external, or the external does not implement it. Nothing was executed.',
  },
  'provider-error': {
    status: 502,
    title: 'The external failed',
    explanation:
      'The external answered with an error, was cut off, refused the gateway’s credentials or could not be reached. `outcome` says whether the operation may have happened.',
  },
  'invalid-provider-response': {
    status: 502,
    title: 'The external’s answer breaks the contract',
    explanation:
      'The external answered something that the contract does not allow. The operation may have happened.',
  },
  'provider-unavailable': {
    status: 503,
    title: 'The external cannot be called now',
    explanation:
      'The external’s circuit breaker is open, its concurrency limit is reached, or it asked for fewer calls. Nothing was executed: wait for `Retry-After` seconds.',
  },
  'shutting-down': {
    status: 503,
    title: 'The gateway is stopping',
    explanation: 'This replica is shutting down. `outcome` says whether the operation may have happened.',
  },
  'authentication-unavailable': {
    status: 503,
    title: 'The credentials cannot be checked now',
    explanation:
      'The issuer of this access token cannot be asked for its keys, so the token can be neither accepted nor refused. Nothing was executed: wait for `Retry-After` seconds and send the same request again.',
  },
  'storage-unavailable': {
    status: 503,
    title: 'The gateway’s database cannot be used now',
    explanation: 'The database cannot be used now. `outcome` says whether the operation may have happened.',
  },
  'provider-timeout': {
    status: 504,
    title: 'The external did not answer in time',
    explanation:
      'No answer came within the time limit. The operation may have happened: ask `/status`, wait for the notification, or retry with the same `Idempotency-Key`.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A fault that a caller is told of; the problem filter alone turns it into an answer. A decline is a value, never this. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${code}: ${detail}`, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = 'Problem';
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** RFC 9457's document, in the order of SPEC §3. */
export type ProblemDocument = {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: ProblemCode;
  requestId: string;
  outcome?: Outcome;
  errors?: readonly FieldError[];
} & Record<string, unknown>;

/**
 * The document of `problem` for the request with path `instance` (no query: it may hold what must not be echoed). What it says in words
 * may quote somebody: a card number is masked here, whoever forgot to.
 */
export function problemDocument(problem: Problem, instance: string, requestId: string): ProblemDocument {
  const { outcome, errors, members } = problem.extras;
  return {
    type: `/problems/${problem.code}`,
    title: PROBLEMS[problem.code].title,
    status: problem.status,
    detail: maskCardNumbers(problem.detail),
    instance,
    code: problem.code,
    requestId,
    ...(outcome && { outcome }),
    ...(errors && { errors: maskCardNumbersIn(errors) as readonly FieldError[] }),
    ...members,
  };
}
