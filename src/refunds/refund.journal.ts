import type { Insertable } from 'kysely';
import {
  beginStatement,
  endStatement,
  InsertedRow,
  type LedgerEndEntry,
  type LedgerEntry,
} from '../operations/operation.journal.js';
import type { NextQuery } from '../operations/reconciliation-schedule.js';
import type { RefundState } from './refund-state.js';
import type { RefundTable } from './refund.table.js';

/** Columns that have a value of the operation or of the payment, and those that keep the default of the table. */
type Derived = 'id' | 'payment_ref' | 'external' | 'caller' | 'created_at' | 'updated_at';
type Unset =
  | 'refund_id'
  | 'external_refund_id'
  | 'reversal'
  | 'version'
  | 'next_ask_at'
  | 'asks'
  | 'never_seen_at'
  | 'parked_at'
  | 'lease_token'
  | 'lease_until';

const REFUND = new InsertedRow<Exclude<keyof Insertable<RefundTable>, Derived | Unset>>(
  'refunds',
  'refund',
  {
    payment_id: 'text',
    amount_minor: 'bigint',
    currency: 'text',
    state: 'text',
    reserved: 'integer',
    origin: 'text',
  },
  {
    id: 'refund_ref',
    payment_ref: `(select paid.id from payments paid
      where paid.payment_id = taken.refund_payment_id and paid.external = taken.external)`,
    external: 'external',
    caller: 'caller',
    created_at: 'created_at',
    updated_at: 'created_at',
  } satisfies Record<Derived, string>,
);

/** A refund of a payment that the ledger knows, is ACCEPTED, and has the rest. */
const BEGIN = beginStatement({
  columns: REFUND.columns,
  isPlain: `exists (
      select from payments paid
      where paid.payment_id = entry.refund_payment_id and paid.external = entry.external
        and paid.state = 'ACCEPTED' and (paid.currency is null or paid.currency = entry.refund_currency)
        and paid.refunded_minor + entry.refund_amount_minor <= paid.amount_minor offset 0)
    and not exists (
      select from refunds unlinked
      where unlinked.external = entry.external and unlinked.payment_id = entry.refund_payment_id
        and unlinked.payment_ref is null offset 0)`,
  writes: {
    reservation: {
      sql: `update payments set refunded_minor = refunded_minor + taken.refund_amount_minor from taken
        where payments.payment_id = taken.refund_payment_id and payments.external = taken.external
          and (payments.state = 'ACCEPTED'
            and payments.refunded_minor + taken.refund_amount_minor <= payments.amount_minor) is true`,
    },
    refund: { sql: REFUND.sql },
  },
});

/** Nothing but {@link refundBegin} has written to it. */
const isNew = (refund: string): string =>
  `${refund}.state = 'PENDING' and ${refund}.origin = 'call' and ${refund}.payment_ref is not null and ${refund}.reserved = 1
    and ${refund}.asks = 0 and ${refund}.version = 0 and ${refund}.refund_id is null and ${refund}.external_refund_id is null`;

/** The answer of the call for a caller's refund, whose id no other refund has. */
const END = endStatement({
  columns: {
    refund_ref: 'text',
    refund_external: 'text',
    refund_state: 'text',
    refund_external_id: 'text',
    refund_given_id: 'text',
    refund_updated_at: 'bigint',
    refund_next_ask_at: 'bigint',
    refund_parked_at: 'bigint',
  },
  isPlain: `exists (
      select from refunds own where own.id = entry.refund_ref and ${isNew('own')} offset 0)
    and not exists (
      select from refunds other where other.external_refund_id = entry.refund_external_id
        and other.external = entry.refund_external offset 0)
    and not exists (select from refunds other where other.id = entry.refund_external_id offset 0)`,
  writes: {
    refund: {
      sql: `update refunds set state = taken.refund_state,
          reserved = case when taken.refund_state = 'KO' then 0 else refunds.reserved end,
          external_refund_id = taken.refund_external_id, refund_id = taken.refund_given_id,
          updated_at = coalesce(taken.refund_updated_at, refunds.updated_at),
          next_ask_at = taken.refund_next_ask_at, parked_at = taken.refund_parked_at
        from taken
        where refunds.id = taken.refund_ref and (${isNew('refunds')}) is true`,
      returning: 'refunds.id, refunds.payment_ref, refunds.amount_minor, refunds.state',
    },
    release: {
      sql: `update payments set refunded_minor = payments.refunded_minor - freed.amount_minor
        from (
          select payment_ref, sum(amount_minor) as amount_minor from refund where state = 'KO' group by payment_ref
        ) freed
        where payments.id = freed.payment_ref`,
      rows: `(select count(distinct payment_ref) from refund where state = 'KO')`,
    },
  },
  event: {
    event_payment_ref: `(select ended.payment_ref from refund ended where ended.id = taken.refund_ref)`,
  },
});

/** The reservation and insertion of a refund, as an entry of the journal. */
export function refundBegin(row: Insertable<RefundTable>): LedgerEntry {
  return {
    statement: BEGIN,
    columns: REFUND.of(row),
    // One statement cannot change the same payment twice.
    claims: [`refund\n${row.external}\n${row.payment_id}`],
  };
}

/** What the answer of a call says about a refund that is PENDING. */
export interface AnsweredRefund {
  readonly id: string;
  readonly external: string;
  readonly state: RefundState;
  /** Named by the external. */
  readonly externalId: string | undefined;
  readonly next: NextQuery;
  readonly atMs: number;
}

/** The end of a refund's call, as an entry of the journal, and the `refundId` that it gives to the refund. */
export function refundEnd({
  id,
  external,
  state,
  externalId,
  next,
  atMs,
}: AnsweredRefund): Omit<LedgerEndEntry, 'event'> & { readonly refundId: string } {
  const other = externalId === id ? undefined : externalId;
  const refundId = other ?? id;
  return {
    statement: END,
    columns: {
      refund_ref: id,
      refund_external: external,
      refund_state: state,
      refund_external_id: other ?? null,
      refund_given_id: refundId,
      refund_updated_at: state === 'PENDING' ? null : atMs,
      refund_next_ask_at: next.atMs,
      refund_parked_at: next.parkedAtMs,
    },
    claims: other === undefined ? [] : [`refundId\n${external}\n${other}`],
    refundId,
  };
}
