import { beginStatement, InsertedRow, type LedgerEntry } from '../operations/operation.journal.js';
import type { OperationRow } from '../operations/operation.table.js';
import { PAYMENT_BEGIN } from '../payments/payment.journal.js';
import type { NewSubscription } from './subscription.table.js';

/** Columns that have the value of the operation's, and those that keep the default of the table. */
type Derived = 'id' | 'external' | 'caller' | 'created_at' | 'updated_at';
type Unset =
  | 'token'
  | 'next_ask_at'
  | 'asks'
  | 'parked_at'
  | 'lease_token'
  | 'lease_until'
  | 'claimed_token'
  | 'watch_at'
  | 'version';

const SUBSCRIPTION = new InsertedRow<Exclude<keyof NewSubscription, Derived | Unset>>(
  'subscriptions',
  'subscription',
  {
    shop_transaction_id: 'text',
    shop_transaction_id_sent: 'text',
    amount_minor: 'bigint',
    currency: 'text',
    interval_unit: 'text',
    interval_count: 'integer',
    expires_after: 'integer',
    state: 'text',
  },
  {
    id: 'subscription_ref',
    external: 'external',
    caller: 'caller',
    created_at: 'created_at',
    updated_at: 'created_at',
  } satisfies Record<Derived, keyof OperationRow>,
);

/** A subscription with its first payment. */
const BEGIN = beginStatement({
  columns: { ...PAYMENT_BEGIN.columns, ...SUBSCRIPTION.columns },
  isPlain: PAYMENT_BEGIN.isPlain,
  writes: { ...PAYMENT_BEGIN.writes, subscription: SUBSCRIPTION.sql },
});

/** The insertion of a subscription that is CREATED beside its first payment, as an entry of the journal. */
export function subscriptionBegin(payment: LedgerEntry, row: NewSubscription): LedgerEntry {
  return {
    statement: BEGIN,
    columns: { ...payment.columns, ...SUBSCRIPTION.of(row) },
    claims: payment.claims,
  };
}
