import { Injectable } from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics.js';
import type { LedgerChange } from './ledger-event.table.js';

/** Counts changes of the ledgers. States and sources are closed sets. */
@Injectable()
export class LedgerMetrics {
  readonly #changes;

  constructor(metrics: Metrics) {
    this.#changes = metrics.counter(
      'tollgate_state_changes_total',
      'Changes of payments, refunds and subscriptions, by source.',
      ['subject', 'external', 'from', 'to', 'source'],
    );
  }

  count({ external, refund_ref, payment_ref, before, after, source }: LedgerChange): void {
    const subject = refund_ref ? 'refund' : payment_ref ? 'payment' : 'subscription';
    this.#changes.inc({ subject, external, from: before, to: after, source });
  }
}
