import type { PaymentNotification, RefundNotification, SubscriptionNotification } from '../contract.js';
import { NotificationError } from './notification-error.js';

interface NotificationOf<Event extends string, Data> {
  /** What the notification is about, by its signed body. */
  readonly event: Event;
  /** `webhook-id`: the same for every attempt and every replay of this notification. */
  readonly id: string;
  /** When this attempt was signed. */
  readonly sentAt: Date;
  /** The signed body. */
  readonly data: Data;
}

/** A verified notification. `unknown` is of a kind that this version of the client does not know: ignore it. */
export type Notification =
  | NotificationOf<'payment', PaymentNotification>
  | NotificationOf<'refund', RefundNotification>
  | NotificationOf<'subscription', SubscriptionNotification>
  | NotificationOf<'unknown', unknown>;

/** A notification of a kind that is known. */
export type KnownNotification = Exclude<Notification, { event: 'unknown' }>;

const OUTCOMES = ['ACCEPTED', 'FAILED', 'PENDING'];
const STATUSES = {
  payment: OUTCOMES,
  refund: OUTCOMES,
  subscription: ['PENDING', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED'],
};

/**
 * Reads a signed body. Only its members say what it is about: anything between Tollgate and here can change
 * `X-Tollgate-Event`, which is not signed.
 * @throws NotificationError `malformed` where the body is not that of a notification.
 */
export function readNotification(text: string, attempt: { id: string; sentAt: Date }): Notification {
  const data = parsed(text);
  const { status, providerName, version, paymentId, refundId, subscriptionToken } = data;
  const texts = [paymentId, refundId, subscriptionToken].filter((value) => value !== undefined);
  const event =
    refundId !== undefined ? 'refund' : subscriptionToken !== undefined ? 'subscription' : 'payment';
  const isOfLaterKind = isText(status) && !STATUSES[event].includes(status);
  if (isOfLaterKind) return { ...attempt, event: 'unknown', data };
  if (
    ![status, providerName, ...texts].every(isText) ||
    !Number.isSafeInteger(version) ||
    (version as number) < 1
  )
    throw new NotificationError('malformed', 'The signed body is not a notification of Tollgate.');
  return { ...attempt, event, data } as unknown as KnownNotification;
}

function parsed(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Reported below.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotificationError('malformed', 'The signed body is not a JSON object.');
  return value as Record<string, unknown>;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
