import { randomUUID } from 'node:crypto';
import { BoundedMap } from './bounded-map.js';
import type { FinalStatus, Plan, ScenarioName, ScenarioOperation } from './scenario.js';

/** The call that created a record. `executions` is always 1: every executed call creates its own record. */
interface Executed {
  readonly idempotencyKey: string | undefined;
  readonly executions: number;
  /** Repeats that received the stored answer and were not executed. */
  replays: number;
  readonly createdAt: number;
}

export interface BookedPayment extends Executed {
  readonly paymentId: string;
  readonly shopTransactionId: string;
  readonly operation: ScenarioOperation;
  readonly scenario: ScenarioName;
  /** Minor units, like all amounts. */
  readonly amount: number;
  readonly currency: string;
  readonly subscriptionToken: string | undefined;
  readonly successRedirectUrl: string | undefined;
  readonly failureRedirectUrl: string | undefined;
  status: FinalStatus | 'PENDING';
  updatedAt: number;
  /** The sum of refunds that are OK or PENDING. */
  refundedAmount: number;
  /** Set until the payment is settled. */
  plan: Plan | undefined;
}

export interface BookedRefund extends Executed {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly currency: string;
  result: 'OK' | 'KO' | 'PENDING';
}

export type SubscriptionState = 'PENDING' | 'ACTIVE' | 'PAST_DUE' | 'EXPIRED' | 'CANCELED';

export interface BookedSubscription extends Executed {
  readonly subscriptionToken: string;
  readonly kind: 'scheduled' | 'manual';
  shopTransactionId: string;
  amount: number;
  currency: string;
  interval: string;
  intervalCount: number;
  expiresAfter: number | undefined;
  status: SubscriptionState;
  /** The `providerData` of DELETE subscription/expire, which has no body. */
  expireData: Record<string, unknown> | undefined;
}

type New<Record extends Executed, Rest extends keyof Record> = Omit<Record, keyof Executed | Rest> & {
  readonly idempotencyKey: string | undefined;
};

/** Everything that the external executed, in memory. */
export class Book {
  readonly payments: BoundedMap<BookedPayment>;
  readonly refunds: BoundedMap<BookedRefund>;
  readonly subscriptions: BoundedMap<BookedSubscription>;
  readonly #byShopTransactionId = new Map<string, BookedPayment[]>();

  constructor(maxPayments: number) {
    this.payments = new BoundedMap(
      maxPayments,
      (payment) => payment.status !== 'PENDING' && payment.plan === undefined,
      (payment) => this.#forget(payment),
    );
    this.refunds = new BoundedMap(maxPayments, (refund) => refund.result !== 'PENDING');
    this.subscriptions = new BoundedMap(
      maxPayments,
      ({ status }) => status === 'EXPIRED' || status === 'CANCELED',
    );
  }

  addPayment(values: New<BookedPayment, 'paymentId' | 'updatedAt' | 'refundedAmount'>): BookedPayment {
    const now = Date.now();
    const payment: BookedPayment = {
      ...values,
      paymentId: `sim_pay_${randomUUID()}`,
      executions: 1,
      replays: 0,
      createdAt: now,
      updatedAt: now,
      refundedAmount: 0,
    };
    this.payments.set(payment.paymentId, payment);
    const sameOrder = this.#byShopTransactionId.get(payment.shopTransactionId);
    if (sameOrder) sameOrder.push(payment);
    else this.#byShopTransactionId.set(payment.shopTransactionId, [payment]);
    return payment;
  }

  /** A refund that is OK or PENDING reduces the refundable amount; {@link settleRefund} with KO restores it. */
  addRefund(payment: BookedPayment, values: New<BookedRefund, 'refundId' | 'paymentId'>): BookedRefund {
    const refund: BookedRefund = {
      ...values,
      refundId: `sim_ref_${randomUUID()}`,
      paymentId: payment.paymentId,
      executions: 1,
      replays: 0,
      createdAt: Date.now(),
    };
    if (refund.result !== 'KO') payment.refundedAmount += refund.amount;
    this.refunds.set(refund.refundId, refund);
    return refund;
  }

  addSubscription(values: New<BookedSubscription, 'subscriptionToken'>): BookedSubscription {
    const subscription: BookedSubscription = {
      ...values,
      subscriptionToken: `sim_sub_${randomUUID()}`,
      executions: 1,
      replays: 0,
      createdAt: Date.now(),
    };
    this.subscriptions.set(subscription.subscriptionToken, subscription);
    return subscription;
  }

  /** The newest payment of an order that is not FAILED; else the newest. */
  paymentOfOrder(shopTransactionId: string): BookedPayment | undefined {
    const payments = this.#byShopTransactionId.get(shopTransactionId);
    return payments?.findLast(({ status }) => status !== 'FAILED') ?? payments?.at(-1);
  }

  /** An ACCEPTED payment stays ACCEPTED. */
  settlePayment(payment: BookedPayment, status: FinalStatus): void {
    payment.plan = undefined;
    if (payment.status === 'ACCEPTED') return;
    payment.status = status;
    payment.updatedAt = Date.now();
  }

  settleRefund(payment: BookedPayment, refund: BookedRefund, result: 'OK' | 'KO'): void {
    if (refund.result !== 'PENDING') return;
    refund.result = result;
    if (result === 'KO') payment.refundedAmount -= refund.amount;
  }

  /** All payments, grouped by order. */
  orders(): IteratorObject<readonly BookedPayment[]> {
    return this.#byShopTransactionId.values();
  }

  clear(): void {
    this.payments.clear();
    this.refunds.clear();
    this.subscriptions.clear();
    this.#byShopTransactionId.clear();
  }

  #forget(payment: BookedPayment): void {
    const rest = this.#byShopTransactionId
      .get(payment.shopTransactionId)
      ?.filter((other) => other !== payment);
    if (rest && rest.length > 0) this.#byShopTransactionId.set(payment.shopTransactionId, rest);
    else this.#byShopTransactionId.delete(payment.shopTransactionId);
  }
}
