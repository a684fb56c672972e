import type { Selectable } from 'kysely';

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
}

/** `PENDING` from the moment of the reservation. */
export type RefundState = 'PENDING' | 'OK' | 'KO' | 'UNKNOWN';

export type RefundRow = Selectable<RefundTable>;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    refunds: RefundTable;
  }
}
