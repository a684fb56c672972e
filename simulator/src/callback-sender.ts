import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { BookedPayment } from './book.js';
import type { Timers } from './timers.js';

export interface CallbackOptions {
  /** The gateway's `/v3/{external}/callback`, read at each attempt; undefined: no callback is sent. */
  readonly url: () => string | undefined;
  /** `whsec_…`: signs callbacks, for `callbackAuth.type` `standard-webhooks`. */
  readonly secrets: readonly string[];
  /** For `callbackAuth.type` `bearer`. */
  readonly bearer: string | undefined;
  /** Delays before the second and each further attempt. */
  readonly retryMs: readonly number[];
}

export interface CallbackCounts {
  /** All attempts, failed ones included. */
  attempts: number;
  acknowledged: number;
  /** Callbacks whose last attempt failed. */
  abandoned: number;
  lastFailure: string | undefined;
}

/** One callback; all its attempts and copies have the same id. */
interface Message {
  readonly id: string;
  readonly paymentId: string;
  readonly method: 'GET' | 'POST';
  readonly body: string;
}

const ANSWER_TIMEOUT_MS = 10_000;
const CONTENT_TYPE = { GET: {}, POST: { 'content-type': 'application/json' } };

/** Notifies the gateway that a payment changed (SPEC §1, `/callback`); the gateway then queries its status. */
export class CallbackSender {
  readonly counts: CallbackCounts = { attempts: 0, acknowledged: 0, abandoned: 0, lastFailure: undefined };
  readonly #closing = new AbortController();

  constructor(
    private readonly options: CallbackOptions,
    private readonly timers: Timers,
  ) {}

  /** Sends `times` copies of the callback in the background. */
  send(payment: BookedPayment, method: 'GET' | 'POST', times: number): void {
    if (times === 0) return;
    const { paymentId, shopTransactionId, status } = payment;
    const body = method === 'POST' ? JSON.stringify({ paymentId, shopTransactionId, status }) : '';
    const message = { id: `msg_${randomUUID()}`, paymentId, method, body };
    for (let copy = 0; copy < times; copy += 1) void this.#attempt(message, 0);
  }

  clear(): void {
    Object.assign(this.counts, { attempts: 0, acknowledged: 0, abandoned: 0, lastFailure: undefined });
  }

  close(): void {
    this.#closing.abort();
  }

  async #attempt(message: Message, attempt: number): Promise<void> {
    const callbackUrl = this.options.url();
    if (callbackUrl === undefined || this.#closing.signal.aborted) return;
    this.counts.attempts += 1;
    const failure = await this.#deliver(message, callbackUrl);
    if (failure === undefined) {
      this.counts.acknowledged += 1;
      return;
    }
    this.counts.lastFailure = `${message.method} ${callbackUrl}: ${failure}`;
    const waitMs = this.options.retryMs[attempt];
    if (waitMs === undefined || this.#closing.signal.aborted) this.counts.abandoned += 1;
    else this.timers.after(waitMs, () => void this.#attempt(message, attempt + 1));
  }

  /** Undefined where the gateway acknowledged it, else the reason. */
  async #deliver(message: Message, callbackUrl: string): Promise<string | undefined> {
    try {
      const url = new URL(callbackUrl);
      url.searchParams.set('paymentId', message.paymentId);
      const response = await fetch(url, {
        method: message.method,
        headers: { ...CONTENT_TYPE[message.method], ...this.#credentials(message, url) },
        redirect: 'manual',
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
        ...(message.method === 'POST' && { body: message.body }),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `answered ${response.status}`;
    } catch (error) {
      return describe(error);
    }
  }

  #credentials(message: Message, url: URL): Record<string, string> {
    const { secrets, bearer } = this.options;
    if (secrets.length === 0) return bearer ? { authorization: `Bearer ${bearer}` } : {};
    const now = new Date();
    // A GET has no body: its request target is signed (SPEC §6).
    const body = message.method === 'POST' ? message.body : `${url.pathname}${url.search}`;
    return {
      'webhook-id': message.id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(message.id, now, body)).join(' '),
    };
  }
}

/** `fetch` keeps the reason (connection refused, host not found) in the error's cause. */
function describe(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return String(typeof code === 'string' ? code : message);
}
