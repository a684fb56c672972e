import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { BookedPayment, BookedSubscription } from './records.js';
import type { SimulatorOptions } from './options.js';
import type { Plan } from './scenarios.js';
import type { Timers } from './timers.js';

/** What a callback names. */
interface CallbackNames {
  readonly paymentId?: string;
  readonly refundId?: string | undefined;
  readonly subscriptionToken?: string;
}

/** One callback; all its attempts and copies have the same id. */
interface Message {
  readonly id: string;
  readonly names: CallbackNames;
  /** Undefined: the callback is a GET. */
  readonly body: string | undefined;
}

const RETRY_MS = [500, 2_000, 5_000, 15_000];
const ANSWER_TIMEOUT_MS = 10_000;

/** Undefined: no callbacks, or a gateway that does not listen yet. */
export function callbackUrlOf({ callbackUrl: url }: SimulatorOptions): string | undefined {
  return typeof url === 'function' ? url() : url;
}

/** Notifies the gateway that a payment changed (SPEC §1, `/callback`); the gateway then queries its status. */
export class CallbackSender {
  readonly counts = {
    /** All attempts, failed ones included. */
    attempts: 0,
    acknowledged: 0,
    /** Callbacks whose last attempt failed. */
    abandoned: 0,
    lastFailure: undefined as string | undefined,
  };
  readonly #closing = new AbortController();

  constructor(
    private readonly options: SimulatorOptions,
    private readonly timers: Timers,
  ) {}

  /** Sends the callbacks of a plan in the background: copies of one message, which names `refundId` too if given. */
  send(payment: BookedPayment, { callbackMethod, callbacks }: Plan, refundId?: string): void {
    const { paymentId, shopTransactionId, status } = payment;
    this.#send({ paymentId, refundId }, { shopTransactionId, status }, callbackMethod, callbacks);
  }

  /** The same for a subscription whose state changed by itself. */
  sendSubscription(
    { subscriptionToken, status }: BookedSubscription,
    { callbackMethod, callbacks }: Plan,
  ): void {
    this.#send({ subscriptionToken }, { status }, callbackMethod, callbacks);
  }

  #send(names: CallbackNames, about: object, method: 'GET' | 'POST', callbacks: number): void {
    const body = method === 'POST' ? JSON.stringify({ ...names, ...about }) : undefined;
    const message = { id: `msg_${randomUUID()}`, names, body };
    const retriesMs = this.options.callbackRetryMs ?? RETRY_MS;
    for (let copy = 0; copy < callbacks; copy += 1) void this.#attempt(message, retriesMs);
  }

  clear(): void {
    Object.assign(this.counts, { attempts: 0, acknowledged: 0, abandoned: 0, lastFailure: undefined });
  }

  close(): void {
    this.#closing.abort();
  }

  async #attempt(message: Message, [retryMs, ...laterRetriesMs]: readonly number[]): Promise<void> {
    if (this.options.callbackUrl === undefined || this.#closing.signal.aborted) return;
    const callbackUrl = callbackUrlOf(this.options);
    this.counts.attempts += 1;
    const failure =
      callbackUrl === undefined
        ? 'The gateway does not listen yet'
        : await this.#deliver(message, callbackUrl);
    if (failure === undefined) {
      this.counts.acknowledged += 1;
      return;
    }
    this.counts.lastFailure = failure;
    if (retryMs === undefined || this.#closing.signal.aborted) this.counts.abandoned += 1;
    else this.timers.after(retryMs, () => void this.#attempt(message, laterRetriesMs));
  }

  /** Undefined where the gateway acknowledged it, else what failed. */
  async #deliver({ id, names, body }: Message, callbackUrl: string): Promise<string | undefined> {
    const method = body === undefined ? 'GET' : 'POST';
    const failed = (reason: unknown): string => `${method} ${callbackUrl}: ${String(reason)}`;
    try {
      const url = new URL(callbackUrl);
      for (const [name, value] of Object.entries(names) as [string, string | undefined][])
        if (value !== undefined) url.searchParams.set(name, value);
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
      // A GET has no body: its request target is signed (SPEC §6).
      const credentials = this.#credentials(id, body ?? `${url.pathname}${url.search}`);
      const headers = { ...credentials, ...(body !== undefined && { 'content-type': 'application/json' }) };
      const response = await fetch(url, { method, headers, body, redirect: 'manual', signal });
      await response.body?.cancel();
      return response.ok ? undefined : failed(`answered ${response.status}`);
    } catch (error) {
      // `fetch` keeps the reason (connection refused, host not found) in the error's cause.
      const { cause = error } = error as { cause?: unknown };
      const { code, message } = cause as { code?: unknown; message?: unknown };
      return failed(typeof code === 'string' ? code : message);
    }
  }

  #credentials(id: string, content: string): Record<string, string> {
    const { callbackSecrets: secrets = [], callbackBearer: bearer } = this.options;
    if (secrets.length === 0) return bearer ? { authorization: `Bearer ${bearer}` } : {};
    const now = new Date();
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, content)).join(' '),
    };
  }
}
