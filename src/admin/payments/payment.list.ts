import { sql } from 'kysely';
import { invalid } from '../../http/request-parameters.js';
import { orderKey } from '../../payments/order-key.js';
import { PAYMENT_STATES, type PaymentState } from '../../payments/payment-state.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import { QueryField } from '../../rules/field.js';
import { mapped, oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier } from '../../rules/rules.js';
import { externalsIn, KeysetList, type ListReader } from '../lists/keyset-list.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import { type PaymentRecord, paymentRecord } from '../records/payment-record.js';

/**
 * The order in which a list reads payments by their state. It is that of the state table: a payment that changes
 * between two queries is then read twice, and never missed.
 */
export const READING_ORDER = ['CREATED', 'UNKNOWN', 'PENDING', 'FAILED', 'ACCEPTED'] as const;

/** The filters of the list of payments, in any combination. */
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

  @QueryField(mapped(issuedIdentifier, orderKey), {
    description: 'Payments with this id of the shop, or with one that looks the same.',
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

/** The filters whose index leads to few payments, the most selective first. */
const NAMES = {
  paymentId: 'payment_id',
  shopTransactionId: 'shop_transaction_id',
  subscriptionToken: 'subscription_token',
} as const;

/**
 * The condition of the index `payments_external_state`, as a literal, because SQLite ignores partial indexes for
 * parameters.
 */
const NOT_CREATED = sql<boolean>`state <> 'CREATED'`;

export const PAYMENT_LIST = new KeysetList<PaymentQuery, PaymentRow, PaymentRecord>({
  table: 'payments',
  prefix: 'pay',
  filters: { external: 'external', state: 'state', currency: 'currency', ...NAMES },
  columns: ['amount_minor'],
  matches({ minAmount, maxAmount }, { amount_minor: actual }) {
    if (minAmount === undefined && maxAmount === undefined) return true;
    // An unknown amount is in no range.
    return typeof actual === 'number' && actual >= (minAmount ?? 0) && actual <= (maxAmount ?? Infinity);
  },
  async parts(query, reader) {
    for (const [name, column] of Object.entries(NAMES)) {
      const wanted = query[name as keyof typeof NAMES];
      if (wanted !== undefined) return reader.few(reader.within(reader.rows).where(column, '=', wanted));
    }
    const { external, state } = query;
    if (external === undefined && state === undefined) return undefined;
    const states = state === undefined ? READING_ORDER : [state];
    const created = states.includes('CREATED') ? await createdPayments(reader) : [];
    const indexed = states.filter((each) => each !== 'CREATED');
    if (!created || indexed.length === 0) return created;
    const externals = external === undefined ? await externalsWithPayments(reader.db) : [external];
    const others = externals.flatMap((name) =>
      indexed.map((each) =>
        reader.inOrder(
          reader.rows.where('external', '=', name).where('state', '=', each).where(NOT_CREATED),
          ['external', 'state'],
        ),
      ),
    );
    return [...created, ...others];
  },
  record: paymentRecord,
});

/** Every external that has payments, configured or not. */
export function externalsWithPayments(db: ListReader<PaymentQuery>['db']): Promise<string[]> {
  return externalsIn(db, 'payments', NOT_CREATED);
}

/** A payment is CREATED while its operation runs, and few operations run at a time. */
function createdPayments(reader: ListReader<PaymentQuery>): ReturnType<typeof reader.few> {
  return reader.few(async (limit) => {
    const running = await reader.db
      .selectFrom('operations')
      .select('payment_ref')
      .where('state', '=', sql.lit('running'))
      .limit(limit)
      .execute();
    const ids = running.map(({ payment_ref }) => payment_ref).filter((ref) => ref !== null);
    if (ids.length === 0) return [];
    const rows = await reader.rows.where('id', 'in', ids).execute();
    return rows.filter(({ state }) => state === 'CREATED');
  });
}

/** @throws Problem `validation-failed` if no amount can be in the range */
export function assertAmounts({ minAmount, maxAmount }: PaymentQuery): void {
  if (minAmount !== undefined && maxAmount !== undefined && minAmount > maxAmount) {
    throw invalid('/query/maxAmount', 'must not be less than minAmount');
  }
}
