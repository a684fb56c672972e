import { type RawBuilder, sql } from 'kysely';
import { limitOf } from '../../persistence/dialect.js';
import type { Trx } from '../../persistence/store.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { PAID_AFTER_CANCEL, PAID_TWICE, SECOND_PAYMENT } from '../../payments/paid-twice.js';
import { identifierFloor, type IdentifierPrefix } from '../../shared/identifier.js';
import type { Keyset } from '../lists/keyset.js';
import { ExternalFilter, PageQuery } from '../lists/list-query.js';
import { mergeNewest, type NewestRows, type RowSource } from '../lists/merge-newest.js';
import { externalsWithPayments } from '../payments/payment.list.js';
import { type AttentionCount, MAX_COUNTED } from '../summary/summary.js';
import { ATTENTION_KINDS, type AttentionKind, type AttentionRow } from './attention-item.js';
import { sourceOf } from './external-attention.js';

export class AttentionQuery extends PageQuery {
  @QueryField(oneOf(ATTENTION_KINDS), { description: 'Items of this kind.' })
  kind?: AttentionKind;

  @ExternalFilter()
  external?: string;
}

const DAY_MS = 86_400_000;
/** An external usually completes a refund within a day. Those that it can be queried about are parked later. */
const REFUND_PATIENCE_MS = DAY_MS;
/** Operators no longer act on older callbacks. */
const CALLBACK_INTEREST_MS = 30 * DAY_MS;
/** The maximum number of rows that a page reads. Nearly all of them are shown. */
const LOOK_AT = 1_000;

/** A callback needs nobody once the end of its payment is known. */
const OF_OPEN_PAYMENT = sql<boolean>`not exists (select 1 from payments
  where payments.payment_id = callbacks.payment_id and payments.external = callbacks.external
    and payments.state in ('ACCEPTED', 'FAILED'))`;

/** Rows of one kind, which an index has in the order of their ids. */
interface AttentionSource {
  readonly kind: AttentionKind;
  readonly table: string;
  readonly prefix: IdentifierPrefix;
  /** The column with the time since when the row is in its state. */
  readonly since: string;
  /** States are literals where the index is partial, because SQLite ignores it for parameters. */
  readonly where: RawBuilder<boolean>;
  /** What a page drops after reading; only a count needs it in SQL. */
  readonly counted?: RawBuilder<boolean>;
  /** Further columns of {@link AttentionRow}. */
  readonly columns: readonly RawBuilder<unknown>[];
}

const MONEY = [sql.ref('amount_minor'), sql.ref('currency')];
const NEXT_QUERY = sql`next_ask_at as next_at`;
const SENT_ORDER = sql`coalesce(shop_transaction_id_sent, shop_transaction_id)`;
const ORDER = sql`${SENT_ORDER} as shop_transaction_id`;
const REFUND_COLUMNS = [
  sql.ref('payment_id'),
  sql`coalesce(refund_id, external_refund_id, id) as refund_id`,
  sql.ref('external_refund_id'),
  ...MONEY,
];
const OVERDRAWN = sql`
  (select ': more than the payment is refunded' from payments
   where payments.id = refunds.payment_ref and payments.refunded_minor > payments.amount_minor)`;
