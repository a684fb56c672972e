import { Webhook } from 'standardwebhooks';
import { json, readableJson, type Call, type Routes, type Wire } from './http-server.js';
import { isJsonObject, jsonObject, optionalInteger, type JsonObject } from './request-fields.js';
import { bodyOf, maskedHeaders } from './request-log.js';

/** A notification that the gateway delivered (SPEC §5). */
export interface DeliveredNotification {
  readonly webhookId: string | undefined;
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
interface Behaviour {
  readonly status: number;
  /** The number of deliveries it applies to; undefined: all until the next change. */
  times: number | undefined;
  readonly delayMs: number;
  /** Seconds, for the `Retry-After` header. */
  readonly retryAfter: number | undefined;
}

const HEALTHY: Behaviour = { status: 200, times: undefined, delayMs: 0, retryAfter: undefined };
const MAX_DELAY_MS = 3_600_000;
const SIGNED_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
/** By the messages of the `standardwebhooks` library. */
const REASONS: Readonly<Record<string, string>> = {
  'Missing required headers': 'missing-header',
  'Message timestamp too old': 'too-old',
  'Message timestamp too new': 'too-new',
  'No matching signature found': 'bad-signature',
};

/** Stands in for the service at `PAYMENT_CALLBACK_URL`, in demonstrations and tests. */
export class Receiver {
  #notifications: DeliveredNotification[] = [];
  #behaviour: Behaviour = HEALTHY;
  readonly #verifiers: readonly Webhook[];

  constructor(
    secrets: readonly string[],
    private readonly max: number,
  ) {
    this.#verifiers = secrets.map((secret) => new Webhook(secret));
  }

  /** The newest deliveries, the oldest of them first. */
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
    this.#behaviour = HEALTHY;
  }

  /** A wrong signature is rejected with 401, as a receiver should, and listed with its reason. */
  #receive(call: Call): Wire {
    const reason = this.#rejectionReason(call);
    const { status, delayMs, retryAfter } = this.#nextBehaviour();
    const answer = reason === undefined ? status : 401;
    this.#notifications.push(this.#delivered(call, reason, answer));
    if (this.#notifications.length > this.max) this.#notifications.splice(0, Math.ceil(this.max / 10));
    const headers = retryAfter === undefined ? undefined : { 'retry-after': String(retryAfter) };
    const body = reason === undefined ? { received: answer < 300 } : { detail: `Not verified: ${reason}.` };
    return { ...json(answer, body, headers), delayMs };
  }

  /** Undefined where any of the secrets verifies the delivery. */
  #rejectionReason({ headers, body }: Call): string | undefined {
    const signed = Object.fromEntries(SIGNED_HEADERS.map((name) => [name, String(headers[name] ?? '')]));
    const reasons = this.#verifiers.map((verifier) => verificationError(verifier, body, signed));
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

  #delivered({ headers, body }: Call, reason: string | undefined, answer: number): DeliveredNotification {
    const content = bodyOf(body);
    const paymentId = isJsonObject(content.body) ? content.body.paymentId : undefined;
    const version = headers['x-payment-version'];
    return {
      webhookId: single(headers['webhook-id']),
      version: version === undefined ? undefined : Number(version),
      paymentId: typeof paymentId === 'string' ? paymentId : undefined,
      verified: this.#verifiers.length === 0 ? undefined : reason === undefined,
      reason,
      answer,
      at: new Date(Date.now()).toISOString(),
      headers: maskedHeaders(headers),
      ...content,
    };
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

/** Undefined where the signature is right; else a short name for the library's message. */
function verificationError(
  verifier: Webhook,
  body: Buffer,
  headers: Record<string, string>,
): string | undefined {
  try {
    verifier.verify(body, headers, { jsonParse: false });
    return undefined;
  } catch (error) {
    return REASONS[(error as Error).message] ?? 'malformed';
  }
}

function behaviourOf(body: JsonObject): Behaviour {
  return {
    status: optionalInteger(body, 'status', [200, 599]) ?? 200,
    times: optionalInteger(body, 'times', [1, 1_000_000]),
    delayMs: optionalInteger(body, 'delayMs', [0, MAX_DELAY_MS]) ?? 0,
    retryAfter: optionalInteger(body, 'retryAfter', [0, 1_000_000]),
  };
}
