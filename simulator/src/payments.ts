import type { Book } from './book.js';
import type { BookedPayment } from './records.js';
import {
  currencyField,
  urlField,
  integerField,
  optionalField,
  RequestError,
  requiredField,
  textField,
  type JsonObject,
} from './request-fields.js';
import { type Plan, type ScenarioOperation, SCENARIOS } from './scenarios.js';
import type { Settlement } from './settlement.js';

/** What operations work with. */
export interface OperationContext {
  readonly book: Book;
  readonly settlement: Settlement;
  readonly checkoutUrl: (paymentId: string) => string;
}

type PaymentFields = Pick<
  BookedPayment,
  'amount' | 'currency' | 'shopTransactionId' | 'successRedirectUrl' | 'failureRedirectUrl'
>;

/** A state-changing call with its plan. */
export interface ScenarioCall {
  readonly operation: ScenarioOperation;
  readonly body: JsonObject;
  /** The token in the path; else undefined. */
  readonly token: string | undefined;
  readonly plan: Plan;
  readonly idempotencyKey: string | undefined;
}

/** The answer of an executed call, and the id of the record that counts its replays. */
export interface Execution {
  readonly answer: JsonObject;
  readonly recordId: string;
}

export const DECLINED = 'Declined by the simulator';

export function pay(context: OperationContext, call: ScenarioCall): Execution {
  const payment = createPayment(context, call, undefined);
  return { answer: payAnswer(context, payment), recordId: payment.paymentId };
}

/** The payment is PENDING until the payer decides on the linked page. */
export function payByLink(context: OperationContext, call: ScenarioCall): Execution {
  const { plan } = call;
  const linked: Plan =
    plan.first === 'ACCEPTED'
      ? { ...plan, first: 'PENDING', settledBy: 'payer', callbacks: Math.max(plan.callbacks, 1) }
      : plan;
  const payment = createPayment(context, { ...call, plan: linked }, undefined);
  const { paymentId } = payment;
  const answer =
    payment.status === 'FAILED'
      ? { result: 'KO', resultDescription: DECLINED, paymentId }
      : { result: 'OK', paymentId, link: context.checkoutUrl(paymentId) };
  return { answer, recordId: paymentId };
}

export function refund({ book, settlement }: OperationContext, call: ScenarioCall): Execution {
  const { body, plan, idempotencyKey } = call;
  const request = {
    amount: requiredField(body, 'amount', integerField(1)),
    currency: requiredField(body, 'currency', currencyField),
    paymentId: requiredField(body, 'paymentId', textField),
  };
  const payment = paymentOf(book, request.paymentId);
  const declineReason = refundDeclineReason(payment, request);
  const declined = declineReason !== undefined || plan.first === 'FAILED';
  const result = declined ? 'KO' : plan.first === 'PENDING' ? 'PENDING' : 'OK';
  const record = book.addRefund(payment, { ...request, result, idempotencyKey });
  const { refundId } = record;
  settlement.beginRefund(
    payment,
    record,
    declineReason === undefined ? plan : { ...plan, settledBy: 'call' },
  );
  const answer = declined
    ? { result, refundId, resultDescription: declineReason ?? DECLINED }
    : { result, refundId };
  return { answer, recordId: refundId };
}

/** Answers KO where the payment is paid, or where the scenario of the payment or of the call refuses. */
export function cancel({ book, settlement }: OperationContext, { body, plan }: ScenarioCall): Execution {
  const payment = paymentOf(book, requiredField(body, 'paymentId', textField));
  const refusal = cancelRefusal(payment, plan);
  const recordId = payment.paymentId;
  if (refusal !== undefined) return { answer: { result: 'KO', resultDescription: refusal }, recordId };
  const isPending = plan.first === 'PENDING' && payment.status === 'PENDING';
  if (payment.status === 'PENDING') settlement.cancel(payment, plan);
  return { answer: { result: isPending ? 'PENDING' : 'OK' }, recordId };
}

/**
 * Finds the payment by `paymentId`, else by `shopTransactionId`; throws a 404 {@link RequestError} where none exists.
 */
