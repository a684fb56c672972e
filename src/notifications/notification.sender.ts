import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ReceiverConfig } from '../config/receiver-config.js';
import { NoopTracer } from '../observability/tracing/noop.tracer.js';
import { startHttpClientSpan } from '../observability/tracing/http-client-span.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { codeOf, Exchange, ExchangeBroken, headerOf, type OutboundAnswer } from '../outbound/exchange.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import { storableText } from '../persistence/storable-text.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { NO_SECRETS } from '../sensitive/secret-mask.js';
import { signWebhook } from '../webhooks/standard-webhooks.js';
import { Clock } from '../shared/clock.js';
import { traceHeaders } from '../shared/trace-context.js';
import { type DeliveryEnd, type DeliveryOutcome, attemptResultOf } from './delivery-end.js';
import { DELIVERY_LIMITS, DeliveryLimits } from './delivery-limits.js';
import type { LeasedNotification } from './notification-lease.repository.js';
import { ReceiverRegistry } from './receiver.registry.js';

type Destination = Pick<ReceiverConfig, 'name' | 'url' | 'secrets'>;

const MAX_ANSWER_BYTES = 65_536;
/** A card number may cross the end of the stored part: it is masked before the text is cut. */
const KEPT_BYTES = 1_024;
const MASKED_CHARACTERS = KEPT_BYTES + 256;
/** So may a secret, in an encoding that is several times as long. */
const SEARCHED_BYTES = 16_384;

/**
 * Sends notifications to their receivers, signed by Standard Webhooks, and reports how each attempt ended. It never
 * rejects.
 */
@Injectable()
export class NotificationSender implements OnApplicationShutdown {
  readonly #client: OutboundClient;

  constructor(
    private readonly clock: Clock,
    @Inject(CONFIG) { egress, notifications }: Config,
    @Optional() private readonly limits: DeliveryLimits = DELIVERY_LIMITS,
    @Optional() private readonly tracer: Tracer = new NoopTracer(),
    @Optional() private readonly receivers?: ReceiverRegistry,
    @Optional() private readonly externals?: ExternalProviderRegistry,
  ) {
    this.#client = new OutboundClient({
      guard: new AddressGuard(egress),
      connectTimeoutMs: limits.deadlineMs,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      connections: notifications.concurrency,
      maxConnectionAgeMs: limits.maxConnectionAgeMs,
    });
  }

  /**
   * One attempt. `breakOff` ends it at once, without a result; there is none either for a receiver that was removed
   * meanwhile (undefined).
   */
  async send(
    receiver: Destination | undefined,
    notification: LeasedNotification,
    breakOff: AbortSignal,
  ): Promise<DeliveryEnd> {
    const startedAtMs = this.clock.now();
    const startedAt = performance.now();
    const { deadlineMs } = this.limits;
    // By the time of the answer another replica may hold the lease, or a newer notification may be delivered.
    const late = notification.lease_until - startedAtMs < deadlineMs;
    const outcome =
      late || !receiver
        ? ({ kind: 'not-sent' } as const)
        : await this.#traced(receiver, notification, this.clock.wall(), breakOff);
    return { notification, startedAtMs, durationMs: Math.round(performance.now() - startedAt), outcome };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#client.destroy();
  }

  /** The span's parent is the span that queued the notification, in this process or another. */
  async #traced(
    receiver: Destination,
    notification: LeasedNotification,
    nowMs: number,
    breakOff: AbortSignal,
  ): Promise<DeliveryOutcome> {
    if (!this.tracer.enabled) return this.#exchange(receiver, notification, nowMs, breakOff);
    const { origin, pathname, search } = new URL(receiver.url);
    const span = startHttpClientSpan(
      this.tracer,
      'notify receiver',
      // The query may hold a secret of the receiver.
      {
        method: 'POST',
        origin,
        target: pathname + (search && '?REDACTED'),
        resendCount: notification.attempts - 1,
      },
      {
        parent: notification.traceparent ?? undefined,
        attributes: {
          'tollgate.notification_id': notification.id,
          'tollgate.receiver': receiver.name,
          'tollgate.external': notification.external,
        },
      },
    );
    const traceparent = span.traceparent ?? null;
    const outcome = await this.#exchange(receiver, { ...notification, traceparent }, nowMs, breakOff);
    if (outcome.kind === 'answered') span.set({ 'http.response.status_code': outcome.answer.statusCode });
    const attemptResult = attemptResultOf(outcome);
    if (attemptResult !== 'delivered')
      span.fail(outcome.kind === 'answered' ? String(outcome.answer.statusCode) : attemptResult);
    span.end();
    return outcome;
  }

  async #exchange(
    receiver: Destination,
    notification: LeasedNotification,
    nowMs: number,
    breakOff: AbortSignal,
  ): Promise<DeliveryOutcome> {
    const { origin, pathname, search } = new URL(receiver.url);
    const body = bodyOf(notification);
    const request = {
      method: 'POST',
      origin,
      target: pathname + search,
      headers: headersOf(notification, body, receiver, nowMs),
      body,
    };
    const { deadlineMs } = this.limits;
    const mask = (text: string): string => this.#masked(text, notification.external);
    const exchange = new Exchange(request, { signal: breakOff, timeoutMs: deadlineMs });
    try {
      const answer = await this.#client.send(exchange);
      // The receiver may answer once more: as if it had taken the next notification.
      if (answer.status >= 300) exchange.discardConnection();
      if (answer.early) return { kind: 'broken', error: 'answered before the request was sent whole' };
      return answered(answer, mask);
    } catch (error) {
      return error instanceof ExchangeBroken ? brokenOutcome(error, deadlineMs, mask) : failed(error);
    }
  }

  /** Without what the gateway shares with receivers and with this external. */
  #masked(text: string, external: string): string {
    const ofExternal = this.externals?.get(external)?.secrets() ?? NO_SECRETS;
    const ofReceivers = this.receivers?.secrets() ?? NO_SECRETS;
    return ofReceivers.mask(ofExternal.mask(text));
  }
}

