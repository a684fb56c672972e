import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import type { Sample } from '../observability/metrics/metrics.js';
import type { Trx } from '../persistence/store.js';
import { PAID_AFTER_CANCEL, PAID_TWICE } from './paid-twice.js';

/** Payments that need an operator, counted by partial indexes. */
@Injectable()
export class PaymentsMetrics {
  constructor(gauges: DatabaseGauges) {
    gauges.add(
      {
        tollgate_payments_unknown: {
          help: 'Payments that may or may not have happened, by external.',
          labelNames: ['external'],
        },
        tollgate_orders_paid_twice: {
          help: 'Orders with two accepted payments, neither refunded whole, by external.',
          labelNames: ['external'],
        },
        tollgate_canceled_payments_accepted: {
          help: 'Payments that were accepted although the external had cancelled them, not refunded whole, by external.',
          labelNames: ['external'],
        },
      },
      async (db) => ({
        tollgate_payments_unknown: await unknownPayments(db),
        tollgate_orders_paid_twice: await ordersPaidTwice(db),
        tollgate_canceled_payments_accepted: await canceledPaymentsAccepted(db),
      }),
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

/** Index `payments_unguarded_acceptance`. */
async function ordersPaidTwice(db: Trx): Promise<Sample<'external'>[]> {
  const rows = await db
    .selectFrom('payments')
    .select(['external', sql<number>`count(distinct shop_transaction_id)`.as('count')])
    .where(PAID_TWICE)
    .groupBy('external')
    .execute();
  return rows.map(({ external, count }) => ({ labels: { external }, value: count }));
}

/** Index `payments_unguarded_acceptance`. */
async function canceledPaymentsAccepted(db: Trx): Promise<Sample<'external'>[]> {
  const rows = await db
    .selectFrom('payments')
    .select(({ fn }) => ['external', fn.countAll<number>().as('count')])
    .where(PAID_AFTER_CANCEL)
    .groupBy('external')
    .execute();
  return rows.map(({ external, count }) => ({ labels: { external }, value: count }));
}
