import { Field } from '../../rules/field.js';
import { listOf, texts } from '../../rules/rules.js';
import { CallbackRecord, callbackRecord } from '../records/callback-record.js';
import {
  attemptRecord,
  NotificationHistory,
  notificationRecord,
  replayRecord,
} from '../records/notification-record.js';
import { EventRecord, eventRecord, OperationRecord, operationRecord } from '../records/operation-record.js';
import { PaymentRecord, paymentRecord } from '../records/payment-record.js';
import { isParking, QueryRecord, queryRecord } from '../records/query-record.js';
import { RefundRecord, refundRecord } from '../records/refund-record.js';
import type { PaymentParts } from './payment-parts.js';
import { StoryEntry, storyOf } from './payment-story.js';

/** A payment with its history. */
export class PaymentDetail extends PaymentRecord {
  @Field(listOf(() => StoryEntry), { description: 'The history, in time order.' })
  story: StoryEntry[];

  @Field(listOf(() => RefundRecord))
  refunds: RefundRecord[];

  @Field(listOf(() => OperationRecord))
  operations: OperationRecord[];

  @Field(listOf(() => EventRecord), { description: 'Every change of the payment and its refunds.' })
  events: EventRecord[];

  @Field(listOf(() => CallbackRecord))
  callbacks: CallbackRecord[];

  @Field(listOf(() => NotificationHistory))
  notifications: NotificationHistory[];

  @Field(listOf(() => QueryRecord), {
    description: 'The status queries that the external got about the payment and its refunds.',
  })
  queries: QueryRecord[];

  @Field(texts, { description: 'The lists that are cut to their newest 500 items.' })
  truncated: string[];
}

export function paymentDetail(parts: PaymentParts): PaymentDetail {
  return {
    ...paymentRecord(parts.payment),
    story: storyOf(parts),
    refunds: parts.refunds.map(refundRecord),
    operations: parts.operations.map(operationRecord),
    events: parts.events.map(eventRecord),
    callbacks: parts.callbacks.map(callbackRecord),
    notifications: parts.notifications.map((row) => ({
      ...notificationRecord(row),
      deliveries: parts.attempts.filter((each) => each.notification_ref === row.id).map(attemptRecord),
      replays: parts.replays.filter((each) => each.notification_ref === row.id).map(replayRecord),
    })),
    queries: parts.queries.filter((row) => !isParking(row)).map(queryRecord),
    truncated: [...parts.truncated],
  };
}
