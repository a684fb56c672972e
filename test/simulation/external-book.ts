import type { SeededRandom } from '../support/seeded-random.js';
import { sleep } from './platform.js';
import type { WireAnswer, WireRequest } from './wire.js';

type Status = 'ACCEPTED' | 'FAILED' | 'PENDING';

export interface BookedPayment {
  readonly paymentId: string;
  readonly shopTransactionId: string;
  readonly amount: number;
  readonly currency: string;
  readonly key: string;
  status: Status;
}

export interface BookedRefund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly key: string;
  status: Status;
}

/** After a subscription began, a payment of it may be missed until then. */
export const MISSED_WITHIN_MS = 20_000;

export interface BookedSubscription {
  readonly token: string;
  readonly key: string;
  status: 'PENDING' | 'ACTIVE' | 'PAST_DUE' | 'EXPIRED' | 'CANCELED';
}

/** What a callback names. */
export type News = Readonly<
  Partial<Record<'paymentId' | 'refundId' | 'subscriptionToken', string>> & { key: string }
>;

interface Body {
  readonly shopTransactionId?: string;
  readonly amount?: number;
  readonly currency?: string;
  readonly paymentId?: string;
  readonly subscriptionInfo?: { readonly token?: string };
}

const RESULT = { ACCEPTED: 'OK', FAILED: 'KO', PENDING: 'PENDING' } as const;

/** An external that always says what it has executed. What the network makes of that is not its doing. */
export class ExternalBook {
  readonly payments = new Map<string, BookedPayment>();
  readonly paymentsByKey = new Map<string, BookedPayment>();
  readonly refunds = new Map<string, BookedRefund>();
  readonly refundsByKey = new Map<string, BookedRefund>();
  readonly subscriptions = new Map<string, BookedSubscription>();
  readonly subscriptionsByKey = new Map<string, BookedSubscription>();
  /** By `Idempotency-Key`; a repeat that it recognises is no execution. */
  readonly executions = new Map<string, number>();
  readonly #byOrder = new Map<string, BookedPayment[]>();
  readonly #answers = new Map<string, WireAnswer>();
  /** Something has begun or ended, of which the external may send a callback. */
  onNews: (news: News) => void = () => {};
  onExecutedTwice: (key: string) => void = () => {};

  constructor(
    readonly name: string,
    readonly honoursKeys: boolean,
    private readonly randomOf: (what: string) => SeededRandom,
  ) {}

  ofOrder(order: string): readonly BookedPayment[] {
    return this.#byOrder.get(order) ?? [];
  }

  /**
   * An operator records that what the external has declined has failed: a repeat with its key may execute it anew, unless
   * `record` returns that this was refused.
   */
  async releaseWhile(key: string, record: () => Promise<boolean>): Promise<void> {
    this.executions.delete(key);
    if (!(await record())) this.executions.set(key, 1);
  }

  serve({ method, url, headers, body: text }: WireRequest): WireAnswer {
    const operation = url.pathname.slice(1);
    if (method === 'GET') return this.#query(operation, url);
    const key = headers['idempotency-key'] ?? '';
    const known = this.honoursKeys ? this.#answers.get(key) : undefined;
    if (known) {
      // Also of a key that was released meanwhile: it stands for what was executed.
      this.executions.set(key, 1);
      return known;
    }
    const times = (this.executions.get(key) ?? 0) + 1;
    this.executions.set(key, times);
    if (times > 1) this.onExecutedTwice(key);
    const body = text === '' ? {} : (JSON.parse(text) as Body);
    const answer = this.#execute(operation, body, key, this.randomOf(`${this.name} executes ${key}`));
    this.#answers.set(key, answer);
    return answer;
  }

