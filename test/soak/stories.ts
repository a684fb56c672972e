import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import { atRate } from '../attack/at-rate.js';

const ANSWER_LIMIT_MS = 15_000;
const CONNECTIONS = 16;
const AMOUNT = 1_000;
/** Every fourth story is a subscription. */
const SUBSCRIPTION_EVERY = 4;
const ADMIN_PATHS = [
  '/admin/attention',
  '/admin/summary',
  '/admin/payments?limit=50',
  '/admin/notifications?limit=50',
  '/admin/externals',
  '/admin/feed?limit=100',
] as const;

/** Requests of a story. */
export const STORY_OPERATIONS = 4;

/**
 * What the organisation does beside paying: each story pays or subscribes, asks for the status, has the external checked
 * and refunds a part. Operators look at lists meanwhile.
 */
export class Stories {
  readonly #agent = new Agent({ connections: CONNECTIONS });
  #count = 0;
  /** By status, and `none` without an answer. */
  readonly #answers = new Map<string, number>();

  constructor(
    private readonly url: string,
    private readonly external: string,
    private readonly key: string,
  ) {}

  /** Starts a story every 1/`perSecond`, whether or not earlier ones have ended; returns when all have. */
  async run(perSecond: number, seconds: number): Promise<void> {
    const operating = this.#operate(performance.now() + seconds * 1_000);
    await Promise.all([atRate(perSecond, seconds, () => this.#play()), operating]);
  }

  describe(): string {
    const answers = [...this.#answers].map(([status, count]) => `${count} × ${status}`);
    return `${this.#count} stories: ${answers.join(', ')}`;
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #play(): Promise<void> {
    const order = `story-${(this.#count += 1)}`;
    const isSubscription = this.#count % SUBSCRIPTION_EVERY === 0;
    const { paymentId } = await this.#send('POST', isSubscription ? 'subscription/start' : 'pay', order, {
      amount: AMOUNT,
      currency: 'EUR',
      shopTransactionId: order,
      ...(isSubscription && { subscriptionInfo: { interval: 'MONTH', intervalCount: 1 } }),
    });
    if (typeof paymentId !== 'string') return;
    await this.#send('GET', `status?paymentId=${paymentId}`);
    await this.#send('GET', `check?paymentId=${paymentId}`);
    await this.#send('POST', 'refund', `refund-${order}`, { amount: 1, currency: 'EUR', paymentId });
  }

  async #operate(untilMs: number): Promise<void> {
    for (let index = 0; performance.now() < untilMs; index += 1) {
      await this.#call('GET', ADMIN_PATHS[index % ADMIN_PATHS.length]!);
      await sleep(1_000 / ADMIN_PATHS.length);
    }
  }

  #send(method: string, path: string, key?: string, body?: object): Promise<Record<string, unknown>> {
    return this.#call(method, `/v3/${this.external}/${path}`, key, body);
  }

  async #call(method: string, path: string, key?: string, body?: object): Promise<Record<string, unknown>> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.key}`,
          ...(key !== undefined && { 'idempotency-key': key }),
          ...(body && { 'content-type': 'application/json' }),
        },
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
        ...(body && { body: JSON.stringify(body) }),
      });
      this.#note(String(response.status));
      return (await response.json()) as Record<string, unknown>;
    } catch {
      this.#note('none');
      return {};
    }
  }

  #note(answer: string): void {
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
  }
}
