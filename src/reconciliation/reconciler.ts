/** A row that is due, leased to this replica. */
export interface DueRow {
  readonly id: string;
  readonly external: string;
  /** The trace of the request that created it, if the table has one. */
  readonly traceparent?: string | null;
}

/**
 * The result of one query of reconciliation, a label of its metric. `deferred`: the query could not be sent now, and
 * does not count. `failed-to-ask`: the query failed; the value is part of the metric, so it keeps its name.
 */
export type Reconciled =
  'settled' | 'still-open' | 'never-seen' | 'too-early' | 'failed-to-ask' | 'parked' | 'deferred';

/** Reconciles the rows of one table. */
export interface Reconciler {
  /** `row` is leased to `token`, and its query counted. Throws `StorageUnavailable`; the lease then ends by itself. */
  reconcile(row: DueRow, token: string): Promise<Reconciled>;
}

/** Pause after a query for which the external had no capacity, unless its `Retry-After` is longer. */
export const DEFERRAL_MS = 1_000;