  #execute(operation: string, body: Body, key: string, random: SeededRandom): WireAnswer {
    const [first, change, token = ''] = operation.split('/');
    if (first === 'refund') return this.#refund(body, key, random);
    if (first === 'cancel') return this.#cancel(body);
    if (first !== 'subscription') return this.#pay(operation, body, key, random);
    if (change === 'schedule' || change === 'start') return this.#subscribe(body, key, random);
    const subscription = this.subscriptions.get(token || (body.subscriptionInfo?.token ?? ''));
    if (!subscription) return json(404, { message: 'no such subscription' });
    if (change === 'pay') return this.#pay('pay', body, key, random);
    const ended = subscription.status === 'EXPIRED' || subscription.status === 'CANCELED';
    if (change === 'expire' && !ended) subscription.status = 'EXPIRED';
    return json(200, { result: ended ? 'KO' : 'OK', subscriptionToken: token });
  }

  #book(body: Body, key: string, random: SeededRandom): BookedPayment {
    const draw = random.next();
    const payment: BookedPayment = {
      paymentId: `pm-${this.name}-${this.payments.size + 1}`,
      shopTransactionId: body.shopTransactionId!,
      amount: body.amount!,
      currency: body.currency!,
      key,
      status: draw < 0.55 ? 'ACCEPTED' : draw < 0.7 ? 'FAILED' : 'PENDING',
    };
    this.payments.set(payment.paymentId, payment);
    this.paymentsByKey.set(key, payment);
    const ofOrder = this.#byOrder.get(payment.shopTransactionId) ?? [];
    this.#byOrder.set(payment.shopTransactionId, [...ofOrder, payment]);
    return payment;
  }

  #settleLater(payment: BookedPayment, random: SeededRandom, settled: () => void = () => {}): void {
    const news = { paymentId: payment.paymentId, key: payment.key };
    this.onNews(news);
    if (payment.status !== 'PENDING') return;
    const to = random.next() < 0.7 ? 'ACCEPTED' : 'FAILED';
    void sleep(1 + random.below(8_000)).then(() => {
      if (payment.status !== 'PENDING') return;
      payment.status = to;
      settled();
      this.onNews(news);
    });
  }

  #pay(operation: string, body: Body, key: string, random: SeededRandom): WireAnswer {
    const payment = this.#book(body, key, random);
    this.#settleLater(payment, random);
    const { paymentId, status } = payment;
    if (operation === 'pay-by-link' && status !== 'FAILED')
      return json(200, { result: 'OK', paymentId, link: `https://pay.test/${paymentId}` });
    return json(200, { result: RESULT[status], paymentId });
  }

  #subscribe(body: Body, key: string, random: SeededRandom): WireAnswer {
    const payment = this.#book(body, key, random);
    const { paymentId, status } = payment;
    if (status === 'FAILED') {
      this.#settleLater(payment, random);
      return json(200, { result: 'KO', paymentId });
    }
    const subscription: BookedSubscription = {
      token: `sub-${this.name}-${this.subscriptions.size + 1}`,
      key,
      status: status === 'ACCEPTED' ? 'ACTIVE' : 'PENDING',
    };
    this.subscriptions.set(subscription.token, subscription);
    this.subscriptionsByKey.set(key, subscription);
    this.#settleLater(payment, random, () => {
      if (subscription.status === 'PENDING')
        subscription.status = payment.status === 'ACCEPTED' ? 'ACTIVE' : 'CANCELED';
      this.onNews({ subscriptionToken: subscription.token, key: `${key} subscription` });
    });
    if (random.next() < 0.2)
      void sleep(1 + random.below(MISSED_WITHIN_MS)).then(() => this.#missPayment(subscription));
    return json(200, { result: RESULT[status], paymentId, subscriptionToken: subscription.token });
  }

  /** Only the external knows of it, until it is queried. */
  #missPayment(subscription: BookedSubscription): void {
    if (subscription.status === 'ACTIVE') subscription.status = 'PAST_DUE';
  }

  #refund({ paymentId, amount }: Body, key: string, random: SeededRandom): WireAnswer {
    const payment = this.payments.get(paymentId!);
    if (!payment) return json(404, { message: 'no such payment' });
    const draw = random.next();
    const refund: BookedRefund = {
      refundId: `re-${this.name}-${this.refunds.size + 1}`,
      paymentId: paymentId!,
      amount: amount!,
      key,
      status: draw < 0.7 ? 'ACCEPTED' : draw < 0.85 ? 'FAILED' : 'PENDING',
    };
    this.refunds.set(refund.refundId, refund);
    this.refundsByKey.set(key, refund);
    if (refund.status === 'PENDING') {
      const to = random.next() < 0.7 ? 'ACCEPTED' : 'FAILED';
      void sleep(1 + random.below(8_000)).then(() => {
        refund.status = to;
        this.onNews({ refundId: refund.refundId, key });
      });
    }
    return json(200, { result: RESULT[refund.status], refundId: refund.refundId });
  }

  #cancel({ paymentId }: Body): WireAnswer {
    const payment = this.payments.get(paymentId!);
    if (!payment) return json(404, { message: 'no such payment' });
    if (payment.status !== 'PENDING') return json(200, { result: 'KO' });
    payment.status = 'FAILED';
    const subscription = this.subscriptionsByKey.get(payment.key);
    if (subscription?.status === 'PENDING') subscription.status = 'CANCELED';
    return json(200, { result: 'OK' });
  }

  #query(operation: string, url: URL): WireAnswer {
    if (operation === 'status') return this.#status(url);
    if (operation === 'refund/status') return this.#refundStatus(url);
    const subscription = this.subscriptions.get(operation.split('/')[2] ?? '');
    if (!subscription) return json(404, { message: 'never seen' });
    return json(200, { status: subscription.status, subscriptionToken: subscription.token });
  }

  #status({ searchParams }: URL): WireAnswer {
    const ofOrder = this.ofOrder(searchParams.get('shopTransactionId') ?? '');
    const payment =
      this.payments.get(searchParams.get('paymentId') ?? '') ??
      ofOrder.findLast(({ status }) => status !== 'FAILED') ??
      ofOrder.at(-1);
    if (!payment) return json(404, { message: 'never seen' });
    const { status, paymentId, shopTransactionId } = payment;
    return json(200, { status, paymentId, shopTransactionId });
  }

  #refundStatus({ searchParams }: URL): WireAnswer {
    const refund =
      this.refunds.get(searchParams.get('refundId') ?? '') ??
      this.refundsByKey.get(searchParams.get('idempotencyKey') ?? '');
    if (!refund) return json(404, { message: 'never seen' });
    const { status, refundId, paymentId, amount } = refund;
    const { currency } = this.payments.get(paymentId)!;
    return json(200, { status, refundId, paymentId, amount, currency });
  }
}

function json(status: number, value: object): WireAnswer {
  return { status, body: JSON.stringify(value) };
}
