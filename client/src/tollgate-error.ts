import type { Outcome, Problem, ProblemCode } from './contract.js';

/**
 * The codes of failures that Tollgate did not report itself:
 * - `aborted`: the caller's `signal` was aborted;
 * - `timeout`: no complete answer within `timeoutMs`;
 * - `connection-failed`: no connection, or it was cut; `cause` is the error of `fetch`;
 * - `unexpected-answer`: the answer is not one of Tollgate, as from a proxy before it; `status` has its status.
 */
export type ClientErrorCode = 'aborted' | 'timeout' | 'connection-failed' | 'unexpected-answer';

export interface TollgateErrorFields {
  readonly code: ProblemCode | ClientErrorCode;
  readonly detail: string;
  readonly outcome?: Outcome | undefined;
  readonly problem?: Problem | undefined;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** A call failed. A decline (`result: 'KO'`) is an answer, not an error. */
export class TollgateError extends Error {
  override readonly name = 'TollgateError';
  /** A code of Tollgate (`/problems/{code}`), or a {@link ClientErrorCode}. */
  readonly code: ProblemCode | ClientErrorCode;
  /** One sentence about this occurrence, for a person. */
  readonly detail: string;
  /**
   * Of an operation that moves money or changes a subscription, all attempts of this call together. `not-executed`: it
   * is safe to call again. `unknown`: it may have been executed. Call again with the same `idempotencyKey`, or query
   * the status.
   */
  readonly outcome: Outcome | undefined;
  /** The problem document of the last answer (RFC 9457), if Tollgate answered. */
  readonly problem: Problem | undefined;
  /** The HTTP status of the last answer, if there was one. */
  readonly status: number | undefined;
  /** How long Tollgate asks the caller to wait (`Retry-After`), in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The key that all attempts of this call had. */
  readonly idempotencyKey: string | undefined;
  /** The id of the last request in Tollgate's log. */
  readonly requestId: string | undefined;

  constructor(fields: TollgateErrorFields) {
    const { code, detail, outcome, cause } = fields;
    super(
      `${code}${outcome === undefined ? '' : ` (${outcome})`}: ${detail}`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.detail = detail;
    this.outcome = outcome;
    this.problem = fields.problem;
    this.status = fields.status;
    this.retryAfterMs = fields.retryAfterMs;
    this.idempotencyKey = fields.idempotencyKey;
    this.requestId = fields.requestId;
  }

  /** The same failure with other fields. */
  with(changes: Partial<TollgateErrorFields>): TollgateError {
    const { code, detail, outcome, problem, status, retryAfterMs, idempotencyKey, requestId, cause } = this;
    const fields = { code, detail, outcome, problem, status, retryAfterMs, idempotencyKey, requestId, cause };
    return new TollgateError({ ...fields, ...changes });
  }
}
