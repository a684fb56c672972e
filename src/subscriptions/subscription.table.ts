import type { Generated, Insertable, Selectable } from 'kysely';
import type { SubscriptionState } from './subscription-state.js';

/** The ledger's subscriptions (SPEC §4). */
export interface SubscriptionTable {
  /** The gateway's own id, `sub_…`. */
  id: string;
  external: string;
  caller: string;
  /** The external's `subscriptionToken`, once known; unique per external. */
  token: string | null;
  /** The form in which orders are compared (`orderKey`); as sent in rows from before that column. */
  shop_transaction_id: string;
  /** The text as sent, where it differs. */
  shop_transaction_id_sent: string | null;
  amount_minor: number;
  currency: string;
  interval_unit: 'DAY' | 'MONTH';
  interval_count: number;
  expires_after: number | null;
  state: SubscriptionState;
  created_at: number;
  updated_at: number;
  /** Reconciliation, as for payments. */
  next_ask_at: number | null;
  asks: number;
  parked_at: number | null;
  /** When it is queried next while it is ACTIVE or PAST_DUE; set by the watcher. */
  watch_at: Generated<number | null>;
  /** `version` of its newest notification. */
  version: Generated<number>;
  lease_token: string | null;
  lease_until: number | null;
  /** The token that the external answered for it, and that belongs to another order (SPEC §4). */
  claimed_token: string | null;
}

export type SubscriptionRow = Selectable<SubscriptionTable>;
export type NewSubscription = Insertable<SubscriptionTable>;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    subscriptions: SubscriptionTable;
  }
}
