import type { NoticeWhen } from '../notifications/notice.js';
import type { EventSource } from '../operations/ledger-event.table.js';
import type { RefundStatusAnswer } from '../providers/answers.js';
import type { RefundState } from './refund-state.js';

/** Why a refund changes its state, and who is notified. */
export interface RefundMove {
  readonly source: EventSource;
  /** The id of what caused it, or the operator's name and reason. */
  readonly cause: string | null;
  /** The external offers `refund/status`. */
  readonly queryable?: boolean;
  /** The state of the refund when the external was queried; absent for the answer of the call. */
  readonly queriedIn?: RefundState;
  /** Queues a notification (SPEC §5). */
  readonly notify?: RefundNotice;
  /** An operator corrects a resolution: the refund itself has not changed its end. */
  readonly isCorrection?: boolean;
}

export interface RefundNotice {
  readonly when: NoticeWhen;
  /** The external's answer to a status query, whose metadata the notification passes on. */
  readonly answer?: RefundStatusAnswer | undefined;
  readonly requestId?: string | undefined;
  readonly traceparent?: string | undefined;
}
