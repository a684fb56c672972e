import { Injectable } from '@nestjs/common';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import { Metrics } from '../observability/metrics/metrics.js';
import { SubscriptionWatchRepository } from './subscription-watch.repository.js';

/**
 * The result of one query of a live subscription, a label of its metric. `not-offered`: the external has no
 * `subscription/status`; `ended`: it had ended meanwhile; `deferred`: the external had no capacity, the query is
 * repeated.
 */
export type WatchResult =
  'changed' | 'unchanged' | 'not-found' | 'failed-to-ask' | 'deferred' | 'not-offered' | 'ended';

@Injectable()
export class SubscriptionsMetrics {
  readonly #watches;

  constructor(metrics: Metrics, gauges: DatabaseGauges, watches: SubscriptionWatchRepository) {
    this.#watches = metrics.counter(
      'tollgate_subscription_watches_total',
      'Queries of live subscriptions by result.',
      ['external', 'result'],
    );
    gauges.add(
      {
        tollgate_subscription_watch_overdue_seconds: {
          help: 'How long the first live subscription has been due for its query; 0 if none is due.',
          labelNames: ['external'],
        },
      },
      async (db, nowMs) => ({
        tollgate_subscription_watch_overdue_seconds: (await watches.overdue(db, nowMs)).map(
          ({ external, overdueMs }) => ({ labels: { external }, value: overdueMs / 1_000 }),
        ),
      }),
    );
  }

  countWatch(external: string, result: WatchResult): void {
    this.#watches.inc({ external, result });
  }
}
