import type { PaymentState } from '../../payments/payment-state.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import { type QueryOf, queryProblem } from '../lists/query-rule.js';
import { amount, currency, external, identifier, oneOf, PAGING, TIME_RANGE } from '../lists/query-rules.js';

export const PAYMENT_STATES = ['CREATED', 'PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN'] as const;

/**
 * The order in which payments are read by their state. Each list is several queries, between which payments go on: read in the
 * direction of the state table, one that changes meanwhile is met twice, and never missed.
 */
export const READING_ORDER = ['CREATED', 'UNKNOWN', 'PENDING', 'FAILED', 'ACCEPTED'] as const;

/** What payments may be asked for by; all of it may be combined. */
export const PAYMENT_QUERY = {
  external,
  state: oneOf<PaymentState>(PAYMENT_STATES, 'In this state.'),
  paymentId: identifier('With this id of the external’s.', 'pm_7f3a'),
  shopTransactionId: identifier('With this id of the shop’s.', 'order-1001'),
  subscriptionToken: identifier('Of this subscription.', 'sub_91c2'),
  currency,
  minAmount: amount('Of this amount or more.'),
  maxAmount: amount('Of this amount or less.'),
  ...TIME_RANGE,
  ...PAGING,
};

export type PaymentQuery = QueryOf<typeof PAYMENT_QUERY>;

/** What decides whether a payment belongs to a list; the rest of its row is read for those that do. */
export const FILTERED = [
  'id',
  'external',
  'state',
  'payment_id',
  'shop_transaction_id',
  'subscription_token',
  'amount_minor',
  'currency',
] as const;
export type FilteredPayment = Pick<PaymentRow, (typeof FILTERED)[number]>;

/** @throws Problem `validation-failed` where no amount could be in the range */
export function assertAmounts({ minAmount, maxAmount }: PaymentQuery): void {
  if (minAmount !== undefined && maxAmount !== undefined && minAmount > maxAmount) {
    throw queryProblem([{ pointer: '/query/maxAmount', detail: 'must not be less than minAmount' }]);
  }
}

/** True where the filter asks for what no index holds. */
export function asksForAmounts({ currency, minAmount, maxAmount }: PaymentQuery): boolean {
  return currency !== undefined || minAmount !== undefined || maxAmount !== undefined;
}

/** True where every payment of the range of time is asked for. */
export function asksForNothing(filter: PaymentQuery): boolean {
  const { from: _from, to: _to, limit: _limit, cursor: _cursor, ...asked } = filter;
  return Object.values(asked).every((value) => value === undefined);
}

/** The whole filter but the range of time, which is that of the ids. An amount that is not known lies in no range. */
export function accepts(filter: PaymentQuery, payment: FilteredPayment): boolean {
  const { minAmount = 0, maxAmount = Number.MAX_SAFE_INTEGER } = filter;
  const { amount_minor } = payment;
  const ranged = filter.minAmount !== undefined || filter.maxAmount !== undefined;
  return (
    isAs(filter.external, payment.external) &&
    isAs(filter.state, payment.state) &&
    isAs(filter.paymentId, payment.payment_id) &&
    isAs(filter.shopTransactionId, payment.shop_transaction_id) &&
    isAs(filter.subscriptionToken, payment.subscription_token) &&
    isAs(filter.currency, payment.currency) &&
    (!ranged || (amount_minor !== null && amount_minor >= minAmount && amount_minor <= maxAmount))
  );
}

function isAs(asked: string | undefined, actual: string | null): boolean {
  return asked === undefined || asked === actual;
}
