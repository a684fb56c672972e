import type { Secret } from '../sensitive/secret.js';
import { verifyWebhook } from '../webhooks/standard-webhooks.js';
import type { Clock } from '../shared/clock.js';
import { isJsonObject } from '../shared/json.js';
import { json, readableJson, type Call, type Routes, type Wire } from './http-server.js';
import { Refusal } from './refusal.js';
import { jsonObject } from './request-fields.js';
import { bodyOf, maskedHeaders } from './request-log.js';

/** A notification as it was delivered (SPEC §5). */
export interface DeliveredNotification {
  readonly webhookId: string | undefined;
  /** `X-Payment-Version`. */
  readonly version: number | undefined;
  readonly paymentId: string | undefined;
  /** Undefined where no secret is configured to verify with. */
  readonly verified: boolean | undefined;
  /** Why not, where `verified` is false. */
  readonly reason: string | undefined;
  /** The status that it was answered with. */
  readonly answer: number;
  readonly at: string;
  readonly headers: Record<string, unknown>;
  readonly body?: unknown;
  readonly rawBody?: string;
}

/** How the next deliveries are answered, to see what the sender does about it. */
interface Behaviour {
  readonly status: number;
  /** For so many deliveries; undefined: until it is changed. */
  times: number | undefined;
  readonly delayMs: number;
  /** Seconds, as in the header of this name. */
  readonly retryAfter: number | undefined;
}

const WELL: Behaviour = { status: 200, times: undefined, delayMs: 0, retryAfter: undefined };
const MAX_DELAY_MS = 3_600_000;

/** The service at `PAYMENT_CALLBACK_URL`, as a demonstration and for tests. */
export class Receiver {
  #notifications: DeliveredNotification[] = [];
  #behaviour: Behaviour = WELL;

  constructor(
    private readonly secrets: readonly Secret[],
    private readonly max: number,
    private readonly clock: Clock,
  ) {}

  /** The deliveries that are still remembered, the oldest first. */
  get notifications(): readonly DeliveredNotification[] {
    return this.#notifications;
  }

  routes(): Routes {
    return {
      'POST /receiver': (call) => this.#receive(call),
      'GET /receiver/behaviour': () => json(200, this.#behaviour),
      'POST /receiver/behaviour': (call) => {
        this.#behaviour = behaviourOf(jsonObject(call.body));
        return json(200, this.#behaviour);
      },
      'GET /notifications': (call) => {
        const paymentId = call.query.get('paymentId');
        const items = this.#notifications.filter((one) => paymentId === null || one.paymentId === paymentId);
        return readableJson({ count: items.length, items });
      },
      'DELETE /notifications': () => {
        this.clear();
        return json(200, { cleared: true });
      },
    };
  }

  clear(): void {
    this.#notifications = [];
    this.#behaviour = WELL;
  }

  /** A wrong signature is refused with 401, as any receiver should, and written down all the same. */
  #receive(call: Call): Wire {
    const reason = this.#objection(call);
    const { status, delayMs, retryAfter } = this.#nextBehaviour();
    const answer = reason === undefined ? status : 401;
    this.#notifications.push(this.#delivered(call, reason, answer));
    if (this.#notifications.length > this.max) this.#notifications.splice(0, Math.ceil(this.max / 10));
    const headers = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) };
    const body = reason === undefined ? { received: answer < 300 } : { detail: `Not verified: ${reason}.` };
    return { ...json(answer, body, headers), delayMs };
  }

  #objection({ headers, body }: Call): string | undefined {
    if (this.secrets.length === 0) return undefined;
    const verification = verifyWebhook({
      id: headers['webhook-id'],
      timestamp: headers['webhook-timestamp'],
      signature: headers['webhook-signature'],
      body,
      secrets: this.secrets,
      nowMs: this.clock.now(),
    });
    return verification.ok ? undefined : verification.reason;
  }

  #nextBehaviour(): Behaviour {
    const behaviour = this.#behaviour;
    if (behaviour.times !== undefined) {
      behaviour.times -= 1;
      if (behaviour.times <= 0) this.#behaviour = WELL;
    }
    return behaviour;
  }

  #delivered({ headers, body }: Call, reason: string | undefined, answer: number): DeliveredNotification {
    const content = bodyOf(body);
    const paymentId = isJsonObject(content.body) ? content.body.paymentId : undefined;
    const version = headers['x-payment-version'];
    return {
      webhookId: single(headers['webhook-id']),
      version: version === undefined ? undefined : Number(version),
      paymentId: typeof paymentId === 'string' ? paymentId : undefined,
      verified: this.secrets.length === 0 ? undefined : reason === undefined,
      reason,
      answer,
      at: new Date(this.clock.now()).toISOString(),
      headers: maskedHeaders(headers),
      ...content,
    };
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

function behaviourOf(body: Record<string, unknown>): Behaviour {
  return {
    status: wholeNumber(body, 'status', 200, 599) ?? 200,
    times: wholeNumber(body, 'times', 1, 1_000_000),
    delayMs: wholeNumber(body, 'delayMs', 0, MAX_DELAY_MS) ?? 0,
    retryAfter: wholeNumber(body, 'retryAfter', 0, 1_000_000),
  };
}

function wholeNumber(
  body: Record<string, unknown>,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw new Refusal(422, `${name} must be an integer from ${min} to ${max}.`);
}
