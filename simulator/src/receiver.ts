import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { BoundedMap } from './bounded-map.js';
import type { Behaviour, DeliveredNotification } from './delivered-notification.js';
import { sendLater, wantsPage, type Handler, type Routes } from './http.js';
import type { Memory } from './memory.js';
import { notificationsPage } from './notifications-page.js';
import type { SimulatorOptions } from './options.js';
import { bodyOf, integerField, isObject, jsonObject, optionalField } from './request-fields.js';
import { maskedHeaders } from './request-log.js';

const HEALTHY: Behaviour = { status: 200, delayMs: 0 };
const MAX_DELAY_MS = 3_600_000;
/** By the messages of the `standardwebhooks` library. */
const REASONS: Readonly<Record<string, string>> = {
  'Missing required headers': 'missing-header',
  'Message timestamp too old': 'too-old',
  'Message timestamp too new': 'too-new',
  'No matching signature found': 'bad-signature',
};

/** Stands in for the service at `PAYMENT_CALLBACK_URL`, in demonstrations and tests. */
export class Receiver {
  /** By a random key, in the order of their arrival. */
  readonly #notifications: BoundedMap<DeliveredNotification>;
  #behaviour = HEALTHY;
  readonly #verifiers: readonly Webhook[];

  constructor(
    { notificationSecrets = [], maxNotifications: max = 10_000 }: SimulatorOptions,
    private readonly memory: Memory,
  ) {
    this.#verifiers = notificationSecrets.map((secret) => new Webhook(secret));
    this.#notifications = new BoundedMap({ max, shelf: memory.shelf('notification') });
  }

  /** The newest deliveries, the oldest of them first. */
  get notifications(): readonly DeliveredNotification[] {
    return [...this.#notifications.values()];
  }

  /** Of one payment. */
  notificationsOf(paymentId: string): readonly DeliveredNotification[] {
    return this.#notifications
      .values()
      .filter((one) => one.paymentId === paymentId)
      .toArray();
  }

  readonly routes: Routes = {
    '/receiver': { post: (request, response) => this.#receive(request, response) },
    '/receiver/behaviour': {
      get: (_request, response) => response.json(this.#behaviour),
      post: ({ body: rawBody }, response) => {
        const body = jsonObject(rawBody);
        this.#behaviour = {
          status: optionalField(body, 'status', integerField(200, 599)) ?? 200,
          times: optionalField(body, 'times', integerField(1, 1_000_000)),
          delayMs: optionalField(body, 'delayMs', integerField(0, MAX_DELAY_MS)) ?? 0,
          retryAfter: optionalField(body, 'retryAfter', integerField(0, 1_000_000)),
        };
        response.json(this.#behaviour);
      },
    },
    '/notifications': {
      get: (request, response) => {
        const { paymentId } = request.query;
        const items = paymentId === undefined ? this.notifications : this.notificationsOf(paymentId);
        if (wantsPage(request, response)) notificationsPage(response, { items, behaviour: this.#behaviour });
        else response.json({ count: items.length, items });
      },
      delete: (_request, response) => {
        this.clear();
        this.memory.commit();
        response.json({ cleared: true });
      },
    },
  };

  clear(): void {
    this.#notifications.clear();
    this.#behaviour = HEALTHY;
  }

  /** A wrong signature is rejected with 401, as a receiver should, and listed with its reason. */
  readonly #receive: Handler = ({ headers, body: rawBody = Buffer.alloc(0) }, response) => {
    const reason = this.#rejectionReason(headers, rawBody);
    const { status, delayMs, retryAfter } = this.#nextBehaviour();
    const answer = reason === undefined ? status : 401;
    const content = bodyOf(rawBody);
    const paymentId = isObject(content.body) ? content.body.paymentId : undefined;
    const version = headers['x-payment-version'];
    this.#notifications.set(randomUUID(), {
      webhookId: headers['webhook-id'] as string | undefined,
      event: headers['x-tollgate-event'] as string | undefined,
      version: version === undefined ? undefined : Number(version),
      paymentId: typeof paymentId === 'string' ? paymentId : undefined,
      verified: this.#verifiers.length === 0 ? undefined : reason === undefined,
      reason,
      answer,
      at: new Date(Date.now()).toISOString(),
      headers: maskedHeaders(headers),
      ...content,
    });
    this.memory.commit();
    response.status(answer);
    if (retryAfter !== undefined) response.set('retry-after', String(retryAfter));
    const body = reason === undefined ? { received: answer < 300 } : { detail: `Not verified: ${reason}.` };
    sendLater(response, delayMs, () => response.json(body));
  };

  /** Undefined where any of the secrets verifies the delivery. */
  #rejectionReason(headers: IncomingHttpHeaders, body: Buffer): string | undefined {
    const reasons = this.#verifiers.map((verifier) => {
      try {
        verifier.verify(body, headers as Record<string, string>, { jsonParse: false });
        return undefined;
      } catch (error) {
        return REASONS[(error as Error).message] ?? 'malformed';
      }
    });
    return reasons.includes(undefined) ? undefined : reasons[0];
  }

  #nextBehaviour(): Behaviour {
    const behaviour = this.#behaviour;
    if (behaviour.times !== undefined) {
      behaviour.times -= 1;
      if (behaviour.times <= 0) this.#behaviour = HEALTHY;
    }
    return behaviour;
  }
}
