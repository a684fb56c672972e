import { randomUUID } from 'node:crypto';
import { BoundedMap } from './bounded-map.js';
import { type Book, hasEnded } from './book.js';
import type { BookedPayment, BookedRefund, BookedSubscription } from './records.js';
import type { CallbackSender } from './callbacks.js';
import type { Memory } from './memory.js';
import { MAX_PAYMENTS } from './options.js';
import type { FinalStatus, Plan } from './scenarios.js';
import type { Timers } from './timers.js';

/** A change that comes after the answer. It is data, so that a restart does not lose it. */
type LaterChange =
  | { readonly kind: 'settle'; readonly paymentId: string; readonly status: FinalStatus }
  /** The payer of a cancelled payment has paid. */
  | { readonly kind: 'late-success'; readonly paymentId: string; readonly plan: Plan }
  | { readonly kind: 'refund'; readonly refundId: string; readonly plan: Plan }
  | {
      readonly kind: 'lapse';
      readonly subscriptionToken: string;
      readonly status: 'PAST_DUE' | 'CANCELED';
      readonly plan: Plan;
    }
  | {
      readonly kind: 'change';
      readonly subscriptionToken: string;
      readonly change: Partial<BookedSubscription>;
    };

/** Everything after the answer: final states, their effect on a subscription, and callbacks. */
export class Settlement {
  readonly #later: BoundedMap<LaterChange & { readonly at: number }>;

  constructor(
    private readonly book: Book,
    private readonly timers: Timers,
    private readonly callbacks: CallbackSender,
    private readonly memory: Memory,
  ) {
    this.#later = new BoundedMap({ max: MAX_PAYMENTS, shelf: memory.shelf('later') });
  }

  /** Continues with the changes that an earlier process has left. */
  resume(): void {
    for (const [id, { at }] of this.#later) this.#await(id, at);
  }

  clear(): void {
    this.#later.clear();
  }

  /** Starts the settlement of a new payment. */
  begin(payment: BookedPayment, plan: Plan): void {
    // The callbacks of a lapse name the subscription.
    if (plan.lapses) return;
    if (plan.settledBy === 'call') return this.callbacks.send(payment, plan);
    this.book.planPayment(payment, plan);
    if (plan.settledBy === 'payer') return;
    const { paymentId } = payment;
    this.#schedule(plan.delayMs, { kind: 'settle', paymentId, status: plan.finalStatus });
  }

  /**
   * Makes a payment final and sends its callbacks. The timer and the payer both call it; the second call has no
   * effect.
   */
  settle(payment: BookedPayment, status: FinalStatus): void {
    const plan = payment.plan;
    if (!plan) return;
    this.#end(payment, status);
    this.callbacks.send(payment, plan);
  }

  /** Cancels a payment that is PENDING, now or later. `late-success`: its payer has paid, which shows later. */
  cancel(payment: BookedPayment, plan: Plan): void {
    const { paymentId } = payment;
    if (plan.first === 'PENDING') {
      if (plan.finalStatus === 'ACCEPTED')
        this.#schedule(plan.delayMs, { kind: 'settle', paymentId, status: 'FAILED' });
      return;
    }
    this.#end(payment, 'FAILED');
    if (plan.scenario === 'late-success')
      this.#schedule(plan.delayMs, { kind: 'late-success', paymentId, plan });
  }

  beginRefund(payment: BookedPayment, { refundId }: BookedRefund, plan: Plan): void {
    if (plan.settledBy === 'call') return this.callbacks.send(payment, plan);
    this.#schedule(plan.delayMs, { kind: 'refund', refundId, plan });
  }

  /** Lets a new subscription lapse without any call, as when the payer's card expires. */
  beginSubscription({ status, subscriptionToken }: BookedSubscription, plan: Plan): void {
    if (!plan.lapses || status !== 'ACTIVE') return;
    this.#schedule(plan.delayMs, { kind: 'lapse', subscriptionToken, status: 'PAST_DUE', plan });
  }

  /** Changes a subscription now, later or never, according to the plan. */
  beginChange(subscription: BookedSubscription, plan: Plan, change: Partial<BookedSubscription>): void {
    const { subscriptionToken } = subscription;
    if (plan.first === 'ACCEPTED') this.#change(subscription, change);
    else if (plan.settledBy === 'timer' && plan.finalStatus === 'ACCEPTED')
      this.#schedule(plan.delayMs, { kind: 'change', subscriptionToken, change });
  }

  #schedule(delayMs: number, later: LaterChange): void {
    const [id, at] = [randomUUID(), Date.now() + delayMs];
    this.#later.set(id, { ...later, at });
    this.#await(id, at);
  }

