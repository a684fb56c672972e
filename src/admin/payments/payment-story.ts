import { Field } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { OperationRow } from '../../operations/operation.table.js';
import type { StatusQueryRow } from '../../operations/status-query.table.js';
import { shownText, shownTime, shownTraceId } from '../records/shown.js';
import { queryText, isParking } from '../records/query-record.js';
import type { PaymentParts } from './payment-parts.js';

/** In causal order, which sorts entries of the same millisecond. */
const HAPPENINGS = [
  'payment-created',
  'refund-reserved',
  'operation-begun',
  'callback-received',
  'callback-repeated',
  'operation-ended',
  'payment-queried',
  'refund-queried',
  'payment-changed',
  'refund-changed',
  'payment-parked',
  'refund-parked',
  'callback-ended',
  'notification-queued',
  'notification-replayed',
  'notification-attempted',
  'notification-dead',
] as const;

export type Happening = (typeof HAPPENINGS)[number];

/** An entry of a payment’s history. */
export class StoryEntry {
  @Field(instant, { example: '2026-01-31T12:00:00.150Z' })
  at: string;

  @Field(oneOf(HAPPENINGS), { example: 'payment-changed' })
  what: Happening;

  @Field(text, { description: 'The gateway’s own id of the item that changed.' })
  id: string;

  @Field(text, { description: 'A description for a person.', example: 'CREATED → ACCEPTED, by call' })
  text: string;

  @Field(text, { optional: true, description: 'As in every log line about this item.' })
  requestId?: string | undefined;

