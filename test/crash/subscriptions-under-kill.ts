import { setTimeout as delay } from 'node:timers/promises';
import { CallingExternal, type ReceivedCall } from './calling-external.js';
import { Orders, send } from './caller.js';
import type { LedgerReader } from './ledger-reader.js';
import { AuditedReceiver } from './receiver-audit.js';

/** Subscriptions of a kill run, which their external lets lapse with callbacks; and their audit afterwards. */

const NAME = 'subscribing';
const OPERATIONS = ['schedule', 'start'] as const;
const CHANGES = ['PAST_DUE', 'EXPIRED'] as const;
const END_LIMIT_MS = 30_000;

interface Booked {
  readonly shopTransactionId: string;
  readonly paymentId: string;
  readonly subscriptionToken: string;
  status: 'ACTIVE' | (typeof CHANGES)[number];
}

interface LedgerSubscription {
  readonly shop_transaction_id: string;
  readonly token: string | null;
  readonly state: string;
}

export class SubscriptionsUnderKill {
  /** By idempotency key, which this external honours. */
  readonly #book = new Map<string, Booked>();
  readonly #external = new CallingExternal((call) => this.#answer(call));
  readonly #receiver: AuditedReceiver;
  readonly #starts = new Orders<{ readonly operation: (typeof OPERATIONS)[number] }>(
    'subscription',
    ({ key, details: { operation } }) =>
      send(`${this.#gateway}/v3/${NAME}/subscription/${operation}`, key, {
        amount: 100,
        currency: 'EUR',
        shopTransactionId: key,
        subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
      }),
  );
  #gateway = '';

  constructor(
    private readonly random: () => number,
    private readonly ledger: LedgerReader,
  ) {
    this.#receiver = new AuditedReceiver('subscriptions', { fails: true, random });
  }

  /** Starts the external and the receiver; returns their configurations. */
  async listen(gateway: string): Promise<{ external: object; receiver: object }> {
    this.#gateway = gateway;
    this.#external.callbackUrl = `${gateway}/v3/${NAME}/callback`;
    const { name: receiver, secret } = this.#receiver;
    return {
      external: {
        externalService: NAME,
        baseUrl: await this.#external.listen(),
        callbackAuth: { type: 'standard-webhooks', secret: this.#external.secret },
        honoursIdempotencyKey: true,
        circuitBreaker: { failures: 100_000 },
      },
      receiver: { receiver, url: await this.#receiver.listen(), secret, events: ['subscription'] },
    };
  }

  close(): void {
    this.#external.close();
    this.#receiver.close();
  }

  /** A start, or the repeat of an interrupted one with its key. True if it was answered. */
  startOnce(): Promise<boolean> {
    const operation = OPERATIONS[this.random() < 0.5 ? 0 : 1];
    return this.#starts.sendOne(this.random() < 0.5, () => ({ operation }));
  }

  /** Waits until every start is answered, every change is acknowledged, and every callback was verified. */
  async end(): Promise<string[]> {
    await this.#starts.answerAll();
    const missing = await this.#external.end(END_LIMIT_MS);
    const deadline = Date.now() + END_LIMIT_MS;
    for (;;) {
      const open = await this.ledger.query<object>(
        `select id from callbacks where external = '${NAME}' and finished_at is null`,
      );
      if (open.length === 0) break;
      if (Date.now() > deadline) return [...missing, `${open.length} callbacks of subscriptions are open`];
      await delay(200);
    }
    this.#receiver.calmDown();
    return missing;
  }

  /** What of the external's book is not in the ledger, or not the newest that the receiver got. */
  async audit(): Promise<{ problems: string[]; summary: string }> {
    const rows = await this.ledger.query<LedgerSubscription>(
      'select shop_transaction_id, token, state from subscriptions',
    );
    const problems = [...this.#starts.emptiness(), ...(await this.#receiver.audit(this.ledger))];
    const booked = [...this.#book.values()];
    for (const { shopTransactionId, subscriptionToken, status } of booked) {
      const found = rows.filter((row) => row.shop_transaction_id === shopTransactionId);
      if (found.length !== 1 || found[0]!.token !== subscriptionToken || found[0]!.state !== status)
        problems.push(`${subscriptionToken} is ${status}, the ledger has ${JSON.stringify(found)}`);
      const notified = this.#receiver.newestStatus(subscriptionToken);
      if (notified !== status)
        problems.push(`${subscriptionToken} is ${status}, the receiver got ${notified ?? 'nothing'}`);
    }
    for (const { key, answer } of this.#starts.all) {
      const token = this.#book.get(key)?.subscriptionToken;
      if (answer?.status !== 200 || answer.body.subscriptionToken !== token)
        problems.push(`${key} was answered ${JSON.stringify(answer)}, the external has ${token}`);
    }
    const states = CHANGES.map(
      (state) => `${rows.filter((row) => row.state === state).length} ${state}`,
    ).join(', ');
    const summary =
      `${this.#starts.summary('subscriptions')}, ${booked.length} in the external's book, ` +
      `${this.#external.acknowledged} changes acknowledged after ${this.#external.refused} failed attempts, ${rows.length} in ` +
      `the ledger (${states}), ${this.#receiver.acknowledged} notified, ${this.#receiver.refused} refused`;
    return { problems, summary };
  }

  #answer({ url, key, body }: ReceivedCall): object | undefined {
    const [, resource, token] = url.pathname.split('/subscription')[1]?.split('/') ?? [];
    const booked = [...this.#book.values()];
    if (resource === 'status') {
      const found = booked.find(({ subscriptionToken }) => subscriptionToken === token);
      return found && { status: found.status, subscriptionToken: found.subscriptionToken };
    }
    if (resource !== undefined) return this.#start(key, String(body['shopTransactionId']));
    const paid = booked.find(({ paymentId }) => paymentId === url.searchParams.get('paymentId'));
    return paid && { status: 'ACCEPTED', paymentId: paid.paymentId };
  }

  #start(key: string, shopTransactionId: string): object {
    const number = this.#book.size;
    const booked: Booked = this.#book.get(key) ?? {
      shopTransactionId,
      paymentId: `first-${number}`,
      subscriptionToken: `token-${number}`,
      status: 'ACTIVE',
    };
    if (!this.#book.has(key)) {
      this.#book.set(key, booked);
      this.#external.live(() => this.#lapse(booked));
    }
    const { paymentId, subscriptionToken } = booked;
    return { result: 'OK', paymentId, subscriptionToken };
  }

  /** PAST_DUE soon, mostly EXPIRED later, each with a callback that is repeated until it is acknowledged. */
  async #lapse(subscription: Booked): Promise<void> {
    for (const status of this.random() < 0.7 ? CHANGES : CHANGES.slice(0, 1)) {
      await delay(this.random() * 400);
      subscription.status = status;
      await this.#external.call({ subscriptionToken: subscription.subscriptionToken });
    }
  }
}