  #await(id: string, at: number): void {
    this.timers.after(Math.max(0, at - Date.now()), () => {
      const later = this.#later.get(id);
      if (!later) return;
      this.#later.delete(id);
      this.#apply(later);
      this.memory.commit();
    });
  }

  /** Nothing, where the record has been dropped meanwhile. */
  #apply(later: LaterChange): void {
    switch (later.kind) {
      case 'settle': {
        const payment = this.book.payment(later.paymentId);
        if (payment) this.settle(payment, later.status);
        return;
      }
      case 'late-success': {
        const payment = this.book.payment(later.paymentId);
        if (!payment) return;
        this.#end(payment, 'ACCEPTED');
        this.callbacks.send(payment, later.plan);
        return;
      }
      case 'refund':
        return this.#settleRefund(later.refundId, later.plan);
      case 'lapse':
        return this.#lapse(later.subscriptionToken, later.status, later.plan);
      case 'change': {
        const subscription = this.book.subscription(later.subscriptionToken);
        if (subscription) this.#change(subscription, later.change);
        return;
      }
      default:
        later satisfies never;
    }
  }

  #settleRefund(refundId: string, plan: Plan): void {
    const refund = this.book.refund(refundId);
    const payment = this.book.payment(refund?.paymentId);
    if (!refund || !payment) return;
    const succeeds = plan.finalStatus === 'ACCEPTED' && !plan.reversed;
    this.book.settleRefund(payment, refund, succeeds ? 'OK' : 'KO');
    // As externals that know one kind of callback.
    const named = plan.scenario !== 'pending' && plan.scenario !== 'duplicate-callback';
    this.callbacks.send(payment, plan, named ? refundId : undefined);
  }

  #lapse(subscriptionToken: string, status: 'PAST_DUE' | 'CANCELED', plan: Plan): void {
    const subscription = this.book.subscription(subscriptionToken);
    if (!subscription || hasEnded(subscription)) return;
    this.book.changeSubscription(subscription, { status });
    this.callbacks.sendSubscription(subscription, plan);
    if (status === 'PAST_DUE')
      this.#schedule(plan.delayMs, { kind: 'lapse', subscriptionToken, status: 'CANCELED', plan });
  }

  /** A subscription that was CANCELED does not become EXPIRED. */
  #change(subscription: BookedSubscription, change: Partial<BookedSubscription>): void {
    if (change.status !== undefined && subscription.status === 'CANCELED') return;
    this.book.changeSubscription(subscription, change);
  }

  #end(payment: BookedPayment, status: FinalStatus): void {
    this.book.settlePayment(payment, status);
    const subscription = this.book.subscription(payment.subscriptionToken);
    if (subscription) followPayment(this.book, subscription, payment);
  }
}

/**
 * Updates a subscription after one of its payments (SPEC §1): the first makes it ACTIVE or CANCELED, a later one
 * ACTIVE or PAST_DUE. A subscription that has ended stays ended, except after a late success of its first payment.
 */
export function followPayment(book: Book, subscription: BookedSubscription, payment: BookedPayment): void {
  const first = payment.operation !== 'subscription/pay';
  const ended = subscription.status === 'EXPIRED' || (subscription.status === 'CANCELED' && !first);
  if (ended) return;
  if (payment.status === 'ACCEPTED') book.changeSubscription(subscription, { status: 'ACTIVE' });
  if (payment.status === 'FAILED')
    book.changeSubscription(subscription, { status: first ? 'CANCELED' : 'PAST_DUE' });
}
