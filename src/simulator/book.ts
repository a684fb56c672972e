import { randomUUID } from 'node:crypto';
import type { Clock } from '../shared/clock.js';
import { BoundedMap } from './bounded-map.js';
import type { FinalStatus, Plan, ScenarioName, SteeredOperation } from './scenario.js';

/** Who caused a record, and how often: `executions` is 1 because an executed call makes a record of its own. */
interface Executed {
  readonly idempotencyKey: string | undefined;
  readonly executions: number;
  /** Repeats of the call that got its stored answer instead of being executed again. */
  replays: number;
  readonly createdAt: number;
}

export interface BookedPayment extends Executed {
  readonly paymentId: string;
  readonly shopTransactionId: string;
  readonly operation: SteeredOperation;
  readonly scenario: ScenarioName;
  /** In minor units, as all amounts here. */
  readonly amount: number;
  readonly currency: string;
  readonly subscriptionToken: string | undefined;
  readonly successRedirectUrl: string | undefined;
  readonly failureRedirectUrl: string | undefined;
  status: FinalStatus | 'PENDING';
  updatedAt: number;
  /** Refunds that are OK or PENDING. */
  refundedAmount: number;
  /** What is still to happen, while something is. */
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
  /** The `providerData` that DELETE subscription/expire, which has no body, is carried out with. */
  expireData: Record<string, unknown> | undefined;
}

type New<Record extends Executed, Rest extends keyof Record> = Omit<Record, keyof Executed | Rest> & {
  readonly idempotencyKey: string | undefined;
};

/** The external's own truth, in memory: what it really executed. */
export class Book {
  readonly payments: BoundedMap<BookedPayment>;
  readonly refunds: BoundedMap<BookedRefund>;
  readonly subscriptions: BoundedMap<BookedSubscription>;
  readonly #byShopTransactionId = new Map<string, BookedPayment[]>();

  constructor(
    maxPayments: number,
    private readonly clock: Clock,
  ) {
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
    const now = this.clock.now();
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

  /** A refund that is OK or PENDING lowers the refundable rest; {@link settleRefund} with KO frees it again. */
  addRefund(payment: BookedPayment, values: New<BookedRefund, 'refundId' | 'paymentId'>): BookedRefund {
    const refund: BookedRefund = {
      ...values,
      refundId: `sim_ref_${randomUUID()}`,
      paymentId: payment.paymentId,
      executions: 1,
      replays: 0,
      createdAt: this.clock.now(),
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
      createdAt: this.clock.now(),
    };
    this.subscriptions.set(subscription.subscriptionToken, subscription);
    return subscription;
  }

  /** The payment of an order: the one that holds money, or may yet, before one that failed; the newest of equals. */
  paymentOfOrder(shopTransactionId: string): BookedPayment | undefined {
    const payments = this.#byShopTransactionId.get(shopTransactionId);
    return payments?.findLast(({ status }) => status !== 'FAILED') ?? payments?.at(-1);
  }

  /** Ends what is open. An ACCEPTED payment stays so. */
  settlePayment(payment: BookedPayment, status: FinalStatus): void {
    payment.plan = undefined;
    if (payment.status === 'ACCEPTED') return;
    payment.status = status;
    payment.updatedAt = this.clock.now();
  }

  settleRefund(payment: BookedPayment, refund: BookedRefund, result: 'OK' | 'KO'): void {
    if (refund.result !== 'PENDING') return;
    refund.result = result;
    if (result === 'KO') payment.refundedAmount -= refund.amount;
  }

  /** All payments, by their order. */
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
