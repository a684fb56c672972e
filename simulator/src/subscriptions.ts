import { hasEnded, type Book } from './book.js';
import type { BookedSubscription } from './records.js';
import {
  createPayment,
  DECLINED,
  payAnswer,
  paymentFields,
  type Execution,
  type OperationContext,
  type ScenarioCall,
} from './payments.js';
import {
  currencyField,
  integerField,
  isObject,
  oneOfField,
  optionalField,
  RequestError,
  requiredField,
  textField,
  type JsonObject,
} from './request-fields.js';
import { planOf } from './scenarios.js';
import { followPayment } from './settlement.js';

const INTERVAL = oneOfField(['DAY', 'MONTH']);

/** Creates a subscription and its first payment. The simulator never charges a scheduled subscription by itself. */
export function createSubscription(context: OperationContext, call: ScenarioCall): Execution {
  const { body, idempotencyKey } = call;
  const info = subscriptionInfo(body);
  const { shopTransactionId, amount, currency: code } = paymentFields(body, 0);
  const subscription = context.book.addSubscription({
    kind: call.operation === 'subscription/schedule' ? 'scheduled' : 'manual',
    shopTransactionId,
    amount,
    currency: code,
    interval: requiredField(info, 'subscriptionInfo.interval', INTERVAL),
    intervalCount: requiredField(info, 'subscriptionInfo.intervalCount', integerField(1)),
    expiresAfter: optionalField(info, 'subscriptionInfo.expiresAfter', integerField(1)),
    status: 'PENDING',
    expireData: expireDataIn(body),
    idempotencyKey,
  });
  const execution = payFor(context, call, subscription);
  context.settlement.beginSubscription(subscription, call.plan);
  return execution;
}

export function paySubscription(context: OperationContext, call: ScenarioCall): Execution {
  const { body } = call;
  const token = requiredField(subscriptionInfo(body), 'subscriptionInfo.token', textField);
  const subscription = subscriptionOf(context.book, token);
  keepExpireData(context.book, subscription, body);
  if (subscription.status === 'ACTIVE' || subscription.status === 'PAST_DUE') {
    return payFor(context, call, subscription);
  }
  const resultDescription = `The subscription is ${subscription.status}`;
  const plan = planOf('subscription/pay', { scenario: 'decline' });
  const { answer, recordId } = payFor(context, { ...call, plan }, subscription);
  return { answer: { ...answer, resultDescription }, recordId };
}

export function updateSubscription(
  { book, settlement }: OperationContext,
  { body, token, plan }: ScenarioCall,
): Execution {
  const subscription = subscriptionOf(book, token);
  const change = changeOf(body);
  keepExpireData(book, subscription, body);
  if (hasEnded(subscription)) {
    return changed(subscription, 'FAILED', `The subscription is ${subscription.status}`);
  }
  settlement.beginChange(subscription, plan, change);
  return changed(subscription, plan.first);
}

/** A subscription that has ended already is answered OK. */
export function expireSubscription(
  { book, settlement }: OperationContext,
  { token, plan }: ScenarioCall,
): Execution {
  const subscription = subscriptionOf(book, token);
  settlement.beginChange(subscription, plan, { status: 'EXPIRED' });
  return changed(subscription, plan.first);
}

export function subscriptionStatus({ book }: OperationContext, token: string | undefined): JsonObject {
  const { status, subscriptionToken, kind, interval, intervalCount } = subscriptionOf(book, token);
  return { status, subscriptionToken, metadata: { kind, interval, intervalCount } };
}

/** The `providerData` for {@link expireSubscription} of this token. */
export function expireDataOf({ book }: OperationContext, token: string | undefined): JsonObject | undefined {
  return book.subscription(token)?.expireData;
}

function payFor(context: OperationContext, call: ScenarioCall, subscription: BookedSubscription): Execution {
  const { subscriptionToken } = subscription;
  const payment = createPayment(context, call, subscriptionToken);
  followPayment(context.book, subscription, payment);
  return { answer: { ...payAnswer(context, payment), subscriptionToken }, recordId: payment.paymentId };
}

function subscriptionOf(book: Book, token: string | undefined): BookedSubscription {
  const subscription = book.subscription(token);
  if (subscription) return subscription;
  throw new RequestError(404, 'No subscription has this subscriptionToken.');
}

function changed(
  subscription: BookedSubscription,
  status: 'ACCEPTED' | 'FAILED' | 'PENDING',
  declineReason = DECLINED,
): Execution {
  const { subscriptionToken } = subscription;
  const answer =
    status === 'FAILED'
      ? { result: 'KO', resultDescription: declineReason, subscriptionToken }
      : { result: status === 'ACCEPTED' ? 'OK' : 'PENDING', subscriptionToken };
  return { answer, recordId: subscriptionToken };
}

/** `subscriptionInfo`; an empty object where the request has none. */
function subscriptionInfo(body: JsonObject): JsonObject {
  const value = body.subscriptionInfo ?? {};
  if (isObject(value)) return value;
  throw new RequestError(422, 'subscriptionInfo must be an object.');
}

/** The validated fields of an update; the others stay. */
function changeOf(body: JsonObject): Partial<BookedSubscription> {
  const info = subscriptionInfo(body);
  const change = {
    amount: optionalField(body, 'amount', integerField(0)),
    currency: body.amount === undefined ? undefined : requiredField(body, 'currency', currencyField),
    shopTransactionId: optionalField(body, 'shopTransactionId', textField),
    interval: optionalField(info, 'subscriptionInfo.interval', INTERVAL),
    intervalCount: optionalField(info, 'subscriptionInfo.intervalCount', integerField(1)),
    expiresAfter: optionalField(info, 'subscriptionInfo.expiresAfter', integerField(1)),
  };
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function keepExpireData(book: Book, subscription: BookedSubscription, body: JsonObject): void {
  const expireData = expireDataIn(body);
  if (expireData) book.changeSubscription(subscription, { expireData });
}

/**
 * DELETE has no body: `providerData.expireScenario` of an earlier call is the scenario of the expiry, with that call's
 * other parameters. The rest of `providerData` is not kept: it may contain card tokens (SPEC §1).
 */
function expireDataIn({ providerData: data }: JsonObject): JsonObject | undefined {
  if (!isObject(data) || data.expireScenario === undefined) return undefined;
  const { expireScenario: scenario, delayMs, finalStatus, executed } = data;
  const expireData = { scenario, delayMs, finalStatus, executed };
  planOf('subscription/expire', expireData);
  return expireData;
}
