import type { Book, BookedPayment } from './book.js';
import { RequestError } from './request-error.js';
import { amount, currency, paymentFields, text, type JsonObject } from './request-fields.js';
import type { Plan, ScenarioOperation } from './scenario.js';
import type { Settlement } from './settlement.js';

/** One validated state-changing call with its plan. */
export interface ScenarioCall {
  readonly operation: ScenarioOperation;
  readonly body: JsonObject;
  /** The token in the path; else empty. */
  readonly token: string;
  readonly plan: Plan;
  readonly idempotencyKey: string | undefined;
}

/** The answer of an executed call, and the record that counts its replays. */
export interface Execution {
  readonly answer: JsonObject;
  readonly record: { replays: number };
}

/** pay, pay-by-link, refund and status (SPEC §1). */
export class PaymentOperations {
  constructor(
    private readonly book: Book,
    private readonly settlement: Settlement,
    private readonly checkoutUrl: (paymentId: string) => string,
  ) {}

  pay(call: ScenarioCall): Execution {
    const payment = this.create(call, undefined);
    return { answer: this.payAnswer(payment), record: payment };
  }

  /** The payment is PENDING until the payer decides on the linked page. */
  payByLink(call: ScenarioCall): Execution {
    const { plan } = call;
    const payerDecides = plan.first === 'ACCEPTED';
    const linked: Plan = payerDecides
      ? { ...plan, first: 'PENDING', settledBy: 'payer', callbacks: Math.max(plan.callbacks, 1) }
      : plan;
    const payment = this.create({ ...call, plan: linked }, undefined);
    const { paymentId } = payment;
    const answer =
      payment.status === 'FAILED'
        ? { result: 'KO', resultDescription: DECLINED, paymentId }
        : { result: 'OK', paymentId, link: this.checkoutUrl(paymentId) };
    return { answer, record: payment };
  }

  refund({ body, plan, idempotencyKey }: ScenarioCall): Execution {
    const request = { amount: amount(body, 1), currency: currency(body), paymentId: text(body, 'paymentId') };
    const payment = this.paymentOf(request.paymentId);
    const declineReason = refundDeclineReason(payment, request);
    const declined = declineReason !== undefined || plan.first === 'FAILED';
    const result = declined ? 'KO' : plan.first === 'PENDING' ? 'PENDING' : 'OK';
    const refund = this.book.addRefund(payment, { ...request, result, idempotencyKey });
    this.settlement.beginRefund(payment, refund, declined ? { ...plan, settledBy: 'call' } : plan);
    const answer = declined ? { result, resultDescription: declineReason ?? DECLINED } : { result };
    return { answer, record: refund };
  }

  /** Finds the payment by `paymentId`, else by `shopTransactionId`; throws a 404 {@link RequestError} where none exists. */
  status(query: URLSearchParams): JsonObject {
    const paymentId = query.get('paymentId');
    const shopTransactionId = query.get('shopTransactionId');
    if (!paymentId && !shopTransactionId)
      throw new RequestError(400, 'paymentId or shopTransactionId is required.');
    const payment = paymentId ? this.paymentOf(paymentId) : this.book.paymentOfOrder(shopTransactionId!);
    if (!payment) throw new RequestError(404, 'No payment has this shopTransactionId.');
    return {
      status: payment.status,
      paymentId: payment.paymentId,
      shopTransactionId: payment.shopTransactionId,
      metadata: { scenario: payment.scenario, refundedAmount: payment.refundedAmount },
    };
  }

  /** Creates a payment in its first state and starts its plan. */
  create(
    { body, operation, plan, idempotencyKey }: ScenarioCall,
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
    throw new RequestError(404, 'No payment has this paymentId.');
  }
}

export const DECLINED = 'Declined by the simulator';

/** The reason to decline the refund, or undefined. */
function refundDeclineReason(
  payment: BookedPayment,
  request: { amount: number; currency: string },
): string | undefined {
  if (payment.status !== 'ACCEPTED') return `The payment is ${payment.status}`;
  if (request.currency !== payment.currency) return `The payment is in ${payment.currency}`;
  const rest = payment.amount - payment.refundedAmount;
  return request.amount > rest ? `Only ${rest} of ${payment.amount} can still be refunded` : undefined;
}
