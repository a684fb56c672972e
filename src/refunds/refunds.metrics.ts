import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import type { Sample } from '../observability/metrics/metrics.js';
import type { Trx } from '../persistence/store.js';

/** Refunds that need an operator, counted by partial indexes. */
@Injectable()
export class RefundsMetrics {
  constructor(gauges: DatabaseGauges) {
    gauges.add(
      {
        tollgate_refunds_open: {
          help: 'Refunds without a final outcome, by state.',
          labelNames: ['state'],
        },
        tollgate_refunds_reversed: {
          help: 'Refunds that were sent back or succeeded late, and that no operator has seen.',
        },
      },
      async (db) => ({
        tollgate_refunds_open: await openRefunds(db),
        tollgate_refunds_reversed: [{ value: await reversedRefunds(db) }],
      }),
    );
  }
}

/** Index `refunds_reversal`. */
async function reversedRefunds(db: Trx): Promise<number> {
  const { count } = await db
    .selectFrom('refunds')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('reversal', 'is not', null)
    .executeTakeFirstOrThrow();
  return count;
}

/** Repeats the condition of the index `refunds_open`: SQLite uses a partial index only for the same condition. */
async function openRefunds(db: Trx): Promise<Sample<'state'>[]> {
  const rows = await db
    .selectFrom('refunds')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .where(sql<boolean>`state in ('PENDING', 'UNKNOWN')`)
    .groupBy('state')
    .execute();
  return (['PENDING', 'UNKNOWN'] as const).map((state) => ({
    labels: { state },
    value: rows.find((row) => row.state === state)?.count ?? 0,
  }));
}