  @Field(text, { optional: true, example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  traceId?: string | undefined;
}

/** A row that a request caused. */
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
  /** The row of the request that caused it, where that is known. */
  readonly of: Requested | undefined;
}

/** The history of a payment, in time order. */
export function storyOf(parts: PaymentParts): StoryEntry[] {
  return [
    ...paymentEntries(parts),
    ...queryEntries(parts),
    ...callbackEntries(parts),
    ...notificationEntries(parts),
  ]
    .toSorted((a, b) => a.atMs - b.atMs || HAPPENINGS.indexOf(a.what) - HAPPENINGS.indexOf(b.what))
    .map(({ atMs, what, id, text, of }) => ({
      at: shownTime(atMs),
      what,
      id,
      text: shownText(text)!,
      requestId: shownText(of?.request_id),
      traceId: shownTraceId(of?.traceparent),
    }));
}

function entry(atMs: number, what: Happening, id: string, text: string, of: Requested | undefined): Entry {
  return { atMs, what, id, text, of };
}

function* paymentEntries(parts: PaymentParts): Generator<Entry> {
  const { payment, refunds, operations, callbacks, events } = parts;
  const { amount_minor, currency, caller } = payment;
  const sum = amount_minor === null ? 'amount not known' : `${amount_minor} ${currency} (minor units)`;
  const origin =
    payment.origin === 'learned' ? 'reported by the external' : `${payment.origin} by ${named(caller)}`;
  const made = operations.find(({ payment_ref }) => payment_ref === payment.id);
  yield entry(payment.created_at, 'payment-created', payment.id, `${origin}: ${sum}`, made);
  for (const refund of refunds) {
    const text = `${refund.amount_minor} ${refund.currency} (minor units) by ${named(refund.caller)}`;
    const of = operations.find(({ refund_ref }) => refund_ref === refund.id);
    yield entry(refund.created_at, 'refund-reserved', refund.id, text, of);
  }
  for (const of of operations) {
    const { id, operation, external, created_at, finished_at } = of;
    yield entry(created_at, 'operation-begun', id, `${operation} to ${external}`, of);
    if (finished_at !== null) yield entry(finished_at, 'operation-ended', id, endOf(of), of);
  }
  const causes = new Map([...operations, ...callbacks].map((row): [string, Requested] => [row.id, row]));
  const ends = new Map(operations.filter(isEndOfCall).map(({ id, finished_at }) => [id, finished_at ?? 0]));
  const lastOfCall = new Map(events.filter(({ source }) => source === 'call').map((row) => [row.cause, row]));
  for (const event of events) {
    const { at, before, after, source, cause, refund_ref } = event;
    const what = refund_ref === null ? 'payment-changed' : 'refund-changed';
    const text = `${before} → ${after}, by ${source}${cause === null ? '' : ` (${cause})`}`;
    // Stored in the same transaction as the end of its operation, although its instant may be a millisecond earlier.
    const endedAt = lastOfCall.get(cause) === event ? (ends.get(cause ?? '') ?? 0) : 0;
    yield entry(Math.max(at, endedAt), what, refund_ref ?? payment.id, text, causes.get(cause ?? ''));
  }
}

/** Reconciliation and operators end an operation of unknown outcome later than its call. */
function isEndOfCall({ reason }: OperationRow): boolean {
  return reason !== 'never-seen' && reason !== 'operator';
}

/** Every query that the external got, and when there was none left. */
function* queryEntries({ payment, refunds, queries, operations, callbacks }: PaymentParts): Generator<Entry> {
  const causes = new Map([...operations, ...callbacks].map((row): [string, Requested] => [row.id, row]));
  const parking = (about: 'payment' | 'refund', ref: string, at: number): Entry => {
    const queried = queries.some(
      (row) => isReconciliation(row) && row.subject_ref === ref && row.first_at <= at,
    );
    const text = queried
      ? 'reconciliation no longer queries the external'
      : 'reconciliation cannot query the external about it';
    return entry(at, `${about}-parked`, ref, text, undefined);
  };
  for (const row of queries) {
    const { subject_ref: ref, first_at: at, source } = row;
    const about = ref === payment.id ? 'payment' : 'refund';
    const text = `by ${source}: ${queryText(row)}`;
    if (isParking(row)) yield parking(about, ref, at);
    else yield entry(at, `${about}-queried`, ref, text, causes.get(row.cause ?? ''));
  }
  if (payment.parked_at !== null) yield parking('payment', payment.id, payment.parked_at);
  for (const { id, parked_at } of refunds) if (parked_at !== null) yield parking('refund', id, parked_at);
}

function isReconciliation(row: StatusQueryRow): boolean {
  return row.source === 'reconciliation' && !isParking(row);
}

function endOf({ operation, state, reason, answer_status }: OperationRow): string {
  const status = answer_status === null ? '' : `, answered to the caller with ${answer_status}`;
  return `${operation}: ${state}${reason === null ? '' : ` (${reason})`}${status}`;
}

function* callbackEntries({ callbacks }: PaymentParts): Generator<Entry> {
  for (const of of callbacks) {
    const { id, method, repeats, received_at, last_received_at, finished_at, state, last_error } = of;
    const named = of.refund_id === null ? method : `${method}, about the refund ${of.refund_id}`;
    yield entry(received_at, 'callback-received', id, named, of);
    if (repeats > 0) yield entry(last_received_at, 'callback-repeated', id, `repeated ${repeats} times`, of);
    const end = last_error === null ? state : `${state}: ${last_error}`;
    if (finished_at !== null) yield entry(finished_at, 'callback-ended', id, end, of);
  }
}

function* notificationEntries({ notifications, attempts, replays }: PaymentParts): Generator<Entry> {
  const byId = new Map(notifications.map((row) => [row.id, row]));
  for (const of of notifications) {
    const { id, event, receiver, version, payload, created_at, updated_at, state } = of;
    const text = `to ${receiver}, ${event} version ${version}: ${statusIn(payload)}`;
    yield entry(created_at, 'notification-queued', id, text, of);
    if (state === 'DEAD') yield entry(updated_at, 'notification-dead', id, 'no more attempts', of);
  }
  for (const { at, attempt, notification_ref: id, status_code, duration_ms, error } of attempts) {
    const end = status_code === null ? (error ?? 'no answer') : `answered ${status_code}`;
    const time = duration_ms === null ? '' : ` in ${duration_ms} ms`;
    yield entry(at, 'notification-attempted', id, `attempt ${attempt}: ${end}${time}`, byId.get(id));
  }
  for (const { at, notification_ref: id, requested_by } of replays) {
    yield entry(at, 'notification-replayed', id, `by ${named(requested_by)}`, byId.get(id));
  }
}

function statusIn(payload: string): string {
  const { status } = JSON.parse(payload) as { status?: unknown };
  return String(status);
}

function named(caller: string | null): string {
  return caller || 'a caller without credentials';
}
