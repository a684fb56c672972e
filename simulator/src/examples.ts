import type { BookedPayment, BookedRefund, BookedSubscription } from './records.js';
import { planOf } from './scenarios.js';

/** The fields that the book adds to a record. */
type Added = 'executions' | 'replays' | 'createdAt' | 'updatedAt';

const ORDER = {
  operation: 'pay',
  scenario: 'ok',
  currency: 'EUR',
  subscriptionToken: undefined,
  successRedirectUrl: undefined,
  failureRedirectUrl: undefined,
  idempotencyKey: undefined,
  refundedAmount: 0,
  plan: undefined,
} as const;

/**
 * The ids that the gateway's API documentation prefills (docs/openapi.json). Each record exists from the first call that
 * names it, so that whoever executes the documented examples as they are gets answers. Their orders are not those of the
 * documented payments, which can then be made.
 */
export const EXAMPLE_PAYMENTS: Readonly<Record<string, Omit<BookedPayment, Added>>> = {
  // Enough for many refunds of the documented amount.
  pm_7f3a: {
    ...ORDER,
    paymentId: 'pm_7f3a',
    shopTransactionId: 'example-paid',
    amount: 129_900,
    status: 'ACCEPTED',
  },
  pm_2b8c: {
    ...ORDER,
    paymentId: 'pm_2b8c',
    shopTransactionId: 'example-pending',
    amount: 1_299,
    scenario: 'redirect',
    status: 'PENDING',
    plan: planOf('pay', { scenario: 'redirect' }),
  },
};

export const EXAMPLE_REFUNDS: Readonly<Record<string, Omit<BookedRefund, Added>>> = {
  re_5d10: {
    refundId: 're_5d10',
    paymentId: 'pm_7f3a',
    amount: 500,
    currency: 'EUR',
    result: 'OK',
    idempotencyKey: undefined,
  },
};

export const EXAMPLE_SUBSCRIPTIONS: Readonly<Record<string, Omit<BookedSubscription, Added>>> = {
  sub_91c2: {
    subscriptionToken: 'sub_91c2',
    kind: 'scheduled',
    shopTransactionId: 'example-subscription',
    amount: 999,
    currency: 'EUR',
    interval: 'MONTH',
    intervalCount: 1,
    expiresAfter: undefined,
    status: 'ACTIVE',
    expireData: undefined,
    idempotencyKey: undefined,
  },
};
