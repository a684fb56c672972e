import { sql } from 'kysely';
import type { Trx } from '../../persistence/store.js';
import { identifierFloor, type IdentifierPrefix } from '../../shared/identifier.js';
import type { Source } from '../lists/newest.js';
import type { AttentionKind, AttentionRow } from './attention-item.js';

/** A refund that an external calls PENDING for so long has been forgotten by somebody. */
const REFUND_PATIENCE_MS = 86_400_000;
/** An unconfirmed callback that is older tells nobody anything any more. */
const CALLBACK_INTEREST_MS = 30 * 86_400_000;

/** The common range of ids without their prefixes: they are ordered by time across the tables. */
export interface Reading {
  readonly db: Trx;
  readonly above: string;
  readonly below: string;
  readonly nowMs: number;
}

type Columns = Omit<AttentionRow, 'id' | 'kind'>;

/** Where each kind is found; payments of unknown outcome by their external. */
export const ATTENTION_SOURCES: Readonly<
  Record<AttentionKind, (reading: Reading, externals: readonly string[]) => Source<AttentionRow>[]>
> = {
  'payment-unknown': (reading, externals) => externals.map((external) => unknownPayments(reading, external)),
  'payment-parked': (reading) => [parkedPayments(reading)],
  'refund-stuck': (reading) => [unknownRefunds(reading), forgottenRefunds(reading)],
  'subscription-parked': (reading) => [parkedSubscriptions(reading)],
  'operation-unknown': (reading) => [unknownChanges(reading)],
  'notification-dead': (reading) => [deadNotifications(reading)],
  'callback-unconfirmed': (reading) => [unconfirmedCallbacks(reading)],
};

function unknownPayments(reading: Reading, external: string): Source<AttentionRow> {
  return source('payment-unknown', async (limit) =>
    paymentsOf(reading)
      .where('external', '=', external)
      .where('state', '=', 'UNKNOWN')
      .where(sql<boolean>`state <> 'CREATED'`)
      .limit(limit)
      .execute(),
  );
}

/** Those that are UNKNOWN too are told of as such. */
function parkedPayments(reading: Reading): Source<AttentionRow> {
  return source('payment-parked', (limit) =>
    paymentsOf(reading)
      .where('state', '=', 'PENDING')
      .where('parked_at', 'is not', null)
      .limit(limit)
      .execute(),
  );
}

function paymentsOf({ db, above, below }: Reading) {
  const { from, to } = bounds('pay', above, below);
  return db
    .selectFrom('payments')
    .select(['id as ref', 'external', 'state', 'updated_at as since', 'payment_id', 'shop_transaction_id'])
    .select(['amount_minor', 'currency', 'parked_at'])
    .where('id', '>=', from)
    .where('id', '<', to)
    .orderBy('id', 'desc');
}

function unknownRefunds(reading: Reading): Source<AttentionRow> {
  return source('refund-stuck', (limit) =>
    refundsOf(reading).where('state', '=', sql.lit('UNKNOWN')).limit(limit).execute(),
  );
}

function forgottenRefunds(reading: Reading): Source<AttentionRow> {
  const patient = identifierFloor('ref', reading.nowMs - REFUND_PATIENCE_MS);
  return source('refund-stuck', (limit) =>
    refundsOf(reading)
      .where('state', '=', sql.lit('PENDING'))
      .where('id', '<', patient)
      .limit(limit)
      .execute(),
  );
}

function refundsOf({ db, above, below }: Reading) {
  const { from, to } = bounds('ref', above, below);
  return (
    db
      .selectFrom('refunds')
      .select(['id as ref', 'external', 'state', 'updated_at as since', 'payment_id'])
      .select(['amount_minor', 'currency'])
      // As in the index refunds_open: SQLite does not see that one state is one of them.
      .where(sql<boolean>`state in ('PENDING', 'UNKNOWN')`)
      .where('id', '>=', from)
      .where('id', '<', to)
      .orderBy('id', 'desc')
  );
}

