import type { Generated, Selectable } from 'kysely';
import type { PaymentState } from './payment-state.js';

/** The ledger's payments: one row each, state changed only by compare-and-set (SPEC §4). */
export interface PaymentTable {
  /** The gateway's own id, `pay_…`. */
  id: string;
  external: string;
  /** The caller; null for an unsolicited payment. */
  caller: string | null;
  origin: PaymentOrigin;
  /** The external's id, once known; unique per external. */
  payment_id: string | null;
  /** The form in which orders are compared (`order-key.ts`), and the text as sent where it differs. */
  shop_transaction_id: string | null;
  shop_transaction_id_sent: Generated<string | null>;
  subscription_token: string | null;
  /** Null for an unsolicited payment whose amount or currency no push has named: a status answer does not have them. */
  amount_minor: number | null;
  currency: string | null;
  state: PaymentState;
  /** Sum of the refunds that are reserved or done. */
  refunded_minor: number;
  /**
   * 1: no second payment with this shopTransactionId may begin at this external, not even at the same moment (unique);
   * 0: it has FAILED once, duplicates were allowed, or it is unsolicited. Its state then decides whether another may
   * begin.
   */
  duplicate_guard: 0 | 1;
  /** Counts the notifications queued for it: `X-Payment-Version`. */
  version: number;
  created_at: number;
  updated_at: number;
  /** The time limit of the call that creates it, of the last call if it was sent again. */
  deadline_at: number;
  /**
   * Reconciliation: the time of the next query (null: not due), the number of queries sent, the first "never seen",
   * parked since. Two column names keep the word "ask" of the first release.
   */
  next_ask_at: number | null;
  asks: number;
  never_seen_at: number | null;
  parked_at: number | null;
  lease_token: string | null;
  lease_until: number | null;
  traceparent: string | null;
  /** The paymentId that the external answered for this payment, and that belongs to another one (SPEC §4). */
  claimed_payment_id: string | null;
  /**
   * 1: became ACCEPTED outside of the duplicate guard, by a late success or unsolicited: its order may have a second
   * ACCEPTED payment. 0 again once an operator has seen it.
   */
  unguarded_acceptance: Generated<0 | 1>;
  /** JSON of a {@link Checkout}: where the payer was sent. Null once the payment has ended. */
  checkout: Generated<string | null>;
  /** When the external answered OK to a cancellation: a later success needs an operator. */
  canceled_at: Generated<number | null>;
}

/** The links of an answer by which the payer can pay. */
export interface Checkout {
  readonly redirectToUrl?: string;
  readonly redirectToUrlMobile?: string;
  readonly link?: string;
}

/**
 * `learned`: an unsolicited payment, known only from a callback, a check or a second id in an answer. The value is stored, and `/admin` returns
 * it; the code calls these payments unsolicited.
 */
export type PaymentOrigin = 'pay' | 'pay-by-link' | 'subscription' | 'learned';

export type PaymentRow = Selectable<PaymentTable>;

/** A payment as it is inserted: the columns that only rare payments set keep their defaults. */
export type InsertedPayment = Omit<
  PaymentRow,
  'claimed_payment_id' | 'unguarded_acceptance' | 'shop_transaction_id_sent' | 'checkout' | 'canceled_at'
> & { shop_transaction_id_sent?: string | undefined };

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    payments: PaymentTable;
  }
}
