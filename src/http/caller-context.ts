/** Who asks, and how the request is to be traced. */
export interface CallerContext {
  /** The name of the credentials; empty for a caller without. */
  readonly caller: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** The caller's own `Idempotency-Key`, bare. */
  readonly idempotencyKey: string | undefined;
  /** The request's path, for problem documents. */
  readonly instance: string;
}
