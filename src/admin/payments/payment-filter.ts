import type { PaymentState } from '../../payments/payment-state.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier } from '../../rules/rules.js';
import { ExternalFilter, queryProblem, TimeRangeQuery } from '../lists/list-query.js';

export const PAYMENT_STATES = ['CREATED', 'PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN'] as const;

/**
 * The order in which payments are read by their state. Each list is several queries, between which payments go on: read in the
 * direction of the state table, one that changes meanwhile is met twice, and never missed.
 */
export const READING_ORDER = ['CREATED', 'UNKNOWN', 'PENDING', 'FAILED', 'ACCEPTED'] as const;

/** The filters of the list of payments, all of which may be combined. */
export class PaymentQuery extends TimeRangeQuery {
  @ExternalFilter()
  external?: string;

  @QueryField(oneOf(PAYMENT_STATES), { description: 'Payments in this state.' })
  state?: PaymentState;

  @QueryField(issuedIdentifier, {
    description: 'The payment with this id of the external.',
    example: 'pm_7f3a',
  })
  paymentId?: string;

  @QueryField(issuedIdentifier, {
    description: 'Payments with this id of the shop.',
    example: 'order-1001',
  })
  shopTransactionId?: string;

  @QueryField(issuedIdentifier, { description: 'Payments of this subscription.', example: 'sub_91c2' })
  subscriptionToken?: string;

  @QueryField(currency, { description: 'Payments in this currency.', example: 'EUR' })
  currency?: string;

  @QueryField(amount(0), { description: 'Payments of this amount or more.' })
  minAmount?: number;

  @QueryField(amount(0), { description: 'Payments of this amount or less.' })
  maxAmount?: number;
}

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
