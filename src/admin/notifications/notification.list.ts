import { sql } from 'kysely';
import type { NotificationRow, NotificationState } from '../../notifications/notification.table.js';
import { NOTIFICATION_EVENTS, type NotificationEvent } from '../../config/receiver-config.js';
import { receiverName } from '../../rules/network-rules.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { ownIdentifier } from '../../rules/rules.js';
import { KeysetList } from '../lists/keyset-list.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import {
  NOTIFICATION_STATES,
  type NotificationRecord,
  notificationRecord,
} from '../records/notification-record.js';

export class NotificationQuery extends TimeRangeQuery {
  @QueryField(oneOf(NOTIFICATION_STATES), { description: 'Notifications in this state.' })
  state?: NotificationState;

  @ExternalFilter()
  external?: string;

  @QueryField(ownIdentifier('pay'), {
    description: 'Notifications about this payment.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  payment?: string;

  @QueryField(ownIdentifier('ref'), { description: 'Notifications about this refund.' })
  refund?: string;

  @QueryField(ownIdentifier('sub'), { description: 'Notifications about this subscription.' })
  subscription?: string;

  @QueryField(receiverName, {
    description: 'The name of a receiver, also of one that is no longer configured.',
    example: 'erp',
  })
  receiver?: string;

  @QueryField(oneOf(NOTIFICATION_EVENTS), { description: 'Notifications of this event.' })
  event?: NotificationEvent;
}

export const NOTIFICATION_LIST = new KeysetList<NotificationQuery, NotificationRow, NotificationRecord>({
  table: 'notifications',
  prefix: 'ntf',
  filters: {
    state: 'state',
    external: 'external',
    payment: 'payment_ref',
    refund: 'payment_ref',
    subscription: 'payment_ref',
    receiver: 'receiver',
    event: 'event',
  },
  async parts({ payment, refund, subscription, state }, reader) {
    const { rows } = reader;
    const subject = payment ?? refund ?? subscription;
    if (subject !== undefined) {
      const ofSubject = rows.where('payment_ref', '=', subject);
      return (await reader.few(ofSubject)) ?? [reader.inOrder(ofSubject, [])];
    }
    if (state === 'DEAD') return [reader.inOrder(rows.where('state', '=', sql.lit('DEAD')), ['state'])];
    // Those in flight or due are few. With a range of ids, SQLite would scan the primary key instead of their index.
    if (state === 'LEASED') return reader.few(rows.where('lease_until', 'is not', null));
    if (state === 'PENDING' || state === 'RETRY')
      return reader.few(rows.where('next_attempt_at', 'is not', null));
    return undefined;
  },
  record: notificationRecord,
});

export const NOTIFICATION_COLUMNS = [
  'id',
  'receiver',
  'event',
  'payment',
  'refund',
  'subscription',
  'external',
  'state',
  'version',
  'attempts',
  'createdAt',
  'updatedAt',
  'nextAttemptAt',
  'deliveredAt',
  'requestId',
] as const satisfies readonly (keyof NotificationRecord)[];
