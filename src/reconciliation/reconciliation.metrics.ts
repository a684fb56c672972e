import { Injectable } from '@nestjs/common';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import { Metrics, type Sample } from '../observability/metrics/metrics.js';
import type { Trx } from '../persistence/store.js';
import type { Reconciled } from './reconciler.js';
import type { ReconciledTable } from './reconciliation-leases.js';

/** The results of reconciliation, and the rows that are due or parked (SPEC §4), counted by partial indexes. */
@Injectable()
export class ReconciliationMetrics {
  readonly #queries;

  constructor(metrics: Metrics, gauges: DatabaseGauges) {
    this.#queries = metrics.counter(
      'tollgate_reconciliations_total',
      'Rows that reconciliation has queried the external about, by result.',
      ['table', 'external', 'result'],
    );
    gauges.add(
      {
        tollgate_reconciliation_due: { help: 'Rows that are due for a query.', labelNames: ['table'] },
        tollgate_reconciliation_overdue_seconds: {
          help: 'How long the first due row has been due; 0 if none is due.',
          labelNames: ['table'],
        },
        tollgate_parked: {
          help: 'Open rows that reconciliation has given up: an operator must settle them.',
          labelNames: ['table'],
        },
      },
      async (db, nowMs) => {
        const due = [
          await dueRows(db, 'payments', nowMs),
          await dueRows(db, 'refunds', nowMs),
          await dueRows(db, 'subscriptions', nowMs),
        ];
        return {
          tollgate_reconciliation_due: due.map(({ labels, count }) => ({ labels, value: count })),
          tollgate_reconciliation_overdue_seconds: due.map(({ labels, overdueMs }) => ({
            labels,
            value: overdueMs / 1_000,
          })),
          tollgate_parked: [
            await parkedRows(db, 'payments'),
            await parkedRows(db, 'refunds'),
            await parkedRows(db, 'subscriptions'),
          ],
        };
      },
    );
  }

  count(table: ReconciledTable, external: string, result: Reconciled): void {
    this.#queries.inc({ table, external, result });
  }
}

/** Index `…_next_ask`. */
async function dueRows(
  db: Trx,
  table: ReconciledTable,
  nowMs: number,
): Promise<{ labels: { table: string }; count: number; overdueMs: number }> {
  const { count, first } = await db
    .selectFrom(table as 'payments')
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('next_ask_at').as('first')])
    .where('next_ask_at', 'is not', null)
    .where('next_ask_at', '<=', nowMs)
    .executeTakeFirstOrThrow();
  return { labels: { table }, count, overdueMs: first === null ? 0 : nowMs - first };
}

/** Index `…_parked`. */
async function parkedRows(db: Trx, table: ReconciledTable): Promise<Sample<'table'>> {
  const { count } = await db
    .selectFrom(table as 'payments')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('parked_at', 'is not', null)
    .executeTakeFirstOrThrow();
  return { labels: { table }, value: count };
}
