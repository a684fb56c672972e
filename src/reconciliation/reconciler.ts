/** A row that is due, leased to this replica. */
export interface DueRow {
  readonly id: string;
  readonly external: string;
  /** Of what made it, where the table has one. */
  readonly traceparent?: string | null;
}

/** The result of one query of reconciliation; `deferred`: it could not be sent now, and does not count. */
export type Reconciled =
  'settled' | 'still-open' | 'never-seen' | 'too-early' | 'failed-to-ask' | 'parked' | 'deferred';

/** Reconciles the rows of one table. */
export interface Reconciler {
  /** `row` is leased to `token`, and its query counted. Throws `StorageUnavailable`; the lease then ends by itself. */
  reconcile(row: DueRow, token: string): Promise<Reconciled>;
}

/** Pause after a query that the external had no capacity for, unless it asks for a longer one. */
export const DEFERRAL_MS = 1_000;
