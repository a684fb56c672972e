import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import type { Sample } from '../observability/metrics/metrics.js';
import type { Trx } from '../persistence/store.js';

type Reconciled = 'payments' | 'subscriptions';

/** What reconciliation has before it, and what it has left to the operators (SPEC §4): counted by partial indexes. */
@Injectable()
export class PaymentGauges {
  constructor(gauges: DatabaseGauges) {
    gauges.add(
      {
        tollgate_reconciliation_due: { help: 'Rows that are due to be asked about.', labelNames: ['table'] },
        tollgate_reconciliation_overdue_seconds: {
          help: 'How long the first of them has been due; 0: none is.',
          labelNames: ['table'],
        },
        tollgate_parked: {
          help: 'Rows that are open and that nobody asks about any more: an operator must look.',
          labelNames: ['table'],
        },
      },
      async (db, nowMs) => {
        const due = [await dueRows(db, 'payments', nowMs), await dueRows(db, 'subscriptions', nowMs)];
        return {
          tollgate_reconciliation_due: due.map(({ labels, count }) => ({ labels, value: count })),
          tollgate_reconciliation_overdue_seconds: due.map(({ labels, overdueMs }) => ({
            labels,
            value: overdueMs / 1_000,
          })),
          tollgate_parked: [await parkedRows(db, 'payments'), await parkedRows(db, 'subscriptions')],
        };
      },
    );
    gauges.add(
      {
        tollgate_payments_unknown: {
          help: 'Payments that may or may not have happened, by external.',
          labelNames: ['external'],
        },
        tollgate_refunds_open: {
          help: 'Refunds whose end is not known, by state; nobody but the external can tell of an UNKNOWN one.',
          labelNames: ['state'],
        },
      },
      async (db) => ({
        tollgate_payments_unknown: await unknownPayments(db),
        tollgate_refunds_open: await openRefunds(db),
      }),
    );
  }
}

/** Index `…_next_ask`. */
async function dueRows(
  db: Trx,
  table: Reconciled,
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
async function parkedRows(db: Trx, table: Reconciled): Promise<Sample<'table'>> {
  const { count } = await db
    .selectFrom(table as 'payments')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('parked_at', 'is not', null)
    .executeTakeFirstOrThrow();
  return { labels: { table }, value: count };
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

/** Index `refunds_open`, written as it is there: SQLite uses a partial index only where it can see that it fits. */
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
