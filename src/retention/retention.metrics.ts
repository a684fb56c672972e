import { Injectable } from '@nestjs/common';
import type { RetainedTable } from '../config/retention.js';
import { Metrics } from '../observability/metrics/metrics.js';
import { Store } from '../persistence/store.js';

@Injectable()
export class RetentionMetrics {
  readonly #deleted;
  /** Archived days whose payments have changed since, as the last pass has found. */
  differingDays = 0;

  constructor(metrics: Metrics, store: Store) {
    this.#deleted = metrics.counter('tollgate_retention_deleted_total', 'Rows that RETENTION has deleted.', [
      'table',
    ]);
    metrics.gauge(
      'tollgate_retention_differing_days',
      'Archived days whose payments are kept because they have changed since.',
      () => this.differingDays,
    );
    metrics.gauge(
      'tollgate_database_free_bytes',
      "Part of SQLite's file that is not used; absent on PostgreSQL.",
      () => freeBytesOf(store),
    );
  }

  countDeleted(table: RetainedTable, rows: number): void {
    this.#deleted.inc({ table }, rows);
  }
}

/** Absent too while the database cannot be read: the other metrics must not be lost with it. */
function freeBytesOf(store: Store): readonly { readonly value: number }[] {
  try {
    return store.freeBytes === undefined ? [] : [{ value: store.freeBytes }];
  } catch {
    return [];
  }
}
