import type { Book, BookedSubscription } from './book.js';
import { DECLINED, type Execution, type PaymentOperations, type ScenarioCall } from './payment-operations.js';
import { RequestError } from './request-error.js';
import {
  amount,
  count,
  currency,
  interval,
  isJsonObject,
  paymentFields,
  subscriptionInfo,
  text,
  type JsonObject,
} from './request-fields.js';
import { planOf } from './scenario.js';
import { followPayment, type Settlement } from './settlement.js';

/** The `subscription/*` operations (SPEC §1). The simulator never charges a scheduled subscription by itself. */
export class SubscriptionOperations {
  constructor(
    private readonly book: Book,
    private readonly settlement: Settlement,
    private readonly payments: PaymentOperations,
  ) {}

  schedule(call: ScenarioCall): Execution {
    return this.#create(call, 'scheduled');
  }

  start(call: ScenarioCall): Execution {
    return this.#create(call, 'manual');
  }

  pay(call: ScenarioCall): Execution {
    const subscription = this.#subscriptionOf(text(subscriptionInfo(call.body), 'token'));
    subscription.expireData = expireDataIn(call.body) ?? subscription.expireData;
    if (subscription.status === 'ACTIVE' || subscription.status === 'PAST_DUE') {
      return this.#payment(call, subscription);
    }
    const declined = this.#payment(
      { ...call, plan: planOf('subscription/pay', { scenario: 'decline' }) },
      subscription,
    );
    const resultDescription = `The subscription is ${subscription.status}`;
    return { ...declined, answer: { ...declined.answer, resultDescription } };
  }

  update({ body, token, plan }: ScenarioCall): Execution {
    const subscription = this.#subscriptionOf(token);
    const change = changeOf(body);
    subscription.expireData = expireDataIn(body) ?? subscription.expireData;
    const ended = subscription.status === 'EXPIRED' || subscription.status === 'CANCELED';
    if (!ended) this.settlement.beginChange(plan, () => Object.assign(subscription, change));
    const declineReason = ended ? `The subscription is ${subscription.status}` : DECLINED;
    return {
      answer: changeAnswer(subscription, ended ? 'FAILED' : plan.first, declineReason),
      record: subscription,
    };
  }

  /** A subscription that has ended already is answered OK. */
  expire({ token, plan }: ScenarioCall): Execution {
    const subscription = this.#subscriptionOf(token);
    this.settlement.beginChange(plan, () => {
      if (subscription.status !== 'CANCELED') subscription.status = 'EXPIRED';
    });
    return { answer: changeAnswer(subscription, plan.first, DECLINED), record: subscription };
  }

  status(token: string): JsonObject {
    const { status, subscriptionToken, kind, interval: every, intervalCount } = this.#subscriptionOf(token);
    return { status, subscriptionToken, metadata: { kind, interval: every, intervalCount } };
  }

  /** The `providerData` for {@link expire} of this token. */
  expireDataOf(token: string): JsonObject | undefined {
    return this.book.subscriptions.get(token)?.expireData;
  }

  #create(call: ScenarioCall, kind: BookedSubscription['kind']): Execution {
    const { body, idempotencyKey } = call;
    const info = subscriptionInfo(body);
    const { shopTransactionId, amount: amountMinor, currency: code } = paymentFields(body, 0);
    const subscription = this.book.addSubscription({
      kind,
      shopTransactionId,
      amount: amountMinor,
      currency: code,
      interval: interval(info),
      intervalCount: count(info, 'intervalCount'),
      expiresAfter: info.expiresAfter === undefined ? undefined : count(info, 'expiresAfter'),
      status: 'PENDING',
      expireData: expireDataIn(body),
      idempotencyKey,
    });
    return this.#payment(call, subscription);
  }

  #payment(call: ScenarioCall, subscription: BookedSubscription): Execution {
    const { subscriptionToken } = subscription;
    const payment = this.payments.create(call, subscriptionToken);
    followPayment(subscription, payment);
    return { answer: { ...this.payments.payAnswer(payment), subscriptionToken }, record: payment };
  }

  #subscriptionOf(token: string): BookedSubscription {
    const subscription = this.book.subscriptions.get(token);
    if (subscription) return subscription;
    throw new RequestError(404, 'No subscription has this subscriptionToken.');
  }
}

function changeAnswer(
  { subscriptionToken }: BookedSubscription,
  status: 'ACCEPTED' | 'FAILED' | 'PENDING',
  declineReason: string,
): JsonObject {
  if (status === 'FAILED') return { result: 'KO', resultDescription: declineReason, subscriptionToken };
  return { result: status === 'ACCEPTED' ? 'OK' : 'PENDING', subscriptionToken };
}

/** The validated fields of an update; the others stay. */
function changeOf(body: JsonObject): Partial<BookedSubscription> {
  const info = subscriptionInfo(body);
  return {
    ...(body.amount !== undefined && { amount: amount(body, 0), currency: currency(body) }),
    ...(body.shopTransactionId !== undefined && { shopTransactionId: text(body, 'shopTransactionId') }),
    ...(info.interval !== undefined && { interval: interval(info) }),
    ...(info.intervalCount !== undefined && { intervalCount: count(info, 'intervalCount') }),
    ...(info.expiresAfter !== undefined && { expiresAfter: count(info, 'expiresAfter') }),
  };
}

/**
 * DELETE has no body: `providerData.expireScenario` of an earlier call is the scenario of the expiry, with that call's
 * other parameters. The rest of `providerData` is not kept: it may contain card tokens (SPEC §1).
 */
function expireDataIn({ providerData: data }: JsonObject): JsonObject | undefined {
  if (!isJsonObject(data) || data.expireScenario === undefined) return undefined;
  const { expireScenario: scenario, delayMs, finalStatus, executed } = data;
  const expireData = { scenario, delayMs, finalStatus, executed };
  planOf('subscription/expire', expireData);
  return expireData;
}
