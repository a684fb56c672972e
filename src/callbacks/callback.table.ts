import type { Generated, Insertable, Selectable } from 'kysely';

/**
 * The inbox: callbacks as received, each stored before it is acknowledged (SPEC §5). A row has one subject, which is
 * queried: a callback that names a payment and a refund is two rows. It belongs to the payment with its `external` and
 * `payment_id`, or to the refund or subscription, even if that row is created later.
 */
export interface CallbackTable {
  /** `cbk_…` */
  id: string;
  external: string;
  /**
   * The payment that it names. For a callback about a refund or subscription the `callbackKey` of it: of each subject at most one
   * callback is open (a unique index of the first release).
   */
  payment_id: string;
  /** The refund that it names; null where it is about the payment. */
  refund_id: string | null;
  /** The token of the subscription that it names; null where it is about another subject. */
  subscription_token: Generated<string | null>;
  state: CallbackState;
  /** Of the latest: method and body; the body masked, 16 KiB at most, null where there was none. */
  method: 'GET' | 'POST';
  body: string | null;
  received_at: number;
  /** How many repeats arrived while this one waited, and when the last of them did. */
  repeats: number;
  last_received_at: number;
  /** 1: a repeat arrived during the status query, so the status may have changed since its answer. */
  again: 0 | 1;
  /** Status queries, counted when claimed; starts anew with each repeat. */
  attempts: number;
  /** Set while it waits (PENDING), and only then. */
  next_attempt_at: number | null;
  /** Set during a status query (LEASED), and only then. */
  lease_token: string | null;
  lease_until: number | null;
  /** Null while the callback is open; at most one per `external` and `payment_id` is open (unique). */
  finished_at: number | null;
  /** From the external's confirmation. */
  shop_transaction_id: string | null;
  /** Why the external did not confirm it at the last attempt. */
  last_error: string | null;
  request_id: string;
  traceparent: string | null;
}

/** Stands in `payment_id` for a refund or a subscription: no id has a line feed in it. */
export function callbackKey(
  subject: { readonly refundId: string } | { readonly subscriptionToken: string },
): string {
  return 'refundId' in subject ? `refund\n${subject.refundId}` : `subscription\n${subject.subscriptionToken}`;
}

/** `UNCONFIRMED`: the schedule is used up and the external never confirmed the callback, which changed nothing. */
export type CallbackState = 'PENDING' | 'LEASED' | 'VERIFIED' | 'UNCONFIRMED';

export type CallbackRow = Selectable<CallbackTable>;
export type NewCallback = Insertable<CallbackTable>;

/**
 * The signed callbacks that were processed, as long as their signatures are valid. Written with the inbox in one
 * transaction, so that a replay has no effect on any replica.
 */
export interface ProcessedCallbackTable {
  /** A digest of external and `webhook-id`; with a digest of the content behind it for the second message of one id. */
  key: string;
  /** Of the signed content, keyed; null in rows of the first release. */
  digest: string | null;
  /** The row may be deleted after this. */
  until: number;
}

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    callbacks: CallbackTable;
    taken_callbacks: ProcessedCallbackTable;
  }
}
