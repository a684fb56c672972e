import type { SeededRandom } from '../support/seeded-random.js';
import type { Chance } from './chance.js';
import { EXTERNALS } from './configuration.js';
import { CANARY, type Told } from './history.js';
import { sleep } from './platform.js';
import type { Answer } from './replica.js';

/** What actors need of the world. */
export interface Stage {
  readonly chance: Chance;
  readonly told: Told[];
  /** False once the history is long enough, or calm. */
  readonly goesOn: boolean;
  send(random: SeededRandom, request: Sent): Promise<Answer | undefined>;
  /** Whether a replica works on a request with that `Idempotency-Key`, whose caller may have gone. */
  isUnderWay(key: string): boolean;
}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

interface Order {
  readonly external: string;
  readonly order: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly currency: string;
  readonly refundId?: string | undefined;
}

interface OrderBody {
  readonly amount: number;
  readonly currency: string;
  readonly shopTransactionId: string;
  readonly providerData: object;
}

interface Read {
  readonly paymentId?: string;
  readonly refundId?: string;
  readonly subscriptionToken?: string;
  readonly outcome?: string;
  readonly code?: string;
}

const REMEMBERED = 20;
/** What is refused with these codes, before or instead of being stored, may be accepted a moment later. */
const REFUSED_WITHOUT_A_TRACE = new Set<string | undefined>([
  'external-not-found',
  'refund-exceeds-payment',
  'duplicate-payment',
  'provider-unavailable',
]);
const CURRENCIES = ['EUR', 'USD', 'JPY'] as const;

/** One shop: pays, refunds, cancels, queries and subscribes, repeats what got no answer, and gives up. */
export class Caller {
  readonly #name: string;
  readonly #orders: Order[] = [];
  readonly #subscriptions: { external: string; token: string }[] = [];

  constructor(
    private readonly stage: Stage,
    number: number,
  ) {
    this.#name = `caller-${number}`;
  }

  async play(): Promise<void> {
    const { chance } = this.stage;
    const last = chance.lastStepOf(this.#name);
    for (let step = 0; step <= last && this.stage.goesOn; step += 1) {
      const name = `${this.#name}.${step}`;
      const random = chance.of(name);
      const pauseMs = 1 + random.below(80);
      if (chance.happens(name)) await this.#step(name, random);
      await sleep(pauseMs);
    }
  }

  async #step(name: string, random: SeededRandom): Promise<void> {
    const draw = random.next();
    const known = this.#orders.length > 0 ? this.#orders[random.below(this.#orders.length)]! : undefined;
    if (draw < 0.1) return this.#subscription(name, random);
    if (!known || draw < 0.62) return this.#pay(name, random);
    const { external, paymentId, order, refundId } = known;
    if (draw < 0.82) return this.#refund(name, random, known);
    if (draw < 0.86) {
      await this.#change(name, random, external, { path: 'cancel', order, body: { paymentId } });
    } else if (draw < 0.92) await this.#get(random, `/v3/${external}/status?paymentId=${paymentId}`);
    else if (draw < 0.95) await this.#get(random, `/v3/${external}/status?shopTransactionId=${order}`);
    else if (draw < 0.98) await this.#get(random, `/v3/${external}/check?paymentId=${paymentId}`);
    else if (refundId) await this.#get(random, `/v3/${external}/refund/status?refundId=${refundId}`);
  }

