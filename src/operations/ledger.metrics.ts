import { Injectable } from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics.js';
import type { LedgerChange } from './ledger-event.table.js';

/** Counts changes of the ledgers. States and sources are closed sets. */
@Injectable()
export class LedgerMetrics {
  readonly #changes;
  readonly #takenIds;

  constructor(metrics: Metrics) {
    this.#changes = metrics.counter(
      'tollgate_state_changes_total',
      'Changes of payments, refunds and subscriptions, by source.',
      ['subject', 'external', 'from', 'to', 'source'],
    );
    this.#takenIds = metrics.counter(
      'tollgate_taken_ids_total',
      'Answers of externals with an id that belongs to another order, by the field of the id.',
      ['external', 'field'],
    );
  }

  count({ external, refund_ref, payment_ref, before, after, source }: LedgerChange): void {
    const subject = refund_ref ? 'refund' : payment_ref ? 'payment' : 'subscription';
    this.#changes.inc({ subject, external, from: before, to: after, source });
  }

  countTakenId(external: string, field: 'paymentId' | 'subscriptionToken'): void {
    this.#takenIds.inc({ external, field });
  }
}
