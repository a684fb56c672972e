import type { ColumnType, Selectable } from 'kysely';

/** Every change of a payment, refund or subscription, append-only (SPEC §4). */
export interface LedgerEventTable {
  /** `evt_…`, ordered by time. */
  id: string;
  payment_ref: string | null;
  refund_ref: string | null;
  subscription_ref: string | null;
  at: number;
  source: EventSource;
  before: string;
  after: string;
  /** The id of the operation or callback that caused it, or the operator's name and reason. */
  cause: string | null;
}

export const EVENT_SOURCES = ['call', 'callback', 'check', 'reconciliation', 'operator'] as const;

export type EventSource = (typeof EVENT_SOURCES)[number];

export type LedgerEventRow = Selectable<LedgerEventTable>;

/** The key in `settings` of the feed's identity, which cursors name. Without it, the next reader makes a new one. */
export const FEED_ID = 'feed-id';

/**
 * What the database itself notes of an event for the feed, on PostgreSQL only: the transaction, `0` before migration
 * 0028, and the place in the order of writing.
 */
export interface LedgerEventOrder {
  readonly xid: ColumnType<string, never, never>;
  readonly position: ColumnType<number, never, never>;
}

/** One change, as the ledger of its subject describes it. */
export type LedgerChange = { readonly external: string } & Pick<
  LedgerEventRow,
  'at' | 'source' | 'before' | 'after' | 'cause'
> &
  Partial<Pick<LedgerEventRow, 'payment_ref' | 'refund_ref' | 'subscription_ref'>>;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    ledger_events: LedgerEventTable;
  }
}
