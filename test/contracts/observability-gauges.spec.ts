import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CallbacksMetrics } from '../../src/callbacks/callbacks.metrics.js';
import { NotificationRepository } from '../../src/notifications/notification.repository.js';
import { ReceiverRegistry } from '../../src/notifications/receiver.registry.js';
import { NotificationsMetrics } from '../../src/notifications/notifications.metrics.js';
import type { CountRows, DatabaseGauges } from '../../src/observability/metrics/database.gauges.js';
import { Metrics } from '../../src/observability/metrics/metrics.js';
import { PaymentsMetrics } from '../../src/payments/payments.metrics.js';
import { ReconciliationMetrics } from '../../src/reconciliation/reconciliation.metrics.js';
import { RefundsMetrics } from '../../src/refunds/refunds.metrics.js';
import { deliveryConfig } from '../support/delivery.js';
import { SubscriptionWatchRepository } from '../../src/subscriptions/subscription-watch.repository.js';
import { SubscriptionsMetrics } from '../../src/subscriptions/subscriptions.metrics.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { plansOf } from '../support/query-plans.js';

/** The counts of each module during a scrape. */
function counts(): CountRows<string>[] {
  const collected: CountRows<string>[] = [];
  const gauges = {
    add: (_: unknown, count: CountRows<string>) => collected.push(count),
  } as unknown as DatabaseGauges;
  const metrics = new Metrics();
  const modules = [
    new PaymentsMetrics(gauges),
    new RefundsMetrics(gauges),
    new ReconciliationMetrics(metrics, gauges),
    new CallbacksMetrics(metrics, gauges),
    new SubscriptionsMetrics(metrics, gauges, new SubscriptionWatchRepository()),
    new NotificationsMetrics(
      metrics,
      gauges,
      new NotificationRepository(),
      new ReceiverRegistry(deliveryConfig({})),
    ),
  ];
  expect(collected.length).toBeGreaterThanOrEqual(modules.length);
  return collected;
}

eachDatabase((_name, open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.dispose());

  it('counts each gauge by an index during a scrape, with any number of payments', async () => {
    const steps: string[] = [];
    for (const count of counts()) {
      const { plans } = await plansOf(database.store, (db) => count(db, Date.now()));
      steps.push(...plans.flatMap((plan) => plan.steps));
    }
    const reads = steps.filter((step) => /scan|search/i.test(step));
    expect(reads.length).toBeGreaterThanOrEqual(10);
    // The names that a recursive query has found.
    const found = /^(SCAN waiting|(CTE|WorkTable) Scan)/;
    expect(reads.filter((step) => !/index/i.test(step) && !found.test(step))).toEqual([]);
  });
});