function parkedSubscriptions({ db, above, below }: Reading): Source<AttentionRow> {
  const { from, to } = bounds('sub', above, below);
  return source('subscription-parked', (limit) =>
    db
      .selectFrom('subscriptions')
      .select(['id as ref', 'external', 'state', 'parked_at as since', 'shop_transaction_id'])
      .select(['amount_minor', 'currency'])
      .where('parked_at', 'is not', null)
      .where('id', '>=', from)
      .where('id', '<', to)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute(),
  );
}

/** Changes of subscriptions: what became of a payment or a refund is told of by their own rows. */
function unknownChanges({ db, above, below }: Reading): Source<AttentionRow> {
  const { from, to } = bounds('op', above, below);
  return source('operation-unknown', (limit) =>
    db
      .selectFrom('operations')
      .select(['id as ref', 'external', 'state', 'created_at as since'])
      .select(sql<string>`operation || ': ' || coalesce(reason, '')`.as('detail'))
      .where('state', '=', sql.lit('unknown'))
      .where('payment_ref', 'is', null)
      .where('refund_ref', 'is', null)
      .where('id', '>=', from)
      .where('id', '<', to)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute(),
  );
}

function deadNotifications({ db, above, below }: Reading): Source<AttentionRow> {
  const { from, to } = bounds('ntf', above, below);
  return source('notification-dead', (limit) =>
    db
      .selectFrom('notifications')
      .select(['id as ref', 'external', 'state', 'updated_at as since', 'payment_ref as detail'])
      .where('state', '=', sql.lit('DEAD'))
      .where('id', '>=', from)
      .where('id', '<', to)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute(),
  );
}

/** But for those about payments whose end has become known since. */
function unconfirmedCallbacks({ db, above, below, nowMs }: Reading): Source<AttentionRow> {
  const { from, to } = bounds('cbk', above, below);
  const interesting = identifierFloor('cbk', nowMs - CALLBACK_INTEREST_MS);
  return source('callback-unconfirmed', (limit) =>
    db
      .selectFrom('callbacks')
      .leftJoin('payments', (join) =>
        join
          .onRef('payments.payment_id', '=', 'callbacks.payment_id')
          .onRef('payments.external', '=', 'callbacks.external'),
      )
      .select(['callbacks.id as ref', 'callbacks.external', 'callbacks.state', 'callbacks.payment_id'])
      .select(['callbacks.last_received_at as since', 'callbacks.last_error as detail'])
      .select(['payments.state as paymentState', 'payments.shop_transaction_id'])
      .where('callbacks.state', '=', sql.lit('UNCONFIRMED'))
      .where('callbacks.id', '>=', from > interesting ? from : interesting)
      .where('callbacks.id', '<', to)
      .orderBy('callbacks.id', 'desc')
      .limit(limit)
      .execute()
      .then((rows) =>
        rows.map(({ paymentState, ...row }) => ({
          ...row,
          settled: paymentState === 'ACCEPTED' || paymentState === 'FAILED',
        })),
      ),
  );
}

function bounds(prefix: IdentifierPrefix, above: string, below: string): { from: string; to: string } {
  return { from: `${prefix}_${above}`, to: `${prefix}_${below}` };
}

type Found = Pick<Columns, 'ref' | 'external' | 'state'> &
  Partial<Omit<Columns, 'since'>> & { readonly since: number | null };

function source(
  kind: AttentionKind,
  read: (limit: number) => Promise<readonly Found[]>,
): Source<AttentionRow> {
  return async (limit) =>
    (await read(limit)).map((row) => ({
      id: row.ref.slice(row.ref.indexOf('_') + 1),
      ref: row.ref,
      kind,
      external: row.external,
      state: row.state,
      since: row.since ?? 0,
      payment_id: row.payment_id ?? null,
      shop_transaction_id: row.shop_transaction_id ?? null,
      amount_minor: row.amount_minor ?? null,
      currency: row.currency ?? null,
      detail: row.detail ?? null,
      settled: row.settled ?? false,
    }));
}