const PAYMENT_IDS = [sql.ref('payment_id'), ORDER];
const ofPayment = (expression: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  (select ${expression} from payments
   where payments.payment_id = callbacks.payment_id and payments.external = callbacks.external)`;

/** The sources of all kinds; payments of unknown outcome are found by their external. */
function attentionSources(externals: readonly string[], nowMs: number): AttentionSource[] {
  const payments = { table: 'payments', prefix: 'pay', since: 'updated_at' } as const;
  const refunds = { kind: 'refund-stuck', table: 'refunds', prefix: 'ref', since: 'updated_at' } as const;
  // The condition of the index `refunds_open`: SQLite does not derive it from one state.
  const open = sql`state in ('PENDING', 'UNKNOWN')`;
  const forgotten = identifierFloor('ref', nowMs - REFUND_PATIENCE_MS);
  const interesting = identifierFloor('cbk', nowMs - CALLBACK_INTEREST_MS);
  return [
    ...externals.map((external) => ({
      ...payments,
      kind: 'payment-unknown' as const,
      where: sql<boolean>`external = ${external} and state = ${'UNKNOWN'} and state <> 'CREATED'
        and claimed_payment_id is null`,
      columns: [...PAYMENT_IDS, ...MONEY, NEXT_QUERY],
    })),
    {
      ...payments,
      kind: 'payment-parked',
      where: sql`state = ${'PENDING'} and parked_at is not null and claimed_payment_id is null`,
      columns: [...PAYMENT_IDS, ...MONEY],
    },
    {
      ...payments,
      kind: 'payment-id-taken',
      where: sql`claimed_payment_id is not null and state in ('UNKNOWN', 'PENDING')`,
      columns: [
        sql`claimed_payment_id as payment_id`,
        ORDER,
        ...MONEY,
        sql`(select 'The paymentId belongs to ' || holder.id || ', order ' || coalesce(holder.shop_transaction_id_sent,
            holder.shop_transaction_id, '?')
          from payments as holder where holder.payment_id = payments.claimed_payment_id
          and holder.external = payments.external) as detail`,
      ],
    },
    {
      ...payments,
      kind: 'order-paid-twice',
      where: PAID_TWICE,
      columns: [...PAYMENT_IDS, ...MONEY, sql`${SECOND_PAYMENT} as detail`],
    },
    {
      ...payments,
      kind: 'canceled-payment-accepted',
      where: PAID_AFTER_CANCEL,
      columns: [...PAYMENT_IDS, ...MONEY],
    },
    { ...refunds, where: sql`${open} and state = 'UNKNOWN'`, columns: [...REFUND_COLUMNS, NEXT_QUERY] },
    {
      ...refunds,
      where: sql`${open} and state = 'PENDING' and parked_at is null and next_ask_at is null and id < ${forgotten}`,
      columns: REFUND_COLUMNS,
    },
    {
      ...refunds,
      where: sql`${open} and state = 'PENDING' and parked_at is not null`,
      columns: REFUND_COLUMNS,
    },
    {
      ...refunds,
      kind: 'refund-reversed',
      where: sql`reversal is not null`,
      columns: [
        ...REFUND_COLUMNS,
        sql`case when reversal = 'late-success' then 'It was KO, and its amount free for another refund'
          else 'It was OK, and its amount can be refunded again' end || coalesce(${OVERDRAWN}, '') as detail`,
      ],
    },
    {
      kind: 'subscription-parked',
      table: 'subscriptions',
      prefix: 'sub',
      since: 'parked_at',
      where: sql`parked_at is not null and claimed_token is null`,
      columns: [ORDER, ...MONEY],
    },
    {
      kind: 'subscription-token-taken',
      table: 'subscriptions',
      prefix: 'sub',
      since: 'updated_at',
      where: sql`claimed_token is not null and state = 'UNKNOWN'`,
      columns: [
        ORDER,
        ...MONEY,
        sql`(select 'The subscriptionToken belongs to ' || holder.id || ', order ' || coalesce(
            holder.shop_transaction_id_sent, holder.shop_transaction_id)
          from subscriptions as holder where holder.token = subscriptions.claimed_token
          and holder.external = subscriptions.external) as detail`,
      ],
    },
    {
      kind: 'operation-unknown',
      table: 'operations',
      prefix: 'op',
      since: 'created_at',
      // Operations about a payment or a refund are items of that payment or refund.
      where: sql`state = 'unknown' and payment_ref is null and refund_ref is null`,
      columns: [sql`operation || ': ' || coalesce(reason, '') as detail`],
    },
    {
      kind: 'notification-dead',
      table: 'notifications',
      prefix: 'ntf',
      since: 'updated_at',
      where: sql`state = 'DEAD'`,
      columns: [sql`payment_ref as detail`, sql`payment_ref as subject_ref`],
    },
    {
      kind: 'callback-unconfirmed',
      table: 'callbacks',
      prefix: 'cbk',
      since: 'last_received_at',
      where: sql`state = 'UNCONFIRMED' and id >= ${interesting}`,
      counted: OF_OPEN_PAYMENT,
      columns: [
        sql`case when refund_id is null and subscription_token is null then payment_id end as payment_id`,
        sql`case when refund_id is not null then 'refundId ' || refund_id || ': ' || coalesce(last_error, '')
          when subscription_token is not null then 'subscriptionToken ' || subscription_token || ': ' || coalesce(last_error, '')
          else last_error end as detail`,
        sql`${ofPayment(sql`coalesce(payments.shop_transaction_id_sent, payments.shop_transaction_id)`)} as shop_transaction_id`,
        sql`${ofPayment(sql.ref('state'))} as payment_state`,
      ],
    },
  ];
}

/** What an operator must resolve, of all tables, newest first (SPEC §4, §8). */
export const ATTENTION_LIST = {
  /**
   * How many items of each kind there are, kinds without items left out. `others`: items that are not in the database.
   */
  async counts(db: Trx, others: readonly AttentionRow[], nowMs: number): Promise<AttentionCount[]> {
    const counts = new Map<AttentionKind, number>();
    for (const { kind } of others) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const source of attentionSources(await externalsWithPayments(db), nowMs)) {
      const items = (counts.get(source.kind) ?? 0) + (await countOf(db, source));
      if (items > 0) counts.set(source.kind, items);
    }
    return ATTENTION_KINDS.filter((kind) => counts.has(kind)).map((kind) => {
      const items = counts.get(kind)!;
      return { kind, items: Math.min(items, MAX_COUNTED), more: items > MAX_COUNTED };
    });
  },

  /**
   * `keyset` is without prefixes: so the ids of all tables are ordered by time. `others`: items that are not in the
   * database.
   */
  async newest(
    db: Trx,
    { kind, external }: AttentionQuery,
    keyset: Keyset,
    others: readonly AttentionRow[],
    nowMs: number,
  ): Promise<NewestRows<AttentionRow>> {
    const byExternal = kind === undefined || kind === 'payment-unknown';
    const externals = external !== undefined ? [external] : byExternal ? await externalsWithPayments(db) : [];
    const sources = attentionSources(externals, nowMs)
      .filter((source) => (kind ?? source.kind) === source.kind)
      .map((source) => rowsOf(db, source, keyset));
    const wanted = others.filter((row) => (kind ?? row.kind) === row.kind);
    return mergeNewest([...sources, sourceOf(wanted, keyset)], {
      limit: keyset.limit,
      lookAt: LOOK_AT,
      accepts: (row) =>
        (external ?? row.external) === row.external &&
        row.payment_state !== 'ACCEPTED' &&
        row.payment_state !== 'FAILED',
    });
  },
};

function rowsOf(
  db: Trx,
  { kind, table, prefix, since, where, columns }: AttentionSource,
  { above, below }: Keyset,
): RowSource<AttentionRow> {
  return async (limit) => {
    const { rows } = await sql<Omit<AttentionRow, 'id' | 'kind'>>`
      select id as ref, external, state, ${sql.ref(since)} as since, ${sql.join(columns)}
      from ${sql.table(table)}
      where ${where} and id >= ${`${prefix}_${above}`} and id < ${`${prefix}_${below}`}
      order by id desc limit ${limit}`.execute(db);
    return rows.map((row) => ({ ...row, kind, id: row.ref.slice(prefix.length + 1) }));
  };
}

async function countOf(db: Trx, { table, where, counted }: AttentionSource): Promise<number> {
  const also = counted ? sql` and ${counted}` : sql``;
  const { rows } = await sql<{ items: number }>`
    select count(*) as items from (
      select 1 from ${sql.table(table)} where ${where}${also} limit ${limitOf(MAX_COUNTED + 1)}) as counted`.execute(
    db,
  );
  return rows[0]!.items;
}
