import { sql } from 'kysely';
import type { CallbackRow, CallbackState } from '../../callbacks/callback.table.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { issuedIdentifier } from '../../rules/rules.js';
import { KeysetList } from '../lists/keyset-list.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import { type CallbackRecord, callbackRecord } from '../records/callback-record.js';

export class CallbackQuery extends TimeRangeQuery {
  @QueryField(oneOf(['PENDING', 'LEASED', 'VERIFIED', 'UNCONFIRMED']), {
    description: 'Callbacks in this state.',
  })
  state?: CallbackState;

  @ExternalFilter()
  external?: string;

  @QueryField(issuedIdentifier, {
    description: 'Callbacks that name the payment with this `paymentId`.',
    example: 'pm_7f3a',
  })
  paymentId?: string;
}

export const CALLBACK_LIST = new KeysetList<CallbackQuery, CallbackRow, CallbackRecord>({
  table: 'callbacks',
  prefix: 'cbk',
  filters: { state: 'state', external: 'external', paymentId: 'payment_id' },
  async parts({ paymentId, state }, reader) {
    const { rows } = reader;
    if (paymentId !== undefined) {
      const ofPayment = rows.where('payment_id', '=', paymentId);
      return (await reader.few(ofPayment)) ?? [reader.inOrder(ofPayment, ['paymentId'])];
    }
    if (state === 'UNCONFIRMED')
      return [reader.inOrder(rows.where('state', '=', sql.lit('UNCONFIRMED')), ['state'])];
    // The open ones are few. With a range of ids, SQLite would scan the primary key instead of their index.
    if (state === 'PENDING') return reader.few(rows.where('next_attempt_at', 'is not', null));
    if (state === 'LEASED') return reader.few(rows.where('lease_until', 'is not', null));
    return undefined;
  },
  record: callbackRecord,
});

export const CALLBACK_COLUMNS = [
  'id',
  'external',
  'paymentId',
  'refundId',
  'subscriptionToken',
  'state',
  'method',
  'receivedAt',
  'repeats',
  'attempts',
  'finishedAt',
  'lastError',
  'requestId',
] as const satisfies readonly (keyof CallbackRecord)[];
