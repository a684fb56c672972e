import type { Selectable } from 'kysely';
import { Field } from '../../rules/field.js';
import { NOTIFICATION_EVENTS, type NotificationEvent } from '../../config/receiver-config.js';
import { externalName, receiverName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { jsonObject, listOf, ownIdentifier, quantity, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type {
  NotificationAttemptTable,
  NotificationReplayTable,
  NotificationRow,
  NotificationState,
} from '../../notifications/notification.table.js';
import { shownJson, shownText, shownTime, shownTimeOrNone, shownTraceId } from './shown.js';

export const NOTIFICATION_STATES = [
  'PENDING',
  'LEASED',
  'RETRY',
  'DELIVERED',
  'DEAD',
  'SUPERSEDED',
] as const satisfies readonly NotificationState[];

/** A notification to one receiver. */
export class NotificationRecord {
  @Field(ownIdentifier('ntf'), {
    description: 'The `webhook-id`.',
    example: 'ntf_0199f2a5-04b2-7f10-9d2e-3f4a5b6c7d8e',
  })
  id: string;

  @Field(receiverName, {
    description: 'The receiver: `payment-callback` is that of `PAYMENT_CALLBACK_URL`.',
    example: 'payment-callback',
  })
  receiver: string;

  @Field(oneOf(NOTIFICATION_EVENTS), { description: '`X-Tollgate-Event`.', example: 'payment' })
  event: NotificationEvent;

  @Field(ownIdentifier('pay'), {
    optional: true,
    description: 'The payment that it reports, `pay_…`.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  payment?: string | undefined;

  @Field(ownIdentifier('ref'), { optional: true, description: 'The refund that it reports, `ref_…`.' })
  refund?: string | undefined;

  @Field(ownIdentifier('sub'), { optional: true, description: 'The subscription that it reports, `sub_…`.' })
  subscription?: string | undefined;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(oneOf(NOTIFICATION_STATES), { example: 'DELIVERED' })
  state: NotificationState;

  @Field(quantity, { description: '`X-Payment-Version`.', example: 1 })
  version: number;

  @Field(jsonObject, { description: 'The body.' })
  payload: unknown;

  @Field(quantity, {
    description: 'The number of attempts since it was queued or last replayed.',
    example: 2,
  })
  attempts: number;

  @Field(instant, { example: '2026-01-31T12:01:00.080Z' })
  createdAt: string;

  @Field(instant, { example: '2026-01-31T12:01:05.300Z' })
  updatedAt: string;

  @Field(instant, { optional: true, description: 'When the next attempt is made.' })
  nextAttemptAt?: string | undefined;

  @Field(instant, { optional: true, example: '2026-01-31T12:01:05.300Z' })
  deliveredAt?: string | undefined;

  @Field(text, { description: 'As in every log line about this item.' })
  requestId: string;

  @Field(text, { optional: true, example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  traceId?: string | undefined;
}

/** One attempt to deliver a notification. */
export class AttemptRecord {
  @Field(quantity, { description: 'Counts up from 1, and again after a replay.', example: 1 })
  attempt: number;

  @Field(instant, { example: '2026-01-31T12:01:00.100Z' })
  at: string;

  @Field(quantity, { optional: true, description: 'Absent where the receiver did not answer.', example: 503 })
  status?: number | undefined;

  @Field(quantity, { optional: true, example: 12 })
  durationMs?: number | undefined;

  @Field(text, { optional: true, description: 'Why there is no complete answer.' })
  error?: string | undefined;

  @Field(text, { optional: true, description: 'The beginning of the answer, masked.' })
  answer?: string | undefined;
}

/** An operator’s request to send a notification again. */
export class ReplayRecord {
  @Field(instant, { example: '2026-02-01T08:00:00.000Z' })
  at: string;

  @Field(text, {
    description: 'The name of the operator’s credentials; empty without credentials.',
    example: 'on-call',
  })
  requestedBy: string;
}

/** A notification with its deliveries and replays. */
export class NotificationHistory extends NotificationRecord {
  @Field(listOf(() => AttemptRecord))
  deliveries: AttemptRecord[];

  @Field(listOf(() => ReplayRecord))
  replays: ReplayRecord[];
}

export function notificationRecord(row: NotificationRow): NotificationRecord {
  return {
    id: row.id,
    receiver: row.receiver,
    event: row.event,
    [row.event]: row.payment_ref,
    external: row.external,
    state: row.state,
    version: row.version,
    payload: shownJson(row.payload),
    attempts: row.attempts,
    createdAt: shownTime(row.created_at),
    updatedAt: shownTime(row.updated_at),
    nextAttemptAt: shownTimeOrNone(row.next_attempt_at),
    deliveredAt: shownTimeOrNone(row.delivered_at),
    requestId: shownText(row.request_id)!,
    traceId: shownTraceId(row.traceparent),
  };
}

export function attemptRecord(row: Selectable<NotificationAttemptTable>): AttemptRecord {
  return {
    attempt: row.attempt,
    at: shownTime(row.at),
    status: row.status_code ?? undefined,
    durationMs: row.duration_ms ?? undefined,
    error: shownText(row.error),
    answer: shownText(row.answer),
  };
}

export function replayRecord(row: Selectable<NotificationReplayTable>): ReplayRecord {
  return { at: shownTime(row.at), requestedBy: row.requested_by };
}
