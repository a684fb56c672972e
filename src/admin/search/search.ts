import { sql } from 'kysely';
import { orderKey } from '../../payments/order-key.js';
import type { Trx } from '../../persistence/store.js';
import { identifierFloor } from '../../shared/identifier.js';
import { shownTime, shownTraceId } from '../records/shown.js';
import { subjectsOf } from '../records/subjects.js';
import { findByOwnId } from './own-ids.js';
import { type FoundItem, SEARCHED_NAMES, type SearchedName, type SearchResult } from './search-result.js';

const MAX_HITS = 50;
/** Few milliseconds, during which nothing else runs on SQLite. */
const LOOK_AT = 10_000;
/** A request’s own rows are created while it runs. */
const BEFORE_MS = 1_000;
const AFTER_MS = 60_000;

const OWN_REQUEST_ID = /^req_([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TRACE_ID = /^[0-9a-f]{32}$/;

/** Finds what has `text` as one of its ids, by indexes where there are some. */
export async function search(db: Trx, text: string): Promise<SearchResult> {
  const requests = await byRequest(db, text);
  const hits = [
    ...(await findByOwnId(db, text)),
    ...(await payments(db, text)),
    ...(await refunds(db, text)),
    ...(await subscriptions(db, text)),
    ...requests.hits,
  ];
  const unique = [...new Map(hits.map((hit) => [hit.id, hit])).values()];
  const newest = unique.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1)).slice(0, MAX_HITS);
  const subjects = await subjectsOf(
    db,
    newest.map(({ subject }) => subject),
  );
  return {
    searched: [...SEARCHED_NAMES],
    requestsSince: requests.since,
    items: newest.map(({ subject, ...item }) => {
      const { payment, shopTransactionId } = subjects.get(subject ?? '') ?? {};
      return { ...item, payment, shopTransactionId };
    }),
  };
}

async function payments(db: Trx, text: string): Promise<FoundItem[]> {
  const names = [
    ['paymentId', 'payment_id', text],
    ['shopTransactionId', 'shop_transaction_id', orderKey(text)],
    ['subscriptionToken', 'subscription_token', text],
  ] as const;
  const hits: FoundItem[] = [];
  for (const [matched, column, value] of names) {
    const rows = await db
      .selectFrom('payments')
      .select(['id', 'external', 'state', 'amount_minor', 'currency', 'created_at'])
      .where(column, '=', value)
      .limit(MAX_HITS)
      .execute();
    hits.push(
      ...rows.map(({ id, external, state, amount_minor, currency, created_at }): FoundItem => ({
        kind: 'payment',
        id,
        matched,
        subject: id,
        external,
        state,
        amount: amount_minor ?? undefined,
        currency: currency ?? undefined,
        createdAt: shownTime(created_at),
      })),
    );
  }
  return hits;
}

async function refunds(db: Trx, text: string): Promise<FoundItem[]> {
  const rows = await db
    .selectFrom('refunds')
    .select(['id', 'external', 'state', 'amount_minor', 'currency', 'created_at'])
    .where('external_refund_id', '=', text)
    .limit(MAX_HITS)
    .execute();
  return rows.map(({ id, external, state, amount_minor, currency, created_at }) => ({
    kind: 'refund',
    id,
    matched: 'refundId',
    subject: id,
    external,
    state,
    amount: amount_minor,
    currency,
    createdAt: shownTime(created_at),
  }));
}

async function subscriptions(db: Trx, text: string): Promise<FoundItem[]> {
  const names = [
    ['subscriptionToken', 'token', text],
    ['shopTransactionId', 'shop_transaction_id', orderKey(text)],
  ] as const;
  const hits: FoundItem[] = [];
  for (const [matched, column, value] of names) {
    const rows = await db
      .selectFrom('subscriptions')
      .select(['id', 'external', 'state', 'amount_minor', 'currency', 'created_at'])
      .where(column, '=', value)
      .limit(MAX_HITS)
      .execute();
    hits.push(
      ...rows.map(({ id, external, state, amount_minor, currency, created_at }): FoundItem => ({
        kind: 'subscription',
        id,
        matched,
        subject: id,
        external,
        state,
        amount: amount_minor,
        currency,
        createdAt: shownTime(created_at),
      })),
    );
  }
  return hits;
}

interface ByRequest {
  readonly hits: readonly FoundItem[];
  /** Undefined: everything was searched. */
  readonly since: string | undefined;
}

/**
 * By request id or trace id, which no index has: one that the gateway made contains its time, and so the range of ids;
 * of others the newest rows are read.
 */
async function byRequest(db: Trx, text: string): Promise<ByRequest> {
  const own = OWN_REQUEST_ID.exec(text);
  const matched: SearchedName = TRACE_ID.test(text) ? 'traceId' : 'requestId';
  const hits: FoundItem[] = [];
  let since: number | undefined;
  for (const source of REQUESTED) {
    const { table, prefix, kind } = source;
    const atMs = own ? Number.parseInt(`${own[1]}${own[2]}`, 16) : undefined;
    const from = identifierFloor(prefix, atMs === undefined ? 0 : Math.max(0, atMs - BEFORE_MS));
    const to = atMs === undefined ? `${prefix}_g` : identifierFloor(prefix, atMs + AFTER_MS);
    const { rows: found } = await sql<RequestedRow>`
      select id, request_id, traceparent, external, ${source.columns} from ${sql.table(table)}
      where id >= ${from} and id < ${to} order by id ${atMs === undefined ? sql`desc` : sql`asc`} limit ${LOOK_AT}`.execute(
      db,
    );
    const oldest = atMs === undefined && found.length === LOOK_AT ? timeOf(found.at(-1)!.id) : undefined;
    if (oldest !== undefined && (since === undefined || oldest > since)) since = oldest;
    const matches = (row: RequestedRow): boolean =>
      row.request_id === text || (matched === 'traceId' && shownTraceId(row.traceparent) === text);
    hits.push(
      ...found.filter(matches).map(({ id, external, state, subject }): FoundItem => ({
        kind,
        id,
        matched,
        subject: subject ?? undefined,
        external: external ?? undefined,
        state: state ?? undefined,
        createdAt: shownTime(timeOf(id)),
      })),
    );
  }
  return { hits, since: since === undefined ? undefined : shownTime(since) };
}

/** A row that names the request that caused it. */
interface RequestedRow {
  readonly id: string;
  readonly request_id: string;
  readonly traceparent: string | null;
  readonly external: string | null;
  readonly state: string | null;
  /** The item that it is about. */
  readonly subject: string | null;
}

const REQUESTED = [
  {
    table: 'operations',
    prefix: 'op',
    kind: 'operation',
    columns: sql`state, coalesce(payment_ref, refund_ref, subscription_ref) as subject`,
  },
  { table: 'callbacks', prefix: 'cbk', kind: 'callback', columns: sql`state, null as subject` },
  { table: 'audit_entries', prefix: 'aud', kind: 'act', columns: sql`null as state, subject` },
] as const;

/** The time in a UUIDv7 behind a prefix. */
function timeOf(id: string): number {
  return Number.parseInt(
    id
      .slice(id.indexOf('_') + 1)
      .replaceAll('-', '')
      .slice(0, 12),
    16,
  );
}
