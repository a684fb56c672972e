import { loadConfig } from '../../src/config/load-config.js';
import type { Store } from '../../src/persistence/store.js';
import { PaymentsRetention } from '../../src/retention/payments.retention.js';
import type { RetentionMetrics } from '../../src/retention/retention.metrics.js';
import { Retention } from '../../src/retention/retention.pass.js';
import type { Clock } from '../../src/shared/clock.js';

/** What a pass of retention has deleted, by table, and the days that differ from their archive. */
export interface Retained {
  readonly deleted: Map<string, number>;
  readonly retention: Retention;
  readonly metrics: RetentionMetrics;
}

/** Retention as `RETENTION` configures it, without the worker that paces it. */
export function retentionWith(store: Store, clock: Clock, RETENTION: string): Retained {
  const deleted = new Map<string, number>();
  const metrics = {
    differingDays: 0,
    countDeleted: (table: string, rows: number) => deleted.set(table, (deleted.get(table) ?? 0) + rows),
  } as Partial<RetentionMetrics> as RetentionMetrics;
  const payments = new PaymentsRetention(store, metrics);
  const retention = new Retention(store, clock, metrics, payments, loadConfig({ RETENTION }));
  return { deleted, retention, metrics };
}
