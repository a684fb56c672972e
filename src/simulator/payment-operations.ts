import type { Book, BookedPayment } from './book.js';
import { Refusal } from './refusal.js';
import { amount, currency, paymentFields, text, type JsonObject } from './request-fields.js';
import type { Plan, SteeredOperation } from './scenario.js';
import type { Settlement } from './settlement.js';

/** One state-changing call, judged and planned, about to be executed. */
export interface SteeredCall {
  readonly operation: SteeredOperation;
  readonly body: JsonObject;
  /** The token in the path, else empty. */
  readonly token: string;
  readonly plan: Plan;
  readonly idempotencyKey: string | undefined;
}

/** What an executed call answers, and the record that counts its replays. */
export interface Execution {
  readonly answer: JsonObject;
  readonly record: { replays: number };
}

/** pay, pay-by-link, refund and status of the contract (SPEC §1), on the book. */
export class PaymentOperations {
  constructor(
    private readonly book: Book,
    private readonly settlement: Settlement,
    private readonly checkoutUrl: (paymentId: string) => string,
  ) {}

  pay(call: SteeredCall): Execution {
    const payment = this.take(call, undefined);
    return { answer: this.payAnswer(payment), record: payment };
  }

  /** The link leads to the page where the payer decides; until then the payment is PENDING. */
  payByLink(call: SteeredCall): Execution {
    const { plan } = call;
    const payerDecides = plan.first === 'ACCEPTED';
    const linked: Plan = payerDecides
      ? { ...plan, first: 'PENDING', settledBy: 'payer', callbacks: Math.max(plan.callbacks, 1) }
      : plan;
    const payment = this.take({ ...call, plan: linked }, undefined);
    const { paymentId } = payment;
    const answer =
      payment.status === 'FAILED'
        ? { result: 'KO', resultDescription: DECLINED, paymentId }
        : { result: 'OK', paymentId, link: this.checkoutUrl(paymentId) };
    return { answer, record: payment };
  }

  refund({ body, plan, idempotencyKey }: SteeredCall): Execution {
    const asked = { amount: amount(body, 1), currency: currency(body), paymentId: text(body, 'paymentId') };
    const payment = this.paymentOf(asked.paymentId);
    const objection = refundObjection(payment, asked);
    const declined = objection !== undefined || plan.first === 'FAILED';
    const result = declined ? 'KO' : plan.first === 'PENDING' ? 'PENDING' : 'OK';
    const refund = this.book.addRefund(payment, { ...asked, result, idempotencyKey });
    this.settlement.beginRefund(payment, refund, declined ? { ...plan, settledBy: 'call' } : plan);
    const answer = declined ? { result, resultDescription: objection ?? DECLINED } : { result };
    return { answer, record: refund };
  }

  /** By `paymentId`, else by `shopTransactionId`; a 404 {@link Refusal}, "I have never seen it", where there is none. */
  status(query: URLSearchParams): JsonObject {
    const paymentId = query.get('paymentId');
    const shopTransactionId = query.get('shopTransactionId');
    if (!paymentId && !shopTransactionId) throw new Refusal(400, 'paymentId or shopTransactionId is needed.');
    const payment = paymentId ? this.paymentOf(paymentId) : this.book.paymentOfOrder(shopTransactionId!);
    if (!payment) throw new Refusal(404, 'A payment of this shopTransactionId was never seen here.');
    return {
      status: payment.status,
      paymentId: payment.paymentId,
      shopTransactionId: payment.shopTransactionId,
      metadata: { scenario: payment.scenario, refundedAmount: payment.refundedAmount },
    };
  }

  /** Books a payment in its first state, and lets the rest of the plan take its course. */
  take(
    { body, operation, plan, idempotencyKey }: SteeredCall,
    subscriptionToken: string | undefined,
  ): BookedPayment {
    const payment = this.book.addPayment({
      ...paymentFields(body, operation.startsWith('subscription/') ? 0 : 1),
      operation,
      scenario: plan.scenario,
      subscriptionToken,
      status: plan.first,
      plan: undefined,
      idempotencyKey,
    });
    this.settlement.begin(payment, plan);
    return payment;
  }

  payAnswer(payment: BookedPayment): JsonObject {
    const { paymentId, status, plan, scenario } = payment;
    const rest = { paymentId, metadata: { scenario } };
    if (status === 'ACCEPTED') return { result: 'OK', ...rest };
    if (status === 'FAILED') return { result: 'KO', resultDescription: DECLINED, ...rest };
    if (plan?.settledBy !== 'payer') return { result: 'PENDING', ...rest };
    return { result: 'REDIRECT_TO_URL', redirectToUrl: this.checkoutUrl(paymentId), ...rest };
  }

  private paymentOf(paymentId: string): BookedPayment {
    const payment = this.book.payments.get(paymentId);
    if (payment) return payment;
    throw new Refusal(404, 'This paymentId was never seen here.');
  }
}

export const DECLINED = 'Declined by the simulator';

/** Why this refund cannot be, in words, or undefined. */
function refundObjection(
  payment: BookedPayment,
  asked: { amount: number; currency: string },
): string | undefined {
  if (payment.status !== 'ACCEPTED') return `The payment is ${payment.status}`;
  if (asked.currency !== payment.currency) return `The payment is in ${payment.currency}`;
  const rest = payment.amount - payment.refundedAmount;
  return asked.amount > rest ? `Only ${rest} of ${payment.amount} can still be refunded` : undefined;
}
