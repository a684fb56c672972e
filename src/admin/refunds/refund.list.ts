import { sql } from 'kysely';
import type { RefundState } from '../../refunds/refund-state.js';
import type { RefundRow } from '../../refunds/refund.table.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { currency, issuedIdentifier } from '../../rules/rules.js';
import { KeysetList } from '../lists/keyset-list.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import { externalsWithPayments } from '../payments/payment.list.js';
import { type RefundRecord, refundRecord } from '../records/refund-record.js';

/** The filters of the list of refunds, in any combination. */
export class RefundQuery extends TimeRangeQuery {
  @ExternalFilter()
  external?: string;

  @QueryField(oneOf(['PENDING', 'OK', 'KO', 'UNKNOWN']), { description: 'Refunds in this state.' })
  state?: RefundState;

  @QueryField(issuedIdentifier, {
    description: 'Refunds of the payment with this id of the external.',
    example: 'pm_7f3a',
  })
  paymentId?: string;

  @QueryField(currency, { description: 'Refunds in this currency.', example: 'EUR' })
  currency?: string;
}

export const REFUND_LIST = new KeysetList<RefundQuery, RefundRow, RefundRecord>({
  table: 'refunds',
  prefix: 'ref',
  filters: { external: 'external', state: 'state', paymentId: 'payment_id', currency: 'currency' },
  async parts({ external, paymentId, state }, reader) {
    const { rows } = reader;
    if (paymentId !== undefined) {
      // The index begins with the external.
      const externals = external === undefined ? await externalsWithPayments(reader.db) : [external];
      return externals.length === 0
        ? []
        : reader.few(rows.where('external', 'in', externals).where('payment_id', '=', paymentId));
    }
    if (state !== 'PENDING' && state !== 'UNKNOWN') return undefined;
    // The condition of the index `refunds_open`: SQLite does not derive it from one state.
    const open = rows.where(sql<boolean>`state in ('PENDING', 'UNKNOWN')`).where('state', '=', state);
    return [reader.inOrder(open, ['state'])];
  },
  record: refundRecord,
});

export const REFUND_COLUMNS = [
  'id',
  'payment',
  'external',
  'paymentId',
  'state',
  'refundId',
  'amount',
  'currency',
  'origin',
  'caller',
  'createdAt',
  'updatedAt',
  'parkedAt',
] as const satisfies readonly (keyof RefundRecord)[];