export function paymentStatus(
  { book }: OperationContext,
  { paymentId, shopTransactionId }: Record<string, string | undefined>,
): JsonObject {
  if (!paymentId && !shopTransactionId) {
    throw new RequestError(400, 'paymentId or shopTransactionId is required.');
  }
  const payment = paymentId ? paymentOf(book, paymentId) : book.paymentOfOrder(shopTransactionId!);
  if (!payment) throw new RequestError(404, 'No payment has this shopTransactionId.');
  return {
    status: payment.status,
    paymentId: payment.paymentId,
    shopTransactionId: payment.shopTransactionId,
    metadata: { scenario: payment.scenario, refundedAmount: payment.refundedAmount },
  };
}

/** Finds the refund by `refundId`, else by the key of its call; throws a 404 {@link RequestError} where none exists. */
export function refundStatus(
  { book }: OperationContext,
  { paymentId, refundId, idempotencyKey }: Record<string, string | undefined>,
): JsonObject {
  if (!refundId && !idempotencyKey) throw new RequestError(400, 'refundId or idempotencyKey is required.');
  const refund = refundId
    ? book.refund(refundId)
    : book.refunds.values().find((each) => each.idempotencyKey === idempotencyKey);
  if (!refund || (paymentId && refund.paymentId !== paymentId))
    throw new RequestError(404, 'No refund has this id.');
  const { result, amount, currency } = refund;
  return {
    status: result === 'OK' ? 'ACCEPTED' : result === 'KO' ? 'FAILED' : 'PENDING',
    refundId: refund.refundId,
    paymentId: refund.paymentId,
    amount,
    currency,
  };
}

/** The fields that every payment has, validated as an external would. */
export function paymentFields(body: JsonObject, minimumAmount: 0 | 1): PaymentFields {
  return {
    amount: requiredField(body, 'amount', integerField(minimumAmount)),
    currency: requiredField(body, 'currency', currencyField),
    shopTransactionId: requiredField(body, 'shopTransactionId', textField),
    successRedirectUrl: optionalField(body, 'successRedirectUrl', urlField),
    failureRedirectUrl: optionalField(body, 'failureRedirectUrl', urlField),
  };
}

/** Creates a payment in its first state and starts its plan. */
export function createPayment(
  { book, settlement }: OperationContext,
  { body, operation, plan, idempotencyKey }: ScenarioCall,
  subscriptionToken: string | undefined,
): BookedPayment {
  const payment = book.addPayment({
    ...paymentFields(body, subscriptionToken === undefined ? 1 : 0),
    operation,
    scenario: plan.scenario,
    subscriptionToken,
    status: plan.first,
    plan: undefined,
    idempotencyKey,
  });
  settlement.begin(payment, plan);
  return payment;
}

export function payAnswer({ checkoutUrl }: OperationContext, payment: BookedPayment): JsonObject {
  const { paymentId, status, plan, scenario } = payment;
  // In words: the gateway masks what an answer repeats of `providerData`, as the name of the scenario would.
  const rest = { paymentId, metadata: { simulated: SCENARIOS[scenario].summary } };
  if (status === 'ACCEPTED') return { result: 'OK', ...rest };
  if (status === 'FAILED') return { result: 'KO', resultDescription: DECLINED, ...rest };
  if (plan?.settledBy !== 'payer') return { result: 'PENDING', ...rest };
  return { result: 'REDIRECT_TO_URL', redirectToUrl: checkoutUrl(paymentId), ...rest };
}

function paymentOf(book: Book, paymentId: string): BookedPayment {
  const payment = book.payment(paymentId);
  if (payment) return payment;
  throw new RequestError(404, 'No payment has this paymentId.');
}

/** The reason not to cancel, or undefined. */
function cancelRefusal({ status, scenario }: BookedPayment, plan: Plan): string | undefined {
  if (status === 'ACCEPTED') return 'The payment is ACCEPTED';
  if (scenario === 'cancel-refused' || plan.scenario === 'cancel-refused') return 'The payer is paying';
  return plan.first === 'FAILED' && plan.scenario !== 'late-success' ? DECLINED : undefined;
}

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
