import type { ColumnType, Insertable, Selectable } from 'kysely';
import type { NotificationEvent } from '../config/receiver-config.js';

/** The outbox: one row per notification, written in the transaction of the change that it reports (SPEC §5). */
export interface NotificationTable {
  /** `ntf_…`: the `webhook-id`, the same on every attempt. */
  id: string;
  /**
   * The row of its subject: `pay_…`, `ref_…` or `sub_…`. Its name is of the first release, when every subject was a
   * payment: replicas of that release read it.
   */
  payment_ref: string;
  external: string;
  /** The receiver's name. It may have been removed from the configuration since. */
  receiver: ColumnType<string, string | undefined, string>;
  /** What it reports, `X-Tollgate-Event`. */
  event: ColumnType<NotificationEvent, NotificationEvent | undefined, NotificationEvent>;
  /** `X-Payment-Version`: counts up per subject. */
  version: number;
  /** The body's JSON text, frozen. */
  payload: string;
  state: NotificationState;
  /** 1 for the receiver's newest of its subject (unique), which alone may be sent; 0 once there is a newer one. */
  newest: 0 | 1;
  /** Since it was queued or last replayed; counted when claimed. */
  attempts: number;
  /** Set while it waits (PENDING and RETRY), and only then. */
  next_attempt_at: number | null;
  /** Set while an attempt is running (LEASED), and only then. */
  lease_token: string | null;
  lease_until: number | null;
  request_id: string;
  traceparent: string | null;
  created_at: number;
  updated_at: number;
  delivered_at: number | null;
}

const COLUMNS: Readonly<Record<keyof NotificationTable, true>> = {
  id: true,
  payment_ref: true,
  external: true,
  receiver: true,
  event: true,
  version: true,
  payload: true,
  state: true,
  newest: true,
  attempts: true,
  next_attempt_at: true,
  lease_token: true,
  lease_until: true,
  request_id: true,
  traceparent: true,
  created_at: true,
  updated_at: true,
  delivered_at: true,
};

/** All of them: a prepared query may not return `*` (see `PreparedQuery`). */
export const NOTIFICATION_COLUMNS = Object.keys(COLUMNS) as (keyof NotificationTable)[];

export type NotificationState = 'PENDING' | 'LEASED' | 'RETRY' | 'DELIVERED' | 'DEAD' | 'SUPERSEDED';

export type NotificationRow = Selectable<NotificationTable>;
export type NewNotification = Insertable<NotificationTable>;

/** Every attempt, append-only. */
export interface NotificationAttemptTable {
  /** `att_…`, ordered by time. */
  id: string;
  notification_ref: string;
  /** Counts up from 1, and again after a replay. */
  attempt: number;
  at: number;
  /** Null if no answer arrived. */
  status_code: number | null;
  duration_ms: number | null;
  /** What broke the attempt, for a person; null if a complete answer arrived. */
  error: string | null;
  /** The first KiB of the answer, masked. */
  answer: string | null;
}

/** Requests to replay a notification, append-only. */
export interface NotificationReplayTable {
  notification_ref: string;
  at: number;
  /** The name of the credentials; empty for a caller without. */
  requested_by: string;
}

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    notifications: NotificationTable;
    notification_attempts: NotificationAttemptTable;
    notification_replays: NotificationReplayTable;
  }
}
