import { Injectable } from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics.js';

/** What came of the questions of reconciliation; the reconcilers' words are a closed set. */
@Injectable()
export class ReconciliationMetrics {
  readonly #questions;

  constructor(metrics: Metrics) {
    this.#questions = metrics.counter(
      'tollgate_reconciliations_total',
      'Rows that reconciliation has asked about, by what came of it.',
      ['table', 'external', 'result'],
    );
  }

  count(table: string, external: string, result: string): void {
    this.#questions.inc({ table, external, result });
  }
}
