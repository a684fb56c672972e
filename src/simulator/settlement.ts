import type { BookedPayment, BookedRefund, BookedSubscription, Book } from './book.js';
import type { CallbackSender } from './callback-sender.js';
import type { FinalStatus, Plan } from './scenario.js';
import type { Timers } from './timers.js';

/** What comes after the answer: final states, what they mean for a subscription, and the callbacks that tell of them. */
export class Settlement {
  constructor(
    private readonly book: Book,
    private readonly timers: Timers,
    private readonly callbacks: CallbackSender,
  ) {}

  /** Starts what the plan of a new payment leaves open. */
  begin(payment: BookedPayment, plan: Plan): void {
    if (plan.settledBy === 'call') {
      this.#tell(payment, plan);
      return;
    }
    payment.plan = plan;
    if (plan.settledBy === 'timer')
      this.timers.after(plan.delayMs, () => this.settle(payment, plan.finalStatus));
  }

  /** Makes an open payment final (by the timer or by the payer, whoever is first) and sends its callbacks. */
  settle(payment: BookedPayment, status: FinalStatus): void {
    const plan = payment.plan;
    if (!plan) return;
    this.book.settlePayment(payment, status);
    const subscription = payment.subscriptionToken && this.book.subscriptions.get(payment.subscriptionToken);
    if (subscription) followPayment(subscription, payment);
    this.#tell(payment, plan);
  }

  beginRefund(payment: BookedPayment, refund: BookedRefund, plan: Plan): void {
    if (plan.settledBy !== 'timer') {
      this.#tell(payment, plan);
      return;
    }
    this.timers.after(plan.delayMs, () => {
      this.book.settleRefund(payment, refund, plan.finalStatus === 'ACCEPTED' ? 'OK' : 'KO');
      this.#tell(payment, plan);
    });
  }

  /** Does `change` now, later or never, as the plan says. */
  beginChange(plan: Plan, change: () => void): void {
    if (plan.first === 'ACCEPTED') change();
    else if (plan.settledBy === 'timer' && plan.finalStatus === 'ACCEPTED')
      this.timers.after(plan.delayMs, change);
  }

  #tell(payment: BookedPayment, plan: Plan): void {
    this.callbacks.send(payment, plan.callbackMethod, plan.callbacks);
  }
}

/**
 * The state of a subscription after one of its payments (SPEC §1): the first one makes it ACTIVE or CANCELED, a later one
 * ACTIVE or PAST_DUE. One that has ended stays ended, but for the late success of its first payment.
 */
export function followPayment(subscription: BookedSubscription, payment: BookedPayment): void {
  const first = payment.operation !== 'subscription/pay';
  const ended = subscription.status === 'EXPIRED' || (subscription.status === 'CANCELED' && !first);
  if (ended) return;
  if (payment.status === 'ACCEPTED') subscription.status = 'ACTIVE';
  if (payment.status === 'FAILED') subscription.status = first ? 'CANCELED' : 'PAST_DUE';
}
