import type { LeasedNotification } from './notification-lease.repository.js';

/** An answer of the receiver, read to its end or to the limit. */
export interface ReceiverAnswer {
  readonly statusCode: number;
  /** The `Retry-After` header as it came. */
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

export type DeliveryOutcome =
  | { readonly kind: 'answered'; readonly answer: ReceiverAnswer }
  /** No whole answer in time. `error` is a code such as `ECONNREFUSED`, or a few words. */
  | { readonly kind: 'broken'; readonly error: string }
  /** The gateway itself did not send it, or broke it off: that says nothing of the receiver, and is no attempt. */
  | { readonly kind: 'not-sent' };

export type DeliveryVerdict = 'delivered' | 'failed' | 'gone' | 'not-sent';

/** 2xx is success, 410 says never again, and anything else, a redirect included, is tried again (SPEC §5). */
export function verdictOf(outcome: DeliveryOutcome): DeliveryVerdict {
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

/** True where the receiver as a whole seems to be unwell, and not this one notification unwelcome. */
export function isReceiverUnwell(outcome: DeliveryOutcome): boolean {
  if (outcome.kind === 'broken') return true;
  if (outcome.kind === 'not-sent') return false;
  const { statusCode } = outcome.answer;
  return statusCode >= 500 || statusCode === 408 || statusCode === 429;
}
