import { DatabaseGauges } from '../../src/observability/metrics/database.gauges.js';
import { Metrics } from '../../src/observability/metrics/metrics.js';
import type { Gateway } from './gateway.js';

/** The metrics of this moment, externals included; `/metrics` answers what is up to a second old. */
export async function scrape({ app }: Gateway): Promise<string> {
  await app.get(DatabaseGauges).refresh();
  return app.get(Metrics).text();
}
