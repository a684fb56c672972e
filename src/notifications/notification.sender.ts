import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { Pool } from 'undici';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { NoopTracer } from '../observability/tracing/noop.tracer.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { AddressGuard } from '../security/address-guard.js';
import { signWebhook } from '../webhooks/standard-webhooks.js';
import { Clock } from '../shared/clock.js';
import { type DeliveryEnd, verdictOf } from './delivery-end.js';
import { DELIVERY_LIMITS, DeliveryLimits } from './delivery-limits.js';
import { DeliveryExchange } from './delivery-exchange.js';
import type { Receiver } from './notification-receiver.js';
import type { LeasedNotification } from './notification-lease.repository.js';

/** An idle socket is dropped before the receiver is likely to: one that it closed a moment ago costs an attempt. */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MARGIN_MS = 2_000;
const KEEP_ALIVE_MAX_MS = 30_000;

/** Puts notifications on the wire, signed by Standard Webhooks, and tells how each attempt ended. It never rejects. */
@Injectable()
export class NotificationSender implements OnApplicationShutdown {
  readonly #guard: AddressGuard;
  #pool: { readonly origin: string; readonly pool: Pool } | undefined;

  constructor(
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Optional() private readonly limits: DeliveryLimits = DELIVERY_LIMITS,
    @Optional() private readonly tracer: Tracer = new NoopTracer(),
  ) {
    this.#guard = new AddressGuard(config.egress);
  }

  /** One attempt. `breakOff` ends it at once, and undecided. */
  async send(
    receiver: Receiver,
    notification: LeasedNotification,
    breakOff: AbortSignal,
  ): Promise<DeliveryEnd> {
    const startedAtMs = this.clock.now();
    const startedAt = performance.now();
    const { deadlineMs } = this.limits;
    // Somebody else may have it by the time of the answer, or a newer one may be delivered before it.
    const late = notification.lease_until - startedAtMs < deadlineMs;
    const outcome = late
      ? ({ kind: 'not-sent' } as const)
      : await this.#traced(receiver, notification, startedAtMs, breakOff);
    return { notification, startedAtMs, durationMs: Math.round(performance.now() - startedAt), outcome };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool?.pool.destroy();
  }

  /** Hangs below whatever queued it, in this process or another, however long ago. */
  async #traced(
    receiver: Receiver,
    notification: LeasedNotification,
    nowMs: number,
    breakOff: AbortSignal,
  ): Promise<DeliveryEnd['outcome']> {
    const span = this.tracer.start('notify receiver', {
      kind: 'client',
      parent: notification.traceparent ?? undefined,
      attributes: { 'tollgate.notification_id': notification.id, 'tollgate.external': notification.external },
    });
    const traceparent = span.traceparent ?? null;
    const outcome = await this.#exchange(receiver, { ...notification, traceparent }, nowMs, breakOff);
    if (outcome.kind === 'answered') span.set({ 'http.response.status_code': outcome.answer.statusCode });
    const verdict = verdictOf(outcome);
    if (verdict !== 'delivered') span.fail(verdict);
    span.end();
    return outcome;
  }

  #exchange(
    receiver: Receiver,
    notification: LeasedNotification,
    nowMs: number,
    breakOff: AbortSignal,
  ): Promise<DeliveryEnd['outcome']> {
    const { origin, pathname, search } = new URL(receiver.url);
    const exchange = new DeliveryExchange(this.limits.deadlineMs, breakOff);
    this.#poolOf(origin).dispatch(
      {
        method: 'POST',
        path: pathname + search,
        headers: headersOf(notification, receiver, nowMs),
        body: notification.payload,
      },
      exchange,
    );
    return exchange.ended;
  }

  #poolOf(origin: string): Pool {
    if (this.#pool?.origin === origin) return this.#pool.pool;
    void this.#pool?.pool.close();
    const pool = new Pool(origin, {
      connect: this.#guard.connector(),
      connections: this.config.notifications.concurrency,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    });
    this.#pool = { origin, pool };
    return pool;
  }
}

function headersOf(
  { id, version, request_id, traceparent, payload }: LeasedNotification,
  { secrets }: Receiver,
  nowMs: number,
): Record<string, string> {
  const timestampS = Math.floor(nowMs / 1_000);
  return {
    'content-type': 'application/json',
    'user-agent': 'tollgate',
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    ...(secrets.length > 0 && {
      'webhook-signature': signWebhook({ id, timestampS, body: payload, secrets }),
    }),
    'x-payment-version': String(version),
    'x-request-id': request_id,
    ...(traceparent !== null && { traceparent }),
  };
}
