import {
  type Book,
  type BookedPayment,
  type BookedRefund,
  type BookedSubscription,
  hasEnded,
} from './book.js';
import type { CallbackSender } from './callbacks.js';
import type { FinalStatus, Plan } from './scenarios.js';
import type { Timers } from './timers.js';

/** Everything after the answer: final states, their effect on a subscription, and callbacks. */
export class Settlement {
  constructor(
    private readonly book: Book,
    private readonly timers: Timers,
    private readonly callbacks: CallbackSender,
  ) {}

  /** Starts the settlement of a new payment. */
  begin(payment: BookedPayment, plan: Plan): void {
    // The callbacks of a lapse name the subscription.
    if (plan.lapses) return;
    if (plan.settledBy === 'call') return this.callbacks.send(payment, plan);
    payment.plan = plan;
    if (plan.settledBy === 'payer') return;
    this.timers.after(plan.delayMs, () => this.settle(payment, plan.finalStatus));
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
    if (plan.first === 'PENDING') {
      if (plan.finalStatus === 'ACCEPTED')
        this.timers.after(plan.delayMs, () => this.settle(payment, 'FAILED'));
      return;
    }
    this.#end(payment, 'FAILED');
    if (plan.scenario !== 'late-success') return;
    this.timers.after(plan.delayMs, () => {
      this.#end(payment, 'ACCEPTED');
      this.callbacks.send(payment, plan);
    });
  }

  beginRefund(payment: BookedPayment, refund: BookedRefund, plan: Plan): void {
    if (plan.settledBy === 'call') return this.callbacks.send(payment, plan);
    const succeeds = plan.finalStatus === 'ACCEPTED' && !plan.reversed;
    this.timers.after(plan.delayMs, () => {
      this.book.settleRefund(payment, refund, succeeds ? 'OK' : 'KO');
      // As externals that know one kind of callback.
      const named = plan.scenario !== 'pending' && plan.scenario !== 'duplicate-callback';
      this.callbacks.send(payment, plan, named ? refund.refundId : undefined);
    });
  }

  /** Lets a new subscription lapse without any call, as when the payer's card expires. */
  beginSubscription(subscription: BookedSubscription, plan: Plan): void {
    if (!plan.lapses || subscription.status !== 'ACTIVE') return;
    this.#lapse(subscription, plan, ['PAST_DUE', 'CANCELED']);
  }

  #lapse(
    subscription: BookedSubscription,
    plan: Plan,
    [status, ...later]: ('PAST_DUE' | 'CANCELED')[],
  ): void {
    if (status === undefined) return;
    this.timers.after(plan.delayMs, () => {
      if (hasEnded(subscription)) return;
      subscription.status = status;
      this.callbacks.sendSubscription(subscription, plan);
      this.#lapse(subscription, plan, later);
    });
  }

  /** Runs `change` now, later or never, according to the plan. */
  beginChange(plan: Plan, change: () => void): void {
    if (plan.first === 'ACCEPTED') change();
    else if (plan.settledBy === 'timer' && plan.finalStatus === 'ACCEPTED')
      this.timers.after(plan.delayMs, change);
  }

  #end(payment: BookedPayment, status: FinalStatus): void {
    this.book.settlePayment(payment, status);
    const subscription = payment.subscriptionToken && this.book.subscriptions.get(payment.subscriptionToken);
    if (subscription) followPayment(subscription, payment);
  }
}

/**
 * Updates a subscription after one of its payments (SPEC §1): the first makes it ACTIVE or CANCELED, a later one
 * ACTIVE or PAST_DUE. A subscription that has ended stays ended, except after a late success of its first payment.
 */
export function followPayment(subscription: BookedSubscription, payment: BookedPayment): void {
  const first = payment.operation !== 'subscription/pay';
  const ended = subscription.status === 'EXPIRED' || (subscription.status === 'CANCELED' && !first);
  if (ended) return;
  if (payment.status === 'ACCEPTED') subscription.status = 'ACTIVE';
  if (payment.status === 'FAILED') subscription.status = first ? 'CANCELED' : 'PAST_DUE';
}