  async #get(random: SeededRandom, path: string): Promise<void> {
    await this.stage.send(random, { method: 'GET', path });
  }

  /** An impatient shop may order the same again, with another key. */
  async #pay(name: string, random: SeededRandom): Promise<void> {
    const external = EXTERNALS[random.below(EXTERNALS.length)]!;
    const body = this.#order(name, random);
    const order = body.shopTransactionId;
    const path = random.next() < 0.9 ? 'pay' : 'pay-by-link';
    if (random.next() < 0.05) return this.#payWithoutKey(random, external, path, body);
    const first = this.#change(name, random, external, { path, order, body });
    if (random.next() < 0.1) await this.#change(`${name}-again`, random, external, { path, order, body });
    this.#remember(external, body, await first);
  }

  /** Once: what is repeated without a key is another payment of the same order. */
  async #payWithoutKey(random: SeededRandom, external: string, path: string, body: OrderBody) {
    const answer = await this.stage.send(random, { method: 'POST', path: `/v3/${external}/${path}`, body });
    const read = answer && (JSON.parse(answer.body) as Read);
    this.stage.told.push({ external, key: undefined, path, order: body.shopTransactionId, answer: read });
    this.#remember(external, body, read);
  }

  #order(name: string, random: SeededRandom): OrderBody {
    return {
      amount: 1 + random.below(10_000),
      currency: CURRENCIES[random.below(CURRENCIES.length)]!,
      shopTransactionId: `order-${name}`,
      providerData: { card: CANARY },
    };
  }

  #remember(
    external: string,
    { shopTransactionId: order, amount, currency }: OrderBody,
    read: Read | undefined,
  ): void {
    if (!read?.paymentId) return;
    this.#orders.push({ external, order, paymentId: read.paymentId, amount, currency });
    if (this.#orders.length > REMEMBERED) this.#orders.shift();
  }

  async #refund(name: string, random: SeededRandom, known: Order): Promise<void> {
    const { external, order, paymentId, amount, currency } = known;
    const part = random.next() < 0.5 ? amount : 1 + random.below(amount);
    const body = { amount: part, currency, paymentId };
    const first = this.#change(name, random, external, { path: 'refund', order, body });
    if (random.next() < 0.2)
      await this.#change(`${name}-again`, random, external, { path: 'refund', order, body });
    const refundId = (await first)?.refundId;
    if (refundId) this.#orders.push({ ...known, refundId });
  }

  async #subscription(name: string, random: SeededRandom): Promise<void> {
    const subscriptions = this.#subscriptions;
    const draw = random.next();
    if (subscriptions.length === 0 || draw < 0.4) {
      const external = EXTERNALS[random.below(EXTERNALS.length)]!;
      const body = {
        ...this.#order(name, random),
        subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
      };
      const path = draw < 0.2 ? 'subscription/schedule' : 'subscription/start';
      const read = await this.#change(name, random, external, { path, order: body.shopTransactionId, body });
      if (read?.subscriptionToken) subscriptions.push({ external, token: read.subscriptionToken });
      return;
    }
    const { external, token } = subscriptions[random.below(subscriptions.length)]!;
    if (draw < 0.65) {
      const body = { ...this.#order(name, random), subscriptionInfo: { token } };
      const order = body.shopTransactionId;
      this.#remember(
        external,
        body,
        await this.#change(name, random, external, { path: 'subscription/pay', order, body }),
      );
    } else if (draw < 0.8) {
      const body = { amount: 1 + random.below(10_000), currency: 'EUR' };
      await this.#change(name, random, external, { path: `subscription/update/${token}`, order: '', body });
    } else if (draw < 0.9) await this.#get(random, `/v3/${external}/subscription/status/${token}`);
    else {
      const path = `subscription/expire/${token}`;
      await this.#change(name, random, external, { method: 'DELETE', path, order: '' });
    }
  }

  /** Repeats with the same key until there is an answer that is final, or patience ends. */
  async #change(
    name: string,
    random: SeededRandom,
    external: string,
    { method = 'POST', path, order, body }: { method?: string; path: string; order: string; body?: object },
  ): Promise<Read | undefined> {
    const key = `key-${name}`;
    const patience = 1 + random.below(5);
    let last: Read | undefined;
    let overtakes = false;
    for (let attempt = 0; attempt < patience; attempt += 1) {
      // A replica works on an earlier attempt that its caller has given up, and may not have stored it yet.
      overtakes = this.stage.isUnderWay(key);
      const answer = await this.stage.send(random, {
        method,
        path: `/v3/${external}/${path}`,
        headers: { 'Idempotency-Key': key },
        ...(body && { body }),
      });
      const read = answer && (JSON.parse(answer.body) as Read);
      if (read) last = read;
      if (answer && (answer.status === 200 || last?.outcome === 'not-executed')) break;
      await sleep(50 + random.below(1_500));
    }
    // A refusal is true of the attempt that it answers; the earlier one may be executed yet.
    if (!overtakes || !REFUSED_WITHOUT_A_TRACE.has(last?.code))
      this.stage.told.push({ external, key, path, order, answer: last });
    return last;
  }
}
