import type { Generated, Selectable } from 'kysely';
import type { RefundState } from './refund-state.js';

/** Refunds, reserved before they are sent (SPEC §4). */
export interface RefundTable {
  /** `ref_…` */
  id: string;
  /** The payment's row; null if the gateway does not know the payment. */
  payment_ref: string | null;
  external: string;
  caller: string;
  payment_id: string;
  amount_minor: number;
  currency: string;
  state: RefundState;
  /** 1 while its amount counts in the payment's `refunded_minor`. */
  reserved: 0 | 1;
  created_at: number;
  updated_at: number;
  /** The `refundId` that was given to a caller or a receiver, which never changes; null: none was given yet (SPEC §1). */
  refund_id: Generated<string | null>;
  /** The external's id, once known; unique per external. */
  external_refund_id: Generated<string | null>;
  /** Who ordered it: a caller, or an operator, whose refunds are notified. */
  origin: Generated<'call' | 'operator'>;
  /** It changed its end, and no operator has seen that yet. */
  reversal: Generated<RefundReversal | null>;
  /** Counts the notifications queued for it: `X-Payment-Version`. */
  version: Generated<number>;
  /**
   * Reconciliation: the time of the next query (null: not due), the number of queries sent, the first "never seen",
   * parked since.
   */
  next_ask_at: Generated<number | null>;
  asks: Generated<number>;
  never_seen_at: Generated<number | null>;
  parked_at: Generated<number | null>;
  lease_token: string | null;
  lease_until: number | null;
}

/** `sent-back`: OK, then KO. `late-success`: KO, then OK, although its amount may have been refunded again meanwhile. */
export type RefundReversal = 'sent-back' | 'late-success';

export type RefundRow = Selectable<RefundTable>;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    refunds: RefundTable;
  }
}
