import type { Selectable } from 'kysely';

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
  /** The operation or the callback that brought it, or the operator's name and reason. */
  cause: string | null;
}

export type EventSource = 'call' | 'callback' | 'check' | 'reconciliation' | 'operator';

export type LedgerEventRow = Selectable<LedgerEventTable>;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    ledger_events: LedgerEventTable;
  }
}
