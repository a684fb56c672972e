import type { Selectable } from 'kysely';

/**
 * The inbox: callbacks as they came, each written down before it is acknowledged (SPEC §5). A callback belongs to the
 * payment with its `external` and `payment_id`, whichever row of the ledger that is in the end.
 */
export interface CallbackTable {
  /** `cbk_…` */
  id: string;
  external: string;
  payment_id: string;
  state: CallbackState;
  /** Of the latest: method and body; the body masked, 16 KiB at most, null where there was none. */
  method: 'GET' | 'POST';
  body: string | null;
  received_at: number;
  /** How many of the same came while this one waited, and when the last of them did. */
  repeats: number;
  last_received_at: number;
  /** 1: another of the same came while the external was being asked, whose answer may have changed since. */
  again: 0 | 1;
  /** Questions to the external, counted when claimed; starts anew with each repeat. */
  attempts: number;
  /** Set while it waits (PENDING), and only then. */
  next_attempt_at: number | null;
  /** Set while the external is being asked (LEASED), and only then. */
  lease_token: string | null;
  lease_until: number | null;
  /** Null while it is open; of all open ones each `external` and `payment_id` has one at most (unique). */
  finished_at: number | null;
  /** As the external told it when it confirmed. */
  shop_transaction_id: string | null;
  /** Why the external could not confirm it at the last attempt. */
  last_error: string | null;
  request_id: string;
  traceparent: string | null;
}

/** `UNCONFIRMED`: the schedule is used up and the external never confirmed it; kept, and nothing was changed by it. */
export type CallbackState = 'PENDING' | 'LEASED' | 'VERIFIED' | 'UNCONFIRMED';

export type CallbackRow = Selectable<CallbackTable>;
