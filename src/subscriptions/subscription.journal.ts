import {
  beginStatement,
  endStatement,
  InsertedRow,
  type LedgerEndEntry,
  type LedgerEntry,
} from '../operations/operation.journal.js';
import type { OperationRow } from '../operations/operation.table.js';
import type { NextQuery } from '../operations/reconciliation-schedule.js';
import { PAYMENT_BEGIN, PAYMENT_END } from '../payments/payment.journal.js';
import type { SubscriptionChange } from './subscription.repository.js';
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
  writes: { ...PAYMENT_BEGIN.writes, subscription: { sql: SUBSCRIPTION.sql } },
});

const CHANGE = {
  subscription_ref: 'text',
  subscription_state: 'text',
  subscription_updated_at: 'bigint',
  subscription_next_ask_at: 'bigint',
  subscription_parked_at: 'bigint',
} as const;

/** The update of `subscriptions`, with further columns; `from` is SQL that is true for a row as it is expected. */
const update = (from: string, further = ''): { readonly sql: string } => ({
  sql: `update subscriptions set state = taken.subscription_state, updated_at = taken.subscription_updated_at,
      next_ask_at = taken.subscription_next_ask_at, parked_at = taken.subscription_parked_at${further}
    from taken where subscriptions.id = taken.subscription_ref and (${from}) is true`,
});

/** The first change of a subscription with that of its first payment, and an event of each. */
const START_END = endStatement({
  columns: { ...PAYMENT_END.columns, ...CHANGE, subscription_token: 'text', subscription_event_id: 'text' },
  isPlain: `${PAYMENT_END.isPlain}
    and exists (
      select from subscriptions own
      where own.id = entry.subscription_ref and own.state = 'CREATED' and own.token is null
        and own.version = 0 offset 0)
    and not exists (
      select from subscriptions other
      where other.token = entry.subscription_token and other.external = entry.payment_external offset 0)`,
  writes: {
    ...PAYMENT_END.writes,
    subscription: update(
      `subscriptions.state = 'CREATED' and subscriptions.token is null and subscriptions.version = 0`,
      ', token = taken.subscription_token',
    ),
    subscription_event: {
      sql: `insert into ledger_events (id, subscription_ref, at, source, before, after, cause)
        select subscription_event_id, subscription_ref, subscription_updated_at, 'call', 'CREATED', subscription_state, id
        from taken`,
    },
  },
});

/** The change of a subscription that is ACTIVE. */
const ACTIVE_END = endStatement({
  columns: CHANGE,
  isPlain: `exists (
    select from subscriptions own where own.id = entry.subscription_ref and own.state = 'ACTIVE'
      and own.version = 0 offset 0)`,
  writes: { subscription: update(`subscriptions.state = 'ACTIVE' and subscriptions.version = 0`) },
});

/** An operation that leaves its subscription as it is, and has the external queried about it. */
const QUERY_END = endStatement({
  columns: {
    subscription_ref: 'text',
    subscription_next_ask_at: 'bigint',
    subscription_parked_at: 'bigint',
  },
  isPlain: 'exists (select from subscriptions own where own.id = entry.subscription_ref offset 0)',
  writes: {
    subscription: {
      sql: `update subscriptions set next_ask_at = taken.subscription_next_ask_at,
          parked_at = taken.subscription_parked_at, asks = 0
        from taken where subscriptions.id = taken.subscription_ref`,
    },
  },
});

/** The insertion of a subscription that is CREATED beside its first payment, as an entry of the journal. */
export function subscriptionBegin(payment: LedgerEntry, row: NewSubscription): LedgerEntry {
  return {
    statement: BEGIN,
    columns: { ...payment.columns, ...SUBSCRIPTION.of(row) },
    claims: payment.claims,
  };
}

/** The first change of a subscription beside that of its first payment, as an entry of the journal. */
export function subscriptionStartEnd(
  { event, claims, columns }: LedgerEndEntry,
  external: string,
  ref: string,
  eventId: string,
  change: SubscriptionChange,
): LedgerEndEntry {
  const { token } = change;
  return {
    statement: START_END,
    columns: {
      ...columns,
      ...changeOf(ref, change),
      subscription_token: token ?? null,
      subscription_event_id: eventId,
    },
    claims: token === undefined ? claims : [...claims, `token\n${external}\n${token}`],
    event,
  };
}

/** The change of a subscription that is ACTIVE, as an entry of the journal. */
export function activeSubscriptionEnd(
  ref: string,
  change: SubscriptionChange,
): Omit<LedgerEndEntry, 'event'> {
  return { statement: ACTIVE_END, columns: changeOf(ref, change), claims: claimsOf(ref) };
}

/** The schedule of queries about a subscription, as an entry of the journal. */
export function queriedSubscriptionEnd(ref: string, next: NextQuery): LedgerEndEntry {
  return {
    statement: QUERY_END,
    columns: {
      subscription_ref: ref,
      subscription_next_ask_at: next.atMs,
      subscription_parked_at: next.parkedAtMs,
    },
    claims: claimsOf(ref),
    event: undefined,
  };
}

/** One statement cannot change the same subscription twice. */
function claimsOf(ref: string): string[] {
  return [`subscription\n${ref}`];
}

function changeOf(
  ref: string,
  { state, atMs, next }: SubscriptionChange,
): Record<keyof typeof CHANGE, string | number | null> {
  return {
    subscription_ref: ref,
    subscription_state: state,
    subscription_updated_at: atMs,
    subscription_next_ask_at: next.atMs,
    subscription_parked_at: next.parkedAtMs,
  };
}
