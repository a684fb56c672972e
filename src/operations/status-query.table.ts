import type { Selectable } from 'kysely';

/**
 * Status queries to externals about payments and refunds, for their stories (SPEC §4). Consecutive ones by the same
 * source with the same result share a row.
 */
export interface StatusQueryTable {
  /** `qry_…`, ordered by the time of the first query. */
  id: string;
  /** The payment, `pay_…`, or refund, `ref_…`. */
  subject_ref: string;
  source: QuerySource;
  /** The id of what caused the last query: a callback, an operation, a request. */
  cause: string | null;
  /** The status that the external answered, or why there is none: the reason of the outcome. `parked`: see below. */
  result: string;
  /** What went wrong, masked. */
  detail: string | null;
  first_at: number;
  last_at: number;
  times: number;
}

/**
 * What sent a query. `order`: a second payment of the order; `repeat`: a request whose outcome was unknown, sent again;
 * `refund`: a refund of a payment that is not accepted; `cancel`: a cancellation; `status`: a caller's `/status`;
 * `recovery`: an order that the restored ledger does not know.
 */
export type QuerySource =
  'reconciliation' | 'check' | 'callback' | 'order' | 'repeat' | 'refund' | 'cancel' | 'status' | 'recovery';

export type StatusQueryRow = Selectable<StatusQueryTable>;

/** The result of the row that records when a payment or refund was parked, once it is no longer. */
export const PARKED = 'parked';

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    status_queries: StatusQueryTable;
  }
}