function answered(answer: OutboundAnswer, mask: (text: string) => string): DeliveryOutcome {
  const text = mask(answer.body.toString('utf8', 0, SEARCHED_BYTES)).slice(0, MASKED_CHARACTERS);
  return {
    kind: 'answered',
    answer: {
      statusCode: answer.status,
      retryAfter: headerOf(answer, 'retry-after'),
      text: storableText(maskCardNumbers(text), KEPT_BYTES),
    },
  };
}

function brokenOutcome(
  broken: ExchangeBroken,
  deadlineMs: number,
  mask: (text: string) => string,
): DeliveryOutcome {
  switch (broken.reason) {
    case 'aborted':
      return { kind: 'not-sent' };
    case 'too-large':
      // The status is known, and it is the receiver's answer.
      return answered(broken.partial!, mask);
    case 'deadline':
      return { kind: 'broken', error: `no whole answer within ${deadlineMs} ms` };
    case 'no-connection':
    case 'refused':
    case 'cut':
    case 'not-http':
    case 'superseded':
      return failed(broken.cause);
    default:
      return broken.reason satisfies never;
  }
}

/** The code of Node's or undici's error, such as `ECONNREFUSED`; the message of errors that have none. */
function failed(error: unknown): DeliveryOutcome {
  const text = codeOf(error) ?? (error instanceof Error ? error.message || error.name : String(error));
  return { kind: 'broken', error: storableText(text, 200) };
}

/**
 * The queued JSON object with the version in it, so that the version is signed (SPEC §5). Added here and not when it is
 * queued: rows of the first release have none.
 */
function bodyOf({ payload, version }: Pick<LeasedNotification, 'payload' | 'version'>): string {
  const members = payload.slice(1, -1);
  return `{${members}${members === '' ? '' : ','}"version":${version}}`;
}

function headersOf(
  { id, event, version, request_id, traceparent }: LeasedNotification,
  body: string,
  { secrets }: Destination,
  nowMs: number,
): Record<string, string> {
  const timestampS = Math.floor(nowMs / 1_000);
  return {
    'content-type': 'application/json',
    'user-agent': 'tollgate',
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    ...(secrets.length > 0 && {
      'webhook-signature': signWebhook({ id, timestampS, body, secrets }),
    }),
    'x-tollgate-event': event,
    'x-payment-version': String(version),
    'x-request-id': request_id,
    ...(traceparent !== null && traceHeaders(traceparent)),
  };
}
