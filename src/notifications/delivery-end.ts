import type { NotificationEvent } from '../config/receiver-config.js';
import type { LeasedNotification } from './notification-lease.repository.js';

/** The receiver's answer, read to its end or to the limit. */
export interface ReceiverAnswer {
  readonly statusCode: number;
  /** The `Retry-After` header as received. */
  readonly retryAfter: string | undefined;
  /** The first KiB as text, masked. */
  readonly text: string;
}

/** How one attempt ended. */
export interface DeliveryEnd {
  readonly notification: LeasedNotification;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly outcome: DeliveryOutcome;
}

/** The end of a notification that was claimed and not sent. */
export function notSent(notification: LeasedNotification, nowMs: number): DeliveryEnd {
  return { notification, startedAtMs: nowMs, durationMs: 0, outcome: { kind: 'not-sent' } };
}

export type DeliveryOutcome =
  | { readonly kind: 'answered'; readonly answer: ReceiverAnswer }
  /** No complete answer in time. `error` is a code such as `ECONNREFUSED`, or a few words. */
  | { readonly kind: 'broken'; readonly error: string }
  /** The gateway itself did not send it or broke it off: no attempt, and no sign of the receiver's health. */
  | { readonly kind: 'not-sent' };

/**
 * What became of a notification after an attempt: `retry`, another attempt follows; `dead`, none does; `superseded`,
 * a newer notification is sent instead; `lost`, the attempt took longer than its lease; `handed-back`, it was no
 * attempt.
 */
export type DeliveryResult = 'delivered' | 'retry' | 'dead' | 'superseded' | 'lost' | 'handed-back';

/** One attempt, for the log and the metrics. */
export interface DeliveryReport {
  readonly notificationId: string;
  readonly receiver: string;
  readonly event: NotificationEvent;
  /** The row of the payment, refund or subscription. */
  readonly subjectRef: string;
  readonly external: string;
  readonly requestId: string;
  /** From 1. */
  readonly attempt: number;
  /** A closed set, fit for a metric's label. */
  readonly result: Exclude<DeliveryResult, 'handed-back'>;
  readonly statusCode: number | undefined;
  readonly durationMs: number;
  /** From the commit that queued the notification to the start of this attempt. */
  readonly ageMs: number;
}

export type AttemptResult = 'delivered' | 'failed' | 'gone' | 'not-sent';

/** 2xx is success, 410 ends the attempts, and anything else, a redirect included, is retried (SPEC §5). */
export function attemptResultOf(outcome: DeliveryOutcome): AttemptResult {
  switch (outcome.kind) {
    case 'answered': {
      const { statusCode } = outcome.answer;
      if (statusCode === 410) return 'gone';
      return statusCode >= 200 && statusCode < 300 ? 'delivered' : 'failed';
    }
    case 'broken':
      return 'failed';
    case 'not-sent':
      return 'not-sent';
    default:
      return outcome satisfies never;
  }
}

/** True if the receiver as a whole seems to fail, rather than reject this one notification. */
export function isReceiverFailing(outcome: DeliveryOutcome): boolean {
  if (outcome.kind === 'broken') return true;
  if (outcome.kind === 'not-sent') return false;
  const { statusCode } = outcome.answer;
  return statusCode >= 500 || statusCode === 408 || statusCode === 429;
}
