import type { ProblemCode } from '../problems/problem.js';

interface ProblemEntry {
  readonly status: number;
  /** The code in words, without a full stop. */
  readonly title: string;
  /** What it means and what to do, for the page `/problems/{code}`. Backquotes mark code. */
  readonly explanation: string;
}

/** How each problem is answered and explained (SPEC §3; the last rows are those of HTTP and of the admin API). */
export const PROBLEM_CATALOGUE: Readonly<Record<ProblemCode, ProblemEntry>> = {
  'validation-failed': {
    status: 400,
    title: 'The request violates the contract',
    explanation:
      'A value in the body, query, path or headers is missing, malformed or unknown. `errors` names each by a JSON pointer. Nothing was executed: correct the request and send it again.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credentials',
    explanation:
      'The request has no credentials, or invalid ones. Callers send an API key as `Authorization: Bearer …` or `X-Api-Key: …`; externals send the credentials of their `callbackAuth`. Nothing was executed.',
  },
  forbidden: {
    status: 403,
    title: 'The credentials do not allow this request',
    explanation:
      'The credentials are valid, but they lack the scope of this operation or belong to another external, or the address may not send callbacks. Nothing was executed.',
  },
  'not-found': { status: 404, title: 'No such resource', explanation: 'No resource exists at this path.' },
  'external-not-found': {
    status: 404,
    title: 'No such external',
    explanation:
      'The `{external}` in the path is not the exact name of a configured external, and the ledger does not have the answer either. Nothing was executed. After an external was removed from the configuration, a repeat of what it executed still gets the stored answer, a second payment of an order `duplicate-payment`, and a status query what the ledger has.',
  },
  'payment-not-found': {
    status: 404,
    title: 'The external does not know this payment',
    explanation:
      'The external answered that it does not know this `paymentId`, or neither it nor the gateway has a payment with this `shopTransactionId`. Nothing was executed.',
  },
  'refund-not-found': {
    status: 404,
    title: 'The refund is not known',
    explanation:
      'Neither the gateway nor the external knows a refund with this `refundId`, or it is of another payment than `paymentId`. Nothing was executed.',
  },
  'subscription-not-found': {
    status: 404,
    title: 'The external does not know this subscription',
    explanation:
      'The external answered that it does not know this `subscriptionToken`. Nothing was executed.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not support this method',
    explanation: 'The `Allow` header lists the methods that the path supports. Nothing was executed.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    explanation:
      'The request was incomplete when the time limit ended, and the connection was closed. Nothing was executed: send the request again.',
  },
  'idempotency-conflict': {
    status: 409,
    title: 'The first request with this key is still running',
    explanation:
      'A request with the same `Idempotency-Key` is in flight and may still be executed. Repeat the request with the same key after `Retry-After` seconds to receive its answer.',
  },
  'duplicate-payment': {
    status: 409,
    title: 'This shopTransactionId already has a payment',
    explanation:
      'A payment with this `shopTransactionId` is in flight, pending, accepted or of unknown outcome at the same external; `paymentId` and `paymentStatus` describe it. This request was not executed. `outcome` is `unknown` while the first request is in flight, or if a proxy sent this same request twice (same `X-Request-Id`): the first may still be executed, or was. A failed payment may be tried again. A pending one was queried first; while it is pending, the caller that made it also gets its `redirectToUrl` (`link` for a payment link) to send the payer back to, and `POST /cancel` frees the order where the external offers it.',
  },
  'payment-not-pending': {
    status: 409,
    title: 'The payment is not pending',
    explanation:
      'Only a payment that is PENDING can be cancelled; `paymentStatus` is its state. Nothing was executed. Refund a payment that is ACCEPTED; wait for the outcome of one that is UNKNOWN.',
  },
  'repeated-without-key': {
    status: 409,
    title: 'An identical request without an Idempotency-Key came before',
    explanation:
      'The same caller sent the same request without an `Idempotency-Key`, and it is in flight or began moments ago (`REPEAT_WINDOW_MS`), as when a proxy repeats a request. This request was not executed, but the first one may be: `paymentId` or `refundId` names its result where it is known. Query its status, or wait for the notification. To do the same again on purpose, send an `Idempotency-Key`.',
  },
  conflict: {
    status: 409,
    title: 'The current state does not allow this',
    explanation: 'The resource is in a state that does not allow the request; `detail` names it.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation: 'The limit of a body is 128 KiB. Nothing was executed.',
  },
  'uri-too-long': {
    status: 414,
    title: 'The path or the query is too long',
    explanation: 'The limit of a path is 4 KiB, that of a query 8 KiB. Nothing was executed.',
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
      'The refunds of this payment, those in flight included, would exceed its amount, or the currency differs, or the payment is not accepted. The refund was not executed.',
  },
  'provider-rejected': {
    status: 422,
    title: 'The external rejected the request',
    explanation:
      'The external answered with a client error; `detail` quotes its message. Nothing was executed.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    explanation:
      'The caller exceeded its limit, or too many callbacks without credentials name payments that the gateway does not know. ' +
      'Wait for `Retry-After` seconds. Nothing was executed.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    explanation: 'The limit of all headers together is 16 KiB. Nothing was executed.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    explanation:
      'An unexpected error occurred in the gateway: please report it with the `requestId`. Treat the outcome of an operation that moves money as unknown.',
  },
  'operation-not-supported': {
    status: 501,
    title: 'The external does not offer this operation',
    explanation:
      'The operation is switched off for this external, or the external does not implement it. Nothing was executed.',
  },
  'provider-error': {
    status: 502,
    title: 'The external failed',
    explanation:
      'The external answered with an error, closed the connection, refused the credentials of the gateway or could not be reached. `outcome` says whether the operation may have been executed: if it is `unknown`, query its status (`/status` takes the `shopTransactionId` too) or wait for the notification.',
  },
  'invalid-provider-response': {
    status: 502,
    title: 'The answer of the external violates the contract',
    explanation:
      'The external sent an answer that the contract does not allow. The operation may have been executed: query its status (`/status` takes the `shopTransactionId` too) or wait for the notification.',
  },
  'provider-unavailable': {
    status: 503,
    title: 'The external cannot be called now',
    explanation:
      'The circuit breaker of the external is open, its concurrency limit is reached, it requested fewer calls, or the gateway was paused until the deadline. Nothing was executed: wait for `Retry-After` seconds.',
  },
  overloaded: {
    status: 503,
    title: 'The gateway has too many requests',
    explanation:
      'This replica has more requests than it can process now. Nothing was executed: wait for `Retry-After` seconds and send the same request again.',
  },
  recovering: {
    status: 503,
    title: 'The ledger is recovering',
    explanation:
      'The gateway’s ledger was restored from a backup, and the external may have executed this operation already, which nobody can say now. Nothing was executed: send the same request again after `Retry-After` seconds. An operator ends the recovery.',
  },
  'shutting-down': {
    status: 503,
    title: 'The gateway is shutting down',
    explanation:
      'This replica is shutting down. `outcome` says whether the operation may have been executed.',
  },
  'authentication-unavailable': {
    status: 503,
    title: 'The credentials cannot be verified now',
    explanation:
      'The issuer of this access token does not answer with its keys, so that the token can be neither accepted nor refused. Nothing was executed: wait for `Retry-After` seconds and send the same request again.',
  },
  'storage-unavailable': {
    status: 503,
    title: 'The database is unavailable',
    explanation:
      'The gateway cannot use its database now. `outcome` says whether the operation may have been executed.',
  },
  'provider-timeout': {
    status: 504,
    title: 'The external did not answer in time',
    explanation:
      'The external did not answer within its time limit. The operation may have been executed: query `/status` by `paymentId` or `shopTransactionId`, wait for the notification, or retry with the same `Idempotency-Key`.',
  },
};

export function statusOf(code: ProblemCode): number {
  return PROBLEM_CATALOGUE[code].status;
}
