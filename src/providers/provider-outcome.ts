/**
 * Every way a call to an external can end, as far as the money is concerned (SPEC §3, §4). Closed: each switch over
 * `kind` ends in `never`. A decline (`KO`) is a completed answer; a time-out is *unknown*.
 */
export type ProviderOutcome<Answer> =
  { readonly kind: 'completed'; readonly answer: Answer } | Rejected | NotExecuted | Unknown;

/** The external understood the request and refused it: a 4xx about this request. Nothing moved. */
export interface Rejected {
  readonly kind: 'rejected';
  /** `not-found`: 404 with a JSON object, the payment or token is unknown there; `refused`: any other 4xx. */
  readonly reason: 'not-found' | 'refused';
  readonly status: number;
  /** The external's own `detail` or `message`, masked, at most 500 characters; a default text where it sent neither. */
  readonly detail: string;
  /**
   * True where a body came with it that is no JSON: the page of a router or proxy before the external. It answers the caller's
   * question just the same (SPEC §2), but is thin ground for calling a payment failed.
   */
  readonly page?: boolean;
}

/** It is certain that nothing was executed. */
export interface NotExecuted {
  readonly kind: 'not-executed';
  readonly reason:
    | 'not-supported' //          switched off by configuration, or 404 without a JSON object, 405, 501 from the route
    | 'connection-failed' //      refused, unresolvable, TLS failure: the request never left
    | 'credentials-refused' //    401, 403 or 407 to the gateway's own credentials, or no token to be had
    | 'circuit-open'
    | 'concurrency-limit'
    | 'throttled' //              the external answered 429
    | 'shutting-down';
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
}

/** It may have been executed. */
export interface Unknown {
  readonly kind: 'unknown';
  readonly reason:
    | 'timeout'
    | 'cut-off' //          the connection broke after the request was begun
    | 'server-error' //     3xx, 5xx, 408, 409, 425
    | 'invalid-answer'; //  an answer, but none of the contract
  readonly detail: string;
  /** The HTTP status, where a whole answer came. */
  readonly status?: number;
}

export function notExecuted(
  reason: NotExecuted['reason'],
  detail: string,
  retryAfterMs?: number,
): NotExecuted {
  return { kind: 'not-executed', reason, detail, retryAfterMs };
}

/** Undefined for a completed call. */
export function reasonOf(outcome: ProviderOutcome<unknown>): string | undefined {
  return outcome.kind === 'completed' ? undefined : outcome.reason;
}
