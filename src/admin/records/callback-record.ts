import type { CallbackRow, CallbackState } from '../../callbacks/callback.table.js';
import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { anyJson, issuedIdentifier, ownIdentifier, quantity, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import { shownIssuedId, shownJson, shownText, shownTime, shownTimeOrNone, shownTraceId } from './shown.js';

/** A callback of an external and its result. */
export class CallbackRecord {
  @Field(ownIdentifier('cbk'), { example: 'cbk_0199f2a5-03a0-7e45-8c1d-2e3f4a5b6c7d' })
  id: string;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The external’s id of the payment, if the callback is about one.',
    example: 'pm_7f3a',
  })
  paymentId?: string | undefined;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The refund, if the callback is about one. A callback that names both is two records.',
    example: 're_5d10',
  })
  refundId?: string | undefined;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The subscription, if the callback is about one; likewise.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string | undefined;

  @Field(oneOf(['PENDING', 'LEASED', 'VERIFIED', 'UNCONFIRMED']), {
    description: '`UNCONFIRMED`: the external never confirmed the callback, and it changed nothing.',
    example: 'VERIFIED',
  })
  state: CallbackState;

  @Field(oneOf(['GET', 'POST']), { example: 'POST' })
  method: 'GET' | 'POST';

  @Field(anyJson, { optional: true, description: 'The body as received, masked: a JSON value, or a text.' })
  body?: unknown;

  @Field(instant, { example: '2026-01-31T12:01:00.000Z' })
  receivedAt: string;

  @Field(quantity, {
    description: 'The number of identical callbacks that arrived before it was verified.',
    example: 0,
  })
  repeats: number;

  @Field(instant, {
    description: 'When the last identical callback arrived.',
    example: '2026-01-31T12:01:00.000Z',
  })
  lastReceivedAt: string;

  @Field(quantity, { description: 'The number of status queries to the external.', example: 1 })
  attempts: number;

  @Field(instant, { optional: true, description: 'When the external is queried next.' })
  nextAttemptAt?: string | undefined;

  @Field(instant, { optional: true, example: '2026-01-31T12:01:00.080Z' })
  finishedAt?: string | undefined;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'As the external named it.',
    example: 'order-1001',
  })
  shopTransactionId?: string | undefined;

  @Field(text, { optional: true, description: 'Why the external did not confirm it at the last attempt.' })
  lastError?: string | undefined;

  @Field(text, { description: 'As in every log line about this item.' })
  requestId: string;

  @Field(text, { optional: true, example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  traceId?: string | undefined;
}

export function callbackRecord(row: CallbackRow): CallbackRecord {
  return {
    id: row.id,
    external: row.external,
    paymentId:
      row.refund_id === null && row.subscription_token === null ? shownIssuedId(row.payment_id) : undefined,
    refundId: shownIssuedId(row.refund_id),
    subscriptionToken: shownIssuedId(row.subscription_token),
    state: row.state,
    method: row.method,
    body: shownJson(row.body),
    receivedAt: shownTime(row.received_at),
    repeats: row.repeats,
    lastReceivedAt: shownTime(row.last_received_at),
    attempts: row.attempts,
    nextAttemptAt: shownTimeOrNone(row.next_attempt_at),
    finishedAt: shownTimeOrNone(row.finished_at),
    shopTransactionId: shownText(row.shop_transaction_id),
    lastError: shownText(row.last_error),
    requestId: shownText(row.request_id)!,
    traceId: shownTraceId(row.traceparent),
  };
}
