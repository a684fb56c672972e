/** Who calls, and how the request is traced. */
export interface CallerContext {
  /** The name of the credentials; empty for a caller without credentials. */
  readonly caller: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** The caller's `Idempotency-Key`, without quotes. */
  readonly idempotencyKey: string | undefined;
  /** The request's path, for problem documents. */
  readonly instance: string;
}
