import { randomUUID } from 'node:crypto';
import { BoundedMap } from './bounded-map.js';
import { EXAMPLE_PAYMENTS, EXAMPLE_REFUNDS, EXAMPLE_SUBSCRIPTIONS } from './examples.js';
import { NO_MEMORY, type Memory } from './memory.js';
import type { BookedPayment, BookedRefund, BookedSubscription, Executed } from './records.js';
import type { FinalStatus, Plan } from './scenarios.js';

/** A record without the fields that the book adds. */
type New<Stored extends Executed, Added extends keyof Stored> = Omit<
  Stored,
  keyof ReturnType<typeof executedNow> | Added
>;

/** Everything that the external executed. A changed record is kept by `set` on its map. */
export class Book {
  readonly payments: BoundedMap<BookedPayment>;
  readonly refunds: BoundedMap<BookedRefund>;
  readonly subscriptions: BoundedMap<BookedSubscription>;
  readonly #byShopTransactionId = new Map<string, BookedPayment[]>();

  constructor(max: number, memory: Memory = NO_MEMORY) {
    this.payments = new BoundedMap({
      max,
      isEvictable: ({ status, plan }) => status !== 'PENDING' && plan === undefined,
      onDrop: (payment) => this.#forget(payment),
      shelf: memory.shelf('payment'),
    });
    this.refunds = new BoundedMap({
      max,
      isEvictable: ({ result }) => result !== 'PENDING',
      shelf: memory.shelf('refund'),
    });
    this.subscriptions = new BoundedMap({
      max,
      isEvictable: hasEnded,
      shelf: memory.shelf('subscription'),
    });
    for (const payment of this.payments.values()) this.#addToOrder(payment);
  }

  /** Undefined where no payment has this id. Those of {@link EXAMPLE_PAYMENTS} exist from the first call on. */
  payment(paymentId: string | undefined): BookedPayment | undefined {
    const id = paymentId ?? '';
    const payment = this.payments.get(id);
    if (payment || !Object.hasOwn(EXAMPLE_PAYMENTS, id)) return payment;
    return this.#keepPayment({ ...EXAMPLE_PAYMENTS[id]!, ...executedNow(), updatedAt: Date.now() });
  }

  /** Like {@link payment}. */
  refund(refundId: string | undefined): BookedRefund | undefined {
    const id = refundId ?? '';
    const refund = this.refunds.get(id);
    if (refund || !Object.hasOwn(EXAMPLE_REFUNDS, id)) return refund;
    const example = { ...EXAMPLE_REFUNDS[id]!, ...executedNow() };
    return this.#keepRefund(this.payment(example.paymentId)!, example);
  }

  /** Like {@link payment}. */
  subscription(subscriptionToken: string | undefined): BookedSubscription | undefined {
    const token = subscriptionToken ?? '';
    const subscription = this.subscriptions.get(token);
    if (subscription || !Object.hasOwn(EXAMPLE_SUBSCRIPTIONS, token)) return subscription;
    const example = { ...EXAMPLE_SUBSCRIPTIONS[token]!, ...executedNow() };
    this.subscriptions.set(token, example);
    return example;
  }

  addPayment(values: New<BookedPayment, 'paymentId' | 'updatedAt' | 'refundedAmount'>): BookedPayment {
    const paymentId = `sim_pay_${randomUUID()}`;
    return this.#keepPayment({
      ...values,
      ...executedNow(),
      paymentId,
      updatedAt: Date.now(),
      refundedAmount: 0,
    });
  }

  /** A refund that is OK or PENDING reduces the refundable amount; {@link settleRefund} with KO restores it. */
  addRefund(payment: BookedPayment, values: New<BookedRefund, 'refundId'>): BookedRefund {
    return this.#keepRefund(payment, { ...values, ...executedNow(), refundId: `sim_ref_${randomUUID()}` });
  }

  addSubscription(values: New<BookedSubscription, 'subscriptionToken'>): BookedSubscription {
    const subscription = { ...values, ...executedNow(), subscriptionToken: `sim_sub_${randomUUID()}` };
    this.subscriptions.set(subscription.subscriptionToken, subscription);
    return subscription;
  }

  /** Changes fields of a subscription. */
  changeSubscription(subscription: BookedSubscription, change: Partial<BookedSubscription>): void {
    this.subscriptions.set(subscription.subscriptionToken, Object.assign(subscription, change));
  }

  /** Counts a repeat that was answered from the record of its first call. */
  countReplay(id: string): void {
    countReplayIn(this.payments, id);
    countReplayIn(this.refunds, id);
    countReplayIn(this.subscriptions, id);
  }

  /** The newest payment of an order that is not FAILED; else the newest. */
  paymentOfOrder(shopTransactionId: string): BookedPayment | undefined {
    const payments = this.#byShopTransactionId.get(shopTransactionId);
    return payments?.findLast(({ status }) => status !== 'FAILED') ?? payments?.at(-1);
  }

  /** Remembers what settles a payment later. */
  planPayment(payment: BookedPayment, plan: Plan): void {
    payment.plan = plan;
    this.payments.set(payment.paymentId, payment);
  }

  /** An ACCEPTED payment stays ACCEPTED. */
  settlePayment(payment: BookedPayment, status: FinalStatus): void {
    payment.plan = undefined;
    if (payment.status !== 'ACCEPTED') {
      payment.status = status;
      payment.updatedAt = Date.now();
    }
    this.payments.set(payment.paymentId, payment);
  }

  settleRefund(payment: BookedPayment, refund: BookedRefund, result: 'OK' | 'KO'): void {
    if (refund.result === result) return;
    if (refund.result === 'KO') payment.refundedAmount += refund.amount;
    if (result === 'KO') payment.refundedAmount -= refund.amount;
    refund.result = result;
    this.refunds.set(refund.refundId, refund);
    this.payments.set(payment.paymentId, payment);
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

  #keepPayment(payment: BookedPayment): BookedPayment {
    this.payments.set(payment.paymentId, payment);
    this.#addToOrder(payment);
    return payment;
  }

  #keepRefund(payment: BookedPayment, refund: BookedRefund): BookedRefund {
    if (refund.result !== 'KO') payment.refundedAmount += refund.amount;
    this.refunds.set(refund.refundId, refund);
    this.payments.set(payment.paymentId, payment);
    return refund;
  }

  #addToOrder(payment: BookedPayment): void {
    const sameOrder = this.#byShopTransactionId.get(payment.shopTransactionId) ?? [];
    this.#byShopTransactionId.set(payment.shopTransactionId, sameOrder);
    sameOrder.push(payment);
  }

  #forget({ shopTransactionId, paymentId }: BookedPayment): void {
    const others = (this.#byShopTransactionId.get(shopTransactionId) ?? []).filter(
      (payment) => payment.paymentId !== paymentId,
    );
    if (others.length > 0) this.#byShopTransactionId.set(shopTransactionId, others);
    else this.#byShopTransactionId.delete(shopTransactionId);
  }
}

function countReplayIn<Stored extends Executed>(records: BoundedMap<Stored>, id: string): void {
  const record = records.get(id);
  if (!record) return;
  record.replays += 1;
  records.set(id, record);
}

export function hasEnded({ status }: BookedSubscription): boolean {
  return status === 'EXPIRED' || status === 'CANCELED';
}

function executedNow(): Omit<Executed, 'idempotencyKey'> {
  return { executions: 1, replays: 0, createdAt: Date.now() };
}
