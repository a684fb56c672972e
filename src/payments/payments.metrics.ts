import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import type { Sample } from '../observability/metrics/metrics.js';
import type { Trx } from '../persistence/store.js';

/** Payments whose outcome is not known, counted by a partial index. */
@Injectable()
export class PaymentsMetrics {
  constructor(gauges: DatabaseGauges) {
    gauges.add(
      {
        tollgate_payments_unknown: {
          help: 'Payments that may or may not have happened, by external.',
          labelNames: ['external'],
        },
      },
      async (db) => ({ tollgate_payments_unknown: await unknownPayments(db) }),
    );
  }
}

/** Index `payments_unknown`. */
async function unknownPayments(db: Trx): Promise<Sample<'external'>[]> {
  const rows = await db
    .selectFrom('payments')
    .select(({ fn }) => ['external', fn.countAll<number>().as('count')])
    .where(sql`state`, '=', sql.lit('UNKNOWN'))
    .groupBy('external')
    .execute();
  return rows.map(({ external, count }) => ({ labels: { external }, value: count }));
}
