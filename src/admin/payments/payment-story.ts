import { Field } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { OperationRow } from '../../operations/operation.table.js';
import { shownText, shownTime, traceIdOf } from '../records/shown.js';
import type { PaymentParts } from './payment-parts.js';

/** In the order in which they follow from each other, for those of the same millisecond. */
const HAPPENINGS = [
  'payment-created',
  'refund-reserved',
  'operation-begun',
  'callback-received',
  'callback-repeated',
  'operation-ended',
  'payment-changed',
  'refund-changed',
  'callback-ended',
  'notification-queued',
  'notification-replayed',
  'notification-attempted',
  'notification-dead',
] as const;

export type Happening = (typeof HAPPENINGS)[number];

/** One thing that happened to a payment. */
export class StoryEntry {
  @Field(instant, { example: '2026-01-31T12:00:00.150Z' })
  at: string;

  @Field(oneOf(HAPPENINGS), { example: 'payment-changed' })
  what: Happening;

  @Field(text, { description: 'The gateway’s own id of what it happened to.' })
  id: string;

  @Field(text, { description: 'In words, for a person.', example: 'CREATED → ACCEPTED, by call' })
  text: string;

  @Field(text, { optional: true, description: 'As in every log line about this item.' })
  requestId?: string | undefined;

  @Field(text, { optional: true, example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  traceId?: string | undefined;
}

/** A row of whatever a request brought about. */
interface Requested {
  readonly id: string;
  readonly request_id: string;
  readonly traceparent: string | null;
}

interface Entry {
  readonly atMs: number;
  readonly what: Happening;
  readonly id: string;
  readonly text: string;
  /** Whose request it was part of, where that is known. */
  readonly of?: Requested | undefined;
}

/** What happened to a payment, in time order. */
export function storyOf(parts: PaymentParts): StoryEntry[] {
  return [...paymentEntries(parts), ...callbackEntries(parts), ...notificationEntries(parts)]
    .toSorted((a, b) => a.atMs - b.atMs || HAPPENINGS.indexOf(a.what) - HAPPENINGS.indexOf(b.what))
    .map(({ atMs, what, id, text, of }) => ({
      at: shownTime(atMs),
      what,
      id,
      text: shownText(text)!,
      requestId: shownText(of?.request_id),
      traceId: traceIdOf(of?.traceparent),
    }));
}

function* paymentEntries(parts: PaymentParts): Generator<Entry> {
  const { payment, refunds, operations, callbacks, events } = parts;
  const { amount_minor, currency, caller } = payment;
  const sum = amount_minor === null ? 'amount not known' : `${amount_minor} ${currency} (minor units)`;
  const origin =
    payment.origin === 'learned' ? 'heard of from the external' : `${payment.origin} by ${named(caller)}`;
  const made = operations.find(({ payment_ref }) => payment_ref === payment.id);
  const begin = { atMs: payment.created_at, what: 'payment-created', id: payment.id, of: made } as const;
  yield { ...begin, text: `${origin}: ${sum}` };
  for (const refund of refunds) {
    const text = `${refund.amount_minor} ${refund.currency} (minor units) by ${named(refund.caller)}`;
    const of = operations.find(({ refund_ref }) => refund_ref === refund.id);
    yield { atMs: refund.created_at, what: 'refund-reserved', id: refund.id, text, of };
  }
  for (const of of operations) {
    const { id, operation, external, created_at, finished_at } = of;
    yield { atMs: created_at, what: 'operation-begun', id, text: `${operation} to ${external}`, of };
    if (finished_at !== null) yield { atMs: finished_at, what: 'operation-ended', id, text: endOf(of), of };
  }
  const causes = new Map([...operations, ...callbacks].map((row): [string, Requested] => [row.id, row]));
  for (const { at, before, after, source, cause, refund_ref } of events) {
    const what = refund_ref === null ? 'payment-changed' : 'refund-changed';
    const text = `${before} → ${after}, by ${source}${cause === null ? '' : ` (${cause})`}`;
    yield { atMs: at, what, id: refund_ref ?? payment.id, text, of: causes.get(cause ?? '') };
  }
}

function endOf({ operation, state, reason, answer_status }: OperationRow): string {
  const status = answer_status === null ? '' : `, the caller got ${answer_status}`;
  return `${operation}: ${state}${reason === null ? '' : ` (${reason})`}${status}`;
}

function* callbackEntries({ callbacks }: PaymentParts): Generator<Entry> {
  for (const of of callbacks) {
    const { id, method, repeats, received_at, last_received_at, finished_at, state, last_error } = of;
    yield { atMs: received_at, what: 'callback-received', id, text: method, of };
    if (repeats > 0) {
      yield {
        atMs: last_received_at,
        what: 'callback-repeated',
        id,
        text: `${repeats} more of the same`,
        of,
      };
    }
    if (finished_at !== null) {
      const text = last_error === null ? state : `${state}: ${last_error}`;
      yield { atMs: finished_at, what: 'callback-ended', id, text, of };
    }
  }
}

function* notificationEntries({ notifications, attempts, replays }: PaymentParts): Generator<Entry> {
  const byId = new Map(notifications.map((row) => [row.id, row]));
  for (const of of notifications) {
    const { id, version, payload, created_at, updated_at, state } = of;
    yield {
      atMs: created_at,
      what: 'notification-queued',
      id,
      text: `version ${version}: ${statusIn(payload)}`,
      of,
    };
    if (state === 'DEAD') yield { atMs: updated_at, what: 'notification-dead', id, text: 'given up', of };
  }
  for (const { at, attempt, notification_ref: id, status_code, duration_ms, error } of attempts) {
    const end = status_code === null ? (error ?? 'no answer') : `answered ${status_code}`;
    const time = duration_ms === null ? '' : ` in ${duration_ms} ms`;
    const text = `attempt ${attempt}: ${end}${time}`;
    yield { atMs: at, what: 'notification-attempted', id, text, of: byId.get(id)! };
  }
  for (const { at, notification_ref: id, requested_by } of replays) {
    yield {
      atMs: at,
      what: 'notification-replayed',
      id,
      text: `by ${named(requested_by)}`,
      of: byId.get(id)!,
    };
  }
}

function statusIn(payload: string): string {
  const { status } = JSON.parse(payload) as { status?: unknown };
  return String(status);
}

function named(caller: string | null): string {
  return caller || 'somebody without credentials';
}
