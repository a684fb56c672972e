/**
 * Every end of a call to an external, by what it says about the money (SPEC §3, §4). The union is closed: each switch
 * over `kind` ends in `never`. A decline (`KO`) is a completed answer; a time-out is *unknown*.
 */
export type ProviderOutcome<Answer> =
  { readonly kind: 'completed'; readonly answer: Answer } | Rejected | NotExecuted | Unknown;

/** The external understood the request and refused it with a 4xx. Nothing was executed. */
export interface Rejected {
  readonly kind: 'rejected';
  /** `not-found`: the external does not know the payment, refund or token (404); `refused`: any other 4xx. */
  readonly reason: 'not-found' | 'refused';
  readonly status: number;
  /**
   * `detail` or `message` of the external, masked, at most 500 characters; a default text if it sent neither.
   */
  readonly detail: string;
  /**
   * True if the body is not JSON, such as the page of a router or proxy in front of the external. It answers the
   * caller's query (SPEC §2), but is too weak a reason to set a payment to FAILED.
   */
  readonly page?: boolean;
}

/** It is certain that nothing was executed. */
export interface NotExecuted {
  readonly kind: 'not-executed';
  readonly reason:
    | 'no-external' //            no external has the name, or not any more: nothing can be asked or sent
    | 'not-supported' //          switched off by configuration, or 404 without a JSON object, 405, 501
    | 'connection-failed' //      refused, unresolvable, TLS failure: the request was not sent
    | 'credentials-refused' //    401, 403 or 407 to the gateway's credentials, a certificate that is refused, or no token
    | 'circuit-open'
    | 'concurrency-limit'
    | 'throttled' //              the external answered 429
    | 'paused' //                 the process or machine was paused until the deadline; nothing was sent
    | 'shutting-down';
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
}

/** The operation may have been executed. */
export interface Unknown {
  readonly kind: 'unknown';
  readonly reason:
    | 'timeout'
    | 'cut-off' //          the connection broke after the gateway began to send
    | 'server-error' //     3xx, 5xx, 408, 409, 425
    | 'invalid-answer'; //  an answer that violates the contract
  readonly detail: string;
  /** The HTTP status, if the answer was complete. */
  readonly status?: number;
  /** JSON pointers to the fields of the answer that violate the contract. */
  readonly pointers?: readonly string[];
  /** What the invalid answer names all the same: by these the outcome can be queried. */
  readonly ids?: IssuedIds;
  /** Further members of the problem, which name what may have been made. */
  readonly members?: Readonly<Record<string, string>>;
}

/** Ids that an external gave to a payment, its refund and its subscription. */
export interface IssuedIds {
  readonly paymentId?: string;
  readonly refundId?: string;
  readonly subscriptionToken?: string;
}

export function notExecuted(
  reason: NotExecuted['reason'],
  detail: string,
  retryAfterMs?: number,
): NotExecuted {
  return { kind: 'not-executed', reason, detail, retryAfterMs };
}

/**
 * Whether the external cannot be asked at all: it does not offer the query, or is configured no longer. What only the
 * ledger knows is then answered from it (SPEC §1).
 */
export function isLeftToLedger(outcome: Exclude<ProviderOutcome<never>, { kind: 'completed' }>): boolean {
  return outcome.reason === 'not-supported' || outcome.reason === 'no-external';
}

/** An answer of the contract's shape that cannot be true for this operation. */
export function invalidAnswer(detail: string): Unknown {
  return { kind: 'unknown', reason: 'invalid-answer', detail };
}

/** Undefined for a completed call. */
export function reasonOf(outcome: ProviderOutcome<unknown>): string | undefined {
  return outcome.kind === 'completed' ? undefined : outcome.reason;
}
