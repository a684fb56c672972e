import { randomUUID } from 'node:crypto';
import type { Secret } from '../sensitive/secret.js';
import { signWebhook } from '../webhooks/standard-webhooks.js';
import type { Clock } from '../shared/clock.js';
import type { BookedPayment } from './book.js';
import type { Timers } from './timers.js';

export interface CallbackOptions {
  /** The gateway's `/v3/{external}/callback`, asked for at each attempt; undefined: no callback is sent. */
  readonly url: () => string | undefined;
  /** `whsec_…`: signs by Standard Webhooks, for `callbackAuth.type` `standard-webhooks`. */
  readonly secrets: readonly Secret[];
  /** For `callbackAuth.type` `bearer`. */
  readonly bearer: Secret | undefined;
  /** Waits before each further attempt while the gateway does not acknowledge. */
  readonly retryMs: readonly number[];
}

export interface CallbackTally {
  /** Attempts, those that failed included. */
  attempts: number;
  acknowledged: number;
  /** Given up after the last attempt. */
  abandoned: number;
  lastFailure: string | undefined;
}

/** One message; its id stays the same on every attempt, and on every copy of a duplicated callback. */
interface Message {
  readonly id: string;
  readonly paymentId: string;
  readonly method: 'GET' | 'POST';
  readonly body: string;
}

const ANSWER_TIMEOUT_MS = 10_000;
const CONTENT_TYPE = { GET: {}, POST: { 'content-type': 'application/json' } };

/** Tells the gateway that there is news of a payment (SPEC §1, `/callback`); what the news is, it will ask itself. */
export class CallbackSender {
  readonly tally: CallbackTally = { attempts: 0, acknowledged: 0, abandoned: 0, lastFailure: undefined };
  readonly #closing = new AbortController();

  constructor(
    private readonly options: CallbackOptions,
    private readonly timers: Timers,
    private readonly clock: Clock,
  ) {}

  /** Sends the same callback `times` times at once; returns before any of them is on the wire. */
  send(payment: BookedPayment, method: 'GET' | 'POST', times: number): void {
    if (times === 0) return;
    const { paymentId, shopTransactionId, status } = payment;
    const body = method === 'POST' ? JSON.stringify({ paymentId, shopTransactionId, status }) : '';
    const message = { id: `msg_${randomUUID()}`, paymentId, method, body };
    for (let copy = 0; copy < times; copy += 1) void this.#attempt(message, 0);
  }

  clear(): void {
    Object.assign(this.tally, { attempts: 0, acknowledged: 0, abandoned: 0, lastFailure: undefined });
  }

  close(): void {
    this.#closing.abort();
  }

  async #attempt(message: Message, attempt: number): Promise<void> {
    const prefix = this.options.url();
    if (prefix === undefined || this.#closing.signal.aborted) return;
    this.tally.attempts += 1;
    const failure = await this.#deliver(message, prefix);
    if (failure === undefined) {
      this.tally.acknowledged += 1;
      return;
    }
    this.tally.lastFailure = `${message.method} ${prefix}: ${failure}`;
    const waitMs = this.options.retryMs[attempt];
    if (waitMs === undefined || this.#closing.signal.aborted) this.tally.abandoned += 1;
    else this.timers.after(waitMs, () => void this.#attempt(message, attempt + 1));
  }

  /** Undefined once it is acknowledged, else what went wrong. */
  async #deliver(message: Message, prefix: string): Promise<string | undefined> {
    try {
      const url = new URL(prefix);
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
    if (secrets.length === 0) return bearer ? { authorization: `Bearer ${bearer.reveal()}` } : {};
    const timestampS = Math.floor(this.clock.now() / 1_000);
    /** A GET has no body: there the request target is signed (SPEC §6). */
    const body = message.method === 'POST' ? message.body : `${url.pathname}${url.search}`;
    return {
      'webhook-id': message.id,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': signWebhook({ id: message.id, timestampS, body, secrets }),
    };
  }
}

/** `fetch` hides the reason (refused, unresolvable) in the error's cause. */
function describe(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return String(typeof code === 'string' ? code : message);
}
