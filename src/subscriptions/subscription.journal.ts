import { beginStatement, type LedgerEntry } from '../operations/operation.journal.js';
import { PAYMENT_BEGIN } from '../payments/payment.journal.js';
import type { SubscriptionRow } from './subscription.table.js';

/** A subscription with its first payment. */
const BEGIN = beginStatement({
  columns: {
    ...PAYMENT_BEGIN.columns,
    subscription_shop_transaction_id: 'text',
    subscription_amount_minor: 'bigint',
    subscription_currency: 'text',
    subscription_interval_unit: 'text',
    subscription_interval_count: 'integer',
    subscription_expires_after: 'integer',
    subscription_state: 'text',
  },
  isPlain: PAYMENT_BEGIN.isPlain,
  writes: {
    ...PAYMENT_BEGIN.writes,
    subscription: `insert into subscriptions (id, external, caller, shop_transaction_id, amount_minor, currency,
        interval_unit, interval_count, expires_after, state, created_at, updated_at)
      select subscription_ref, external, caller, subscription_shop_transaction_id, subscription_amount_minor,
        subscription_currency, subscription_interval_unit, subscription_interval_count, subscription_expires_after,
        subscription_state, created_at, created_at
      from taken`,
  },
});

/** The insertion of a subscription that is CREATED beside its first payment, as an entry of the journal. */
export function subscriptionBegin(payment: LedgerEntry, row: SubscriptionRow): LedgerEntry {
  return {
    statement: BEGIN,
    columns: {
      ...payment.columns,
      subscription_shop_transaction_id: row.shop_transaction_id,
      subscription_amount_minor: row.amount_minor,
      subscription_currency: row.currency,
      subscription_interval_unit: row.interval_unit,
      subscription_interval_count: row.interval_count,
      subscription_expires_after: row.expires_after,
      subscription_state: row.state,
    },
    claims: payment.claims,
  };
}
