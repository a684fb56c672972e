import { sql } from 'kysely';
import type { OperationRow } from '../../operations/operation.table.js';
import type { PaymentState } from '../../payments/payment-state.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { KeysetList } from '../lists/keyset-list.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import { unknownOperationRecord, type UnknownOperationRecord } from '../records/operation-record.js';

export class OperationQuery extends TimeRangeQuery {
  @QueryField(oneOf(['unknown']), {
    description: 'Operations that may have been executed: the only value, and the default.',
  })
  outcome?: 'unknown';

  @ExternalFilter()
  external?: string;
}

/** With the current state of its payment. */
type UnknownOperation = OperationRow & { readonly payment_state: PaymentState | null };

/** Operations of unknown outcome (SPEC §8). All others are found by their payment. */
export const UNKNOWN_OPERATION_LIST = new KeysetList<
  OperationQuery,
  UnknownOperation,
  UnknownOperationRecord
>({
  table: 'operations',
  prefix: 'op',
  filters: { external: 'external' },
  // A literal, because SQLite does not use a partial index for a parameter.
  parts: async (_, reader) => [
    reader.inOrder(reader.rows.where('state', '=', sql.lit('unknown')), ['outcome']),
  ],
  whole: (db, ids) =>
    db
      .selectFrom('operations')
      .leftJoin('payments', 'payments.id', 'operations.payment_ref')
      .selectAll('operations')
      .select('payments.state as payment_state')
      .where('operations.id', 'in', ids)
      .execute(),
  record: unknownOperationRecord,
});

export const OPERATION_COLUMNS = [
  'id',
  'external',
  'operation',
  'state',
  'reason',
  'caller',
  'payment',
  'refund',
  'subscription',
  'createdAt',
  'finishedAt',
  'requestId',
] as const satisfies readonly (keyof UnknownOperationRecord)[];
