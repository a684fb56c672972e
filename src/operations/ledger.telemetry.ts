import { Injectable } from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics.js';
import { LedgerObserver, type ObservedChange } from './ledger.observer.js';

/** Counts the changes of the books. States and sources are closed sets. */
@Injectable()
export class LedgerTelemetry extends LedgerObserver {
  readonly #changes;

  constructor(metrics: Metrics) {
    super();
    this.#changes = metrics.counter(
      'tollgate_state_changes_total',
      'Changes of payments, refunds and subscriptions, by what brought them.',
      ['subject', 'external', 'from', 'to', 'source'],
    );
  }

  onChange(external: string, { refund_ref, payment_ref, before, after, source }: ObservedChange): void {
    const subject = refund_ref ? 'refund' : payment_ref ? 'payment' : 'subscription';
    this.#changes.inc({ subject, external, from: before, to: after, source });
  }
}
