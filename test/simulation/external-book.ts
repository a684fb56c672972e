import type { SeededRandom } from '../support/seeded-random.js';
import { sleep } from './platform.js';
import type { WireAnswer, WireRequest } from './wire.js';

export interface BookedPayment {
  readonly paymentId: string;
  readonly shopTransactionId: string;
  readonly amount: number;
  readonly currency: string;
  readonly key: string;
  status: 'ACCEPTED' | 'FAILED' | 'PENDING';
}

export interface BookedRefund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly key: string;
  status: 'ACCEPTED' | 'FAILED' | 'PENDING';
}

interface Body {
  readonly shopTransactionId?: string;
  readonly amount?: number;
  readonly currency?: string;
  readonly paymentId?: string;
}

/** An external that always says what it has executed. What the network makes of that is not its doing. */
export class ExternalBook {
  readonly payments = new Map<string, BookedPayment>();
  readonly refunds = new Map<string, BookedRefund>();
  /** By `Idempotency-Key`; a repeat that it recognises is no execution. */
  readonly executions = new Map<string, number>();
  readonly #answers = new Map<string, WireAnswer>();
  /** Sends a callback about a payment. */
  onSettled: (payment: BookedPayment) => void = () => {};

  constructor(
    readonly name: string,
    private readonly honoursKeys: boolean,
    private readonly random: SeededRandom,
  ) {}

  serve({ method, url, headers, body: text }: WireRequest): WireAnswer {
    const operation = url.pathname.slice(1);
    if (method === 'GET') return operation === 'status' ? this.#status(url) : this.#refundStatus(url);
    const key = headers['idempotency-key'] ?? '';
    const known = this.honoursKeys ? this.#answers.get(key) : undefined;
    if (known) return known;
    const body = JSON.parse(text) as Body;
    this.executions.set(key, (this.executions.get(key) ?? 0) + 1);
    const answer = this.#execute(operation, body, key);
    this.#answers.set(key, answer);
    return answer;
  }

  settle(payment: BookedPayment): void {
    if (payment.status !== 'PENDING') return;
    payment.status = this.random.next() < 0.7 ? 'ACCEPTED' : 'FAILED';
    this.onSettled(payment);
  }

  #execute(operation: string, body: Body, key: string): WireAnswer {
    if (operation === 'refund') return this.#refund(body, key);
    if (operation === 'cancel') return this.#cancel(body);
    const draw = this.random.next();
    const payment: BookedPayment = {
      paymentId: `pm-${this.name}-${this.payments.size + 1}`,
      shopTransactionId: body.shopTransactionId!,
      amount: body.amount!,
      currency: body.currency!,
      key,
      status: draw < 0.55 ? 'ACCEPTED' : draw < 0.7 ? 'FAILED' : 'PENDING',
    };
    this.payments.set(payment.paymentId, payment);
    if (payment.status === 'PENDING')
      void sleep(1 + this.random.below(8_000)).then(() => this.settle(payment));
    const { paymentId } = payment;
    if (operation === 'pay-by-link' && payment.status !== 'FAILED') {
      return json(200, { result: 'OK', paymentId, link: `https://pay.test/${paymentId}` });
    }
    const result = { ACCEPTED: 'OK', FAILED: 'KO', PENDING: 'PENDING' }[payment.status];
    return json(200, { result, paymentId });
  }

  #refund({ paymentId, amount }: Body, key: string): WireAnswer {
    const payment = this.payments.get(paymentId!);
    if (!payment) return json(404, { message: 'no such payment' });
    const draw = this.random.next();
    const refund: BookedRefund = {
      refundId: `re-${this.name}-${this.refunds.size + 1}`,
      paymentId: paymentId!,
      amount: amount!,
      key,
      status: draw < 0.7 ? 'ACCEPTED' : draw < 0.85 ? 'FAILED' : 'PENDING',
    };
    this.refunds.set(refund.refundId, refund);
    if (refund.status === 'PENDING')
      void sleep(1 + this.random.below(8_000)).then(() => {
        refund.status = this.random.next() < 0.7 ? 'ACCEPTED' : 'FAILED';
      });
    const result = { ACCEPTED: 'OK', FAILED: 'KO', PENDING: 'PENDING' }[refund.status];
    return json(200, { result, refundId: refund.refundId });
  }

  #cancel({ paymentId }: Body): WireAnswer {
    const payment = this.payments.get(paymentId!);
    if (!payment) return json(404, { message: 'no such payment' });
    if (payment.status !== 'PENDING') return json(200, { result: 'KO' });
    payment.status = 'FAILED';
    return json(200, { result: 'OK' });
  }

  #status({ searchParams }: URL): WireAnswer {
    const order = searchParams.get('shopTransactionId');
    const ofOrder = [...this.payments.values()].filter(
      ({ shopTransactionId }) => shopTransactionId === order,
    );
    const payment =
      this.payments.get(searchParams.get('paymentId') ?? '') ??
      ofOrder.findLast(({ status }) => status !== 'FAILED') ??
      ofOrder.at(-1);
    if (!payment) return json(404, { message: 'never seen' });
    const { status, paymentId, shopTransactionId } = payment;
    return json(200, { status, paymentId, shopTransactionId });
  }

  #refundStatus({ searchParams }: URL): WireAnswer {
    const key = searchParams.get('idempotencyKey');
    const refund =
      this.refunds.get(searchParams.get('refundId') ?? '') ??
      [...this.refunds.values()].find((each) => each.key === key);
    if (!refund) return json(404, { message: 'never seen' });
    const { status, refundId, paymentId, amount } = refund;
    const { currency } = this.payments.get(paymentId)!;
    return json(200, { status, refundId, paymentId, amount, currency });
  }
}

function json(status: number, value: object): WireAnswer {
  return { status, body: JSON.stringify(value) };
}
