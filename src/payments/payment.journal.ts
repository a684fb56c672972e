import {
  beginStatement,
  endStatement,
  InsertedRow,
  type LedgerEndEntry,
  type LedgerEntry,
  type LedgerPart,
} from '../operations/operation.journal.js';
import type { OperationRow } from '../operations/operation.table.js';
import type { PaymentChange } from './payment.repository.js';
import type { InsertedPayment, PaymentRow } from './payment.table.js';

/** Columns that have the value of the operation's, and those that keep the default of the table. */
type Derived = 'id' | 'external' | 'caller' | 'created_at' | 'updated_at' | 'traceparent';
type Unset =
  | 'payment_id'
  | 'refunded_minor'
  | 'version'
  | 'next_ask_at'
  | 'asks'
  | 'never_seen_at'
  | 'parked_at'
  | 'lease_token'
  | 'lease_until';

const PAYMENT = new InsertedRow<Exclude<keyof InsertedPayment, Derived | Unset>>(
  'payments',
  'payment',
  {
    origin: 'text',
    shop_transaction_id: 'text',
    shop_transaction_id_sent: 'text',
    subscription_token: 'text',
    amount_minor: 'bigint',
    currency: 'text',
    state: 'text',
    duplicate_guard: 'integer',
    deadline_at: 'bigint',
  },
  {
    id: 'payment_ref',
    external: 'external',
    caller: 'caller',
    created_at: 'created_at',
    updated_at: 'created_at',
    traceparent: 'traceparent',
  } satisfies Record<Derived, keyof OperationRow>,
);

/** The insertion of a payment, alone or with what belongs to it. An order that has failed before is not plain. */
export const PAYMENT_BEGIN: LedgerPart = {
  columns: PAYMENT.columns,
  isPlain: `not exists (
    select from payments other where entry.payment_duplicate_guard = 1
      and other.shop_transaction_id = entry.payment_shop_transaction_id and other.external = entry.external offset 0)`,
  writes: { payment: { sql: PAYMENT.sql } },
};

const BEGIN = beginStatement(PAYMENT_BEGIN);

/** The first change of a payment, alone or with what belongs to it. */
export const PAYMENT_END: LedgerPart = {
  columns: {
    payment_ref: 'text',
    payment_from: 'text',
    payment_state: 'text',
    payment_id: 'text',
    payment_subscription_token: 'text',
    payment_external: 'text',
    payment_updated_at: 'bigint',
    payment_next_ask_at: 'bigint',
    payment_parked_at: 'bigint',
    payment_duplicate_guard: 'integer',
    payment_checkout: 'text',
  },
  isPlain: `exists (
      select from payments own where own.id = entry.payment_ref and own.state = entry.payment_from
        and own.payment_id is null and own.version = 0 offset 0)
    and not exists (
      select from payments other where other.payment_id = entry.payment_id
        and other.external = entry.payment_external offset 0)
    and not exists (
      select from refunds where refunds.external = entry.payment_external
        and refunds.payment_id = entry.payment_id and refunds.payment_ref is null offset 0)`,
  writes: {
    payment: {
      sql: `update payments set state = taken.payment_state, updated_at = taken.payment_updated_at,
          next_ask_at = taken.payment_next_ask_at, parked_at = taken.payment_parked_at,
          duplicate_guard = coalesce(taken.payment_duplicate_guard, payments.duplicate_guard),
          payment_id = taken.payment_id, checkout = taken.payment_checkout,
          subscription_token = coalesce(taken.payment_subscription_token, payments.subscription_token)
        from taken
        where payments.id = taken.payment_ref
          and (payments.state = taken.payment_from and payments.payment_id is null and payments.version = 0) is true`,
    },
  },
};

const END = endStatement(PAYMENT_END);

/** A cancellation of a payment that is PENDING. */
const CANCEL_BEGIN = beginStatement({
  columns: { canceled_payment_id: 'text' },
  isPlain: `exists (
    select from payments own where own.id = entry.payment_ref and own.state = 'PENDING'
      and own.payment_id = entry.canceled_payment_id offset 0)`,
  writes: {},
});

/** A cancellation that leaves its payment PENDING: the external is queried about it. */
const CANCEL_END = endStatement({
  columns: { payment_ref: 'text', payment_next_ask_at: 'bigint' },
  isPlain: `exists (
    select from payments own where own.id = entry.payment_ref and own.state = 'PENDING' offset 0)`,
  writes: {
    payment: {
      sql: `update payments set next_ask_at = taken.payment_next_ask_at, asks = 0, parked_at = null from taken
        where payments.id = taken.payment_ref and (payments.state = 'PENDING') is true`,
    },
  },
});

/** The insertion of a payment that is CREATED, as an entry of the journal. */
export function paymentBegin(row: InsertedPayment): LedgerEntry {
  return {
    statement: BEGIN,
    columns: PAYMENT.of(row),
    claims: row.duplicate_guard === 1 ? [`order\n${row.external}\n${row.shop_transaction_id}`] : [],
  };
}

/** The change of a payment that has no id yet, as an entry of the journal; undefined if only a transaction can do it. */
export function paymentEnd(
  { id, external, state: from }: Pick<PaymentRow, 'id' | 'external' | 'state'>,
  change: PaymentChange,
): Omit<LedgerEndEntry, 'event' | 'afterCommit'> | undefined {
  const { state, paymentId, subscriptionToken, next, atMs, checkout, duplicateGuard, unguarded, ...others } =
    change;
  // A new member of a change needs a column here.
  others satisfies Record<string, never>;
  if (unguarded) return undefined;
  return {
    statement: END,
    columns: {
      payment_ref: id,
      payment_from: from,
      payment_state: state,
      payment_id: paymentId ?? null,
      payment_subscription_token: subscriptionToken ?? null,
      payment_external: external,
      payment_updated_at: atMs,
      payment_next_ask_at: next.atMs,
      payment_parked_at: next.parkedAtMs,
      payment_duplicate_guard: duplicateGuard ?? null,
      payment_checkout: checkout ?? null,
    },
    claims: paymentId === undefined ? [] : [`payment\n${external}\n${paymentId}`],
  };
}

/** The begin of a cancellation, as an entry of the journal. */
export function cancelBegin(paymentId: string): LedgerEntry {
  return { statement: CANCEL_BEGIN, columns: { canceled_payment_id: paymentId }, claims: [] };
}

/** A query at `atMs` about the payment `ref`, which a cancellation has left PENDING, as an entry of the journal. */
export function cancelEnd(ref: string, atMs: number): LedgerEndEntry {
  return {
    statement: CANCEL_END,
    columns: { payment_ref: ref, payment_next_ask_at: atMs },
    // One statement cannot change the same payment twice.
    claims: [`cancel\n${ref}`],
    event: undefined,
  };
}
