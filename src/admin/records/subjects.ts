import { sql } from 'kysely';
import type { Trx } from '../../persistence/store.js';
import { shownText } from './shown.js';

/** What a payment, refund or subscription is known by to people. */
export interface Subject {
  /** The payment that it is, or belongs to: `pay_…`. */
  readonly payment: string | undefined;
  readonly shopTransactionId: string | undefined;
  readonly amount: number | undefined;
  readonly currency: string | undefined;
}

/**
 * The payments, refunds and subscriptions among the gateway's own ids `refs`. What is about one of them, such as a
 * notification, has only its id.
 */
export async function subjectsOf(
  db: Trx,
  refs: readonly (string | null | undefined)[],
): Promise<ReadonlyMap<string, Subject>> {
  const wanted = [...new Set(refs)].filter((ref) => typeof ref === 'string');
  const withPrefix = (prefix: string): string[] => wanted.filter((ref) => ref.startsWith(prefix));
  const rows = [
    ...(await payments(db, withPrefix('pay_'))),
    ...(await refunds(db, withPrefix('ref_'))),
    ...(await subscriptions(db, withPrefix('sub_'))),
  ];
  return new Map(
    rows.map(({ id, payment, order, amount_minor, currency }) => [
      id,
      {
        payment: payment ?? undefined,
        shopTransactionId: shownText(order),
        amount: amount_minor ?? undefined,
        currency: currency ?? undefined,
      },
    ]),
  );
}

interface SubjectRow {
  readonly id: string;
  readonly payment: string | null;
  readonly order: string | null;
  readonly amount_minor: number | null;
  readonly currency: string | null;
}

const ORDER_OF_PAYMENT = sql<
  string | null
>`coalesce(payments.shop_transaction_id_sent, payments.shop_transaction_id)`;

async function payments(db: Trx, ids: readonly string[]): Promise<SubjectRow[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('payments')
    .select(['id', 'id as payment', ORDER_OF_PAYMENT.as('order'), 'amount_minor', 'currency'])
    .where('id', 'in', ids)
    .execute();
}

/** By the external's id of the payment: a refund may be older than what the gateway knows of its payment. */
async function refunds(db: Trx, ids: readonly string[]): Promise<SubjectRow[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('refunds')
    .leftJoin('payments', (join) =>
      join
        .onRef('payments.payment_id', '=', 'refunds.payment_id')
        .onRef('payments.external', '=', 'refunds.external'),
    )
    .select([
      'refunds.id',
      'payments.id as payment',
      ORDER_OF_PAYMENT.as('order'),
      'refunds.amount_minor',
      'refunds.currency',
    ])
    .where('refunds.id', 'in', ids)
    .execute();
}

async function subscriptions(db: Trx, ids: readonly string[]): Promise<SubjectRow[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('subscriptions')
    .select([
      'id',
      sql<string | null>`null`.as('payment'),
      sql<string | null>`coalesce(shop_transaction_id_sent, shop_transaction_id)`.as('order'),
      'amount_minor',
      'currency',
    ])
    .where('id', 'in', ids)
    .execute();
}
