import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { anyJson, ownIdentifier, quantity, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { LedgerEventRow } from '../../operations/ledger-event.table.js';
import type { OperationRow, OperationState } from '../../operations/operation.table.js';
import { shownJson, shownText, shownTime, shownTimeOrNone, shownTraceId } from './shown.js';

/** A call to an external that can change its state. */
export class OperationRecord {
  @Field(ownIdentifier('op'), {
    description: 'The gateway’s own id.',
    example: 'op_0199f2a4-c7d0-7a02-b1c3-0f9e8d7c6b5a',
  })
  id: string;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(text, { example: 'pay' })
  operation: string;

  @Field(oneOf(['running', 'completed', 'rejected', 'not-executed', 'unknown']), { example: 'completed' })
  state: OperationState;

  @Field(text, {
    optional: true,
    description:
      'Why it did not complete. Of a completed one: `operator`, who resolved it, or `inquiry`, if a repeat found its outcome.',
    example: 'timeout',
  })
  reason?: string | undefined;

  @Field(text, {
    description: 'The name of the caller’s credentials; empty without credentials.',
    example: 'shop',
  })
  caller: string;

  @Field(text, {
    description: 'The key that the external received: the caller’s, or one that the gateway generated.',
  })
  idempotencyKey: string;

  @Field(text, { description: 'As in every log line of the request.' })
  requestId: string;

  @Field(text, { optional: true, example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  traceId?: string | undefined;

  @Field(instant, { example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @Field(instant, { optional: true, example: '2026-01-31T12:00:00.150Z' })
  finishedAt?: string | undefined;

  @Field(quantity, { optional: true, description: 'The status of the answer to the caller.', example: 200 })
  answerStatus?: number | undefined;

  @Field(anyJson, {
    optional: true,
    description: 'The answer to the caller, while it is kept for repeats with the same `Idempotency-Key`.',
  })
  answer?: unknown;

  @Field(ownIdentifier('pay'), {
    optional: true,
    description: 'The payment that the operation is about, `pay_…`.',
  })
  payment?: string | undefined;

  @Field(ownIdentifier('ref'), {
    optional: true,
    description: 'The refund that the operation is about, `ref_…`.',
  })
  refund?: string | undefined;

  @Field(ownIdentifier('sub'), {
    optional: true,
    description: 'The subscription that the operation is about, `sub_…`.',
  })
  subscription?: string | undefined;
}

/** An operation that may have been executed. */
export class UnknownOperationRecord extends OperationRecord {
  @Field(oneOf(['PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN']), {
    optional: true,
    description: 'The current state of its payment.',
    example: 'ACCEPTED',
  })
  paymentState?: string | undefined;
}

/** A change of a payment, a refund or a subscription. */
export class EventRecord {
  @Field(ownIdentifier('evt'), { example: 'evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60' })
  id: string;

  @Field(instant, { example: '2026-01-31T12:00:00.150Z' })
  at: string;

  @Field(oneOf(['call', 'callback', 'check', 'reconciliation', 'operator']), { example: 'call' })
  source: string;

  @Field(text, { example: 'CREATED' })
  before: string;

  @Field(text, { example: 'ACCEPTED' })
  after: string;

  @Field(text, { optional: true, description: 'The cause: an id, or an operator’s name and reason.' })
  cause?: string | undefined;

  @Field(ownIdentifier('ref'), {
    optional: true,
    description: 'The refund that changed; absent for a change of the payment.',
  })
  refund?: string | undefined;

  @Field(ownIdentifier('sub'), { optional: true, description: 'The subscription that changed.' })
  subscription?: string | undefined;
}

export function operationRecord(row: OperationRow): OperationRecord {
  return {
    id: row.id,
    external: row.external,
    operation: row.operation,
    state: row.state,
    reason: row.reason ?? undefined,
    caller: row.caller,
    idempotencyKey: shownText(row.idempotency_key)!,
    requestId: shownText(row.request_id)!,
    traceId: shownTraceId(row.traceparent),
    createdAt: shownTime(row.created_at),
    finishedAt: shownTimeOrNone(row.finished_at),
    answerStatus: row.answer_status ?? undefined,
    answer: shownJson(row.answer_body),
    payment: row.payment_ref ?? undefined,
    refund: row.refund_ref ?? undefined,
    subscription: row.subscription_ref ?? undefined,
  };
}

export function unknownOperationRecord(
  row: OperationRow & { readonly payment_state: string | null },
): UnknownOperationRecord {
  return { ...operationRecord(row), paymentState: row.payment_state ?? undefined };
}

export function eventRecord(row: LedgerEventRow): EventRecord {
  return {
    id: row.id,
    at: shownTime(row.at),
    source: row.source,
    before: row.before,
    after: row.after,
    cause: shownText(row.cause),
    refund: row.refund_ref ?? undefined,
    subscription: row.subscription_ref ?? undefined,
  };
}
