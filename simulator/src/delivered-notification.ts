/** A notification that the gateway delivered (SPEC §5). */
export interface DeliveredNotification {
  readonly webhookId: string | undefined;
  /** `X-Tollgate-Event`: `payment`, `refund` or `subscription`. */
  readonly event: string | undefined;
  /** `X-Payment-Version`. */
  readonly version: number | undefined;
  readonly paymentId: string | undefined;
  /** Undefined where no secret is configured. */
  readonly verified: boolean | undefined;
  /** The reason where `verified` is false. */
  readonly reason: string | undefined;
  /** The status of the answer. */
  readonly answer: number;
  readonly at: string;
  readonly headers: Record<string, unknown>;
  readonly body?: unknown;
  readonly rawBody?: string;
}

/** How the receiver answers the next deliveries, to test the sender's retries. */
export interface Behaviour {
  readonly status: number;
  /** The number of deliveries it applies to; undefined: all until the next change. */
  times?: number | undefined;
  readonly delayMs: number;
  /** Seconds, for the `Retry-After` header. */
  readonly retryAfter?: number | undefined;
}
