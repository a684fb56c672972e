import { randomUUID } from 'node:crypto';
import { BoundedMap } from './bounded-map.js';
import type { FinalStatus, Plan, ScenarioName, ScenarioOperation } from './scenarios.js';

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

export interface BookedSubscription extends Executed {
  readonly subscriptionToken: string;
  readonly kind: 'scheduled' | 'manual';
  shopTransactionId: string;
  amount: number;
  currency: string;
  interval: string;
  intervalCount: number;
  expiresAfter: number | undefined;
  status: 'PENDING' | 'ACTIVE' | 'PAST_DUE' | 'EXPIRED' | 'CANCELED';
  /** The `providerData` of DELETE subscription/expire, which has no body. */
  expireData: Record<string, unknown> | undefined;
}

/** A record without the fields that the book adds. */
type New<Stored extends Executed, Added extends keyof Stored> = Omit<
  Stored,
  keyof ReturnType<typeof executedNow> | Added
>;

/** Everything that the external executed, in memory. */
export class Book {
  readonly payments: BoundedMap<BookedPayment>;
  readonly refunds: BoundedMap<BookedRefund>;
  readonly subscriptions: BoundedMap<BookedSubscription>;
  readonly #byShopTransactionId = new Map<string, BookedPayment[]>();

  constructor(maxPayments: number) {
    this.payments = new BoundedMap(
      maxPayments,
      ({ status, plan }) => status !== 'PENDING' && plan === undefined,
      (payment) => this.#forget(payment),
    );
    this.refunds = new BoundedMap(maxPayments, ({ result }) => result !== 'PENDING');
    this.subscriptions = new BoundedMap(maxPayments, hasEnded);
  }

  addPayment(values: New<BookedPayment, 'paymentId' | 'updatedAt' | 'refundedAmount'>): BookedPayment {
    const paymentId = `sim_pay_${randomUUID()}`;
    const payment = { ...values, ...executedNow(), paymentId, updatedAt: Date.now(), refundedAmount: 0 };
    this.payments.set(paymentId, payment);
    const sameOrder = this.#byShopTransactionId.get(payment.shopTransactionId) ?? [];
    this.#byShopTransactionId.set(payment.shopTransactionId, sameOrder);
    sameOrder.push(payment);
    return payment;
  }

  /** A refund that is OK or PENDING reduces the refundable amount; {@link settleRefund} with KO restores it. */
  addRefund(payment: BookedPayment, values: New<BookedRefund, 'refundId'>): BookedRefund {
    const refund = { ...values, ...executedNow(), refundId: `sim_ref_${randomUUID()}` };
    if (refund.result !== 'KO') payment.refundedAmount += refund.amount;
    this.refunds.set(refund.refundId, refund);
    return refund;
  }

  addSubscription(values: New<BookedSubscription, 'subscriptionToken'>): BookedSubscription {
    const subscription = { ...values, ...executedNow(), subscriptionToken: `sim_sub_${randomUUID()}` };
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
    if (refund.result === result) return;
    if (refund.result === 'KO') payment.refundedAmount += refund.amount;
    if (result === 'KO') payment.refundedAmount -= refund.amount;
    refund.result = result;
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

  #forget({ shopTransactionId, paymentId }: BookedPayment): void {
    const others = (this.#byShopTransactionId.get(shopTransactionId) ?? []).filter(
      (payment) => payment.paymentId !== paymentId,
    );
    if (others.length > 0) this.#byShopTransactionId.set(shopTransactionId, others);
    else this.#byShopTransactionId.delete(shopTransactionId);
  }
}

export function hasEnded({ status }: BookedSubscription): boolean {
  return status === 'EXPIRED' || status === 'CANCELED';
}

function executedNow(): Omit<Executed, 'idempotencyKey'> {
  return { executions: 1, replays: 0, createdAt: Date.now() };
}
