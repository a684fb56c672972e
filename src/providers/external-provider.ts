import type { ExternalConfig } from '../config/external-config.js';
import type {
  PayAnswer,
  PayByLinkAnswer,
  PaymentStatusAnswer,
  RefundAnswer,
  SubscriptionExpireAnswer,
  SubscriptionPayAnswer,
  SubscriptionStatusAnswer,
  SubscriptionUpdateAnswer,
} from './answers.js';
import type { ProviderOutcome } from './provider-outcome.js';

/** A validated request body, serialised anew for the external, value for value (SPEC §2). */
export type RequestBody = object;

/** What travels with a call besides its body. */
export interface CallContext {
  /** `X-Request-Id`, kept from the caller or made by the gateway. */
  readonly requestId: string;
  /** W3C trace context, passed on. */
  readonly traceparent?: string | undefined;
  /** Sent on every POST and DELETE, the same on every attempt (SPEC §2). */
  readonly idempotencyKey?: string | undefined;
  /** Background questions (reconciliation, verification) get a share of the concurrency limit only. Default `caller`. */
  readonly priority?: 'caller' | 'background';
}

/** How a payment is asked for: by the external's id, or, where it was never learned, by the shop's (SPEC §4). */
export type StatusQuery = { readonly paymentId: string } | { readonly shopTransactionId: string };

/**
 * The strategy's contract: one external, whatever stands behind it. Methods never throw for what an external does: every
 * end of a call is a {@link ProviderOutcome}, within `config.timeoutMs`, retries included.
 */
export interface ExternalProvider {
  readonly config: ExternalConfig;

  pay(body: RequestBody, context: CallContext): Promise<ProviderOutcome<PayAnswer>>;
  payByLink(body: RequestBody, context: CallContext): Promise<ProviderOutcome<PayByLinkAnswer>>;
  refund(body: RequestBody, context: CallContext): Promise<ProviderOutcome<RefundAnswer>>;
  status(query: StatusQuery, context: CallContext): Promise<ProviderOutcome<PaymentStatusAnswer>>;
  scheduleSubscription(
    body: RequestBody,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionPayAnswer>>;
  startSubscription(body: RequestBody, context: CallContext): Promise<ProviderOutcome<SubscriptionPayAnswer>>;
  paySubscription(body: RequestBody, context: CallContext): Promise<ProviderOutcome<SubscriptionPayAnswer>>;
  updateSubscription(
    token: string,
    body: RequestBody,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionUpdateAnswer>>;
  subscriptionStatus(token: string, context: CallContext): Promise<ProviderOutcome<SubscriptionStatusAnswer>>;
  expireSubscription(token: string, context: CallContext): Promise<ProviderOutcome<SubscriptionExpireAnswer>>;

  /** Breaker and concurrency, for health, metrics and the admin. */
  health(): ProviderHealth;

  /** Cuts background questions, lets the other requests in flight finish, then closes the keep-alive sockets. */
  close(): Promise<void>;
}

export interface ProviderHealth {
  readonly circuit: 'closed' | 'open' | 'half-open';
  readonly inFlight: number;
  readonly lastSuccessAt: number | undefined;
  readonly lastFailureAt: number | undefined;
  readonly lastFailure: string | undefined;
  /** Of the last calls that were sent, further attempts included; undefined before the first. */
  readonly latency: { readonly calls: number; readonly p50Ms: number; readonly p95Ms: number } | undefined;
}
