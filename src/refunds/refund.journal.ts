import type { Insertable } from 'kysely';
import { beginStatement, InsertedRow, type LedgerEntry } from '../operations/operation.journal.js';
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
    reservation: `update payments set refunded_minor = refunded_minor + taken.refund_amount_minor from taken
      where payments.payment_id = taken.refund_payment_id and payments.external = taken.external
        and (payments.state = 'ACCEPTED'
          and payments.refunded_minor + taken.refund_amount_minor <= payments.amount_minor) is true`,
    refund: REFUND.sql,
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
