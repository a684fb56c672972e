import { Injectable } from '@nestjs/common';
import { type RawBuilder, sql } from 'kysely';
import type { LedgerEventRow } from '../../operations/ledger-event.table.js';
import { Store, type Trx } from '../../persistence/store.js';
import type { FeedPosition } from './feed-position.js';

/** Changes in the order of the feed, and where the reading goes on. */
export interface FeedSlice {
  readonly events: readonly LedgerEventRow[];
  readonly next: FeedPosition;
}

/** An event of PostgreSQL with its place. */
interface PlacedEvent extends LedgerEventRow {
  readonly xid: string;
  readonly position: number;
}

type Place = Pick<PlacedEvent, 'xid' | 'position'>;

/** A change that was written before one of a slice, and stands after it in the order of transactions. */
interface Earlier extends Place {
  readonly subject: string;
}

const EVENT = sql.raw('id, payment_ref, refund_ref, subscription_ref, at, source, before, after, cause');
const PLACE = sql.raw('xid::text as xid, position');
/** Transactions below are at an end: none can add an event. */
const HORIZON = sql.raw('pg_snapshot_xmin(pg_current_snapshot())');
const START: Place = { xid: '0', position: 0 };
const ALL = 1_000_000;

/** Reads the changes of the ledger in the order in which they were committed, each once. */
@Injectable()
export class FeedRepository {
  constructor(private readonly store: Store) {}

  /** Up to `limit` changes after `position`; a few more where those of one payment stay in order only so. */
  slice(db: Trx, position: FeedPosition, limit: number): Promise<FeedSlice> {
    if (this.store.dialect === 'sqlite') return byId(db, position, limit);
    return position.kind === 'id'
      ? fromBeforeFeed(db, position.id, limit)
      : byTransaction(db, position, limit);
  }

  /** Whether `position` is after everything that the ledger has: it is of another one. */
  async isInFuture(db: Trx, position: FeedPosition): Promise<boolean> {
    if (position.kind === 'transaction') {
      if (this.store.dialect === 'sqlite') return true;
      const { rows } = await sql<{ future: boolean }>`
        select ${position.xid}::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) as future`.execute(db);
      return rows[0]!.future;
    }
    if (position.id === '') return false;
    const newest = await db
      .selectFrom('ledger_events')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    // Without any row, all may have been deleted by retention.
    return newest !== undefined && newest.id < position.id;
  }
}

/** SQLite: one process writes one transaction after the other, and its ids grow. */
async function byId(db: Trx, position: FeedPosition, limit: number): Promise<FeedSlice> {
  const after = position.kind === 'id' ? position.id : '';
  const events = await db
    .selectFrom('ledger_events')
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return { events, next: { kind: 'id', id: events.at(-1)?.id ?? after } };
}

/** PostgreSQL, the events of the releases before the feed: they were committed long ago. */
async function fromBeforeFeed(db: Trx, after: string, limit: number): Promise<FeedSlice> {
  const { rows: events } = await sql<LedgerEventRow>`
    select ${EVENT} from ledger_events where xid = '0' and id > ${after} order by id limit ${limit}`.execute(
    db,
  );
  if (events.length > 0) return { events, next: { kind: 'id', id: events.at(-1)!.id } };
  return byTransaction(db, { kind: 'transaction', ...START }, limit);
}

/**
 * PostgreSQL. Numbers of transactions do not have the order of their commits: only what is below the oldest running
 * one is read, so nothing can come before it later. A transaction that waited for the row of a payment has a lower
 * number than the one that it waited for: such a pair is read in one slice, and put into the order of writing, or
 * waits.
 */
async function byTransaction(
  db: Trx,
  after: Place & { readonly kind: 'transaction' },
  limit: number,
): Promise<FeedSlice> {
  let rows = await placedEvents(db, after, undefined, limit);
  let isCut = false;
  for (;;) {
    const last = rows.at(-1);
    if (last === undefined) return { events: [], next: after };
    const earlier = await earlierBehind(db, rows, last);
    if (earlier.length === 0) {
      const events = rows.toSorted((a, b) => a.position - b.position);
      return { events, next: { kind: 'transaction', xid: last.xid, position: last.position } };
    }
    const readable = earlier.filter((each) => each.isReadable);
    if (readable.length === earlier.length && !isCut) {
      const end = readable.reduce((a, b) => (isBefore(a, b) ? b : a));
      rows = await placedEvents(db, after, end, ALL);
    } else {
      isCut = true;
      rows = rows.slice(
        0,
        rows.findIndex((row) => earlier.some((each) => isPair(row, each))),
      );
    }
  }
}

async function placedEvents(
  db: Trx,
  after: Place,
  end: Place | undefined,
  limit: number,
): Promise<readonly PlacedEvent[]> {
  const { rows } = await sql<PlacedEvent>`
    select ${EVENT}, ${PLACE} from ledger_events
    where xid > '0' and (xid, position) > (${after.xid}::xid8, ${after.position}::bigint)
      and xid < ${HORIZON} ${end ? sql`and (xid, position) <= (${end.xid}::xid8, ${end.position}::bigint)` : sql``}
    order by ledger_events.xid, position limit ${limit}`.execute(db);
  return rows;
}

/** The changes of the same payments, refunds and subscriptions as `rows` that were written before them and stand after `last`. */
async function earlierBehind(
  db: Trx,
  rows: readonly PlacedEvent[],
  last: Place,
): Promise<readonly (Earlier & { readonly isReadable: boolean })[]> {
  const newest = rows.reduce((max, { position }) => Math.max(max, position), 0);
  const of = (
    column: 'payment_ref' | 'refund_ref' | 'subscription_ref',
    condition: RawBuilder<unknown>,
  ): RawBuilder<unknown> => {
    const ids = [...new Set(rows.map((row) => row[column]).filter((id) => id !== null))];
    return sql`
      select ${sql.ref(column)} as subject, ${PLACE}, xid < ${HORIZON} as "isReadable"
      from ledger_events where ${sql.ref(column)} = any(string_to_array(${ids.join()}, ',')) and ${condition} and xid > '0'
        and (xid, position) > (${last.xid}::xid8, ${last.position}::bigint) and position < ${newest}`;
  };
  const { rows: found } = await sql<Earlier & { readonly isReadable: boolean }>`
    ${of('payment_ref', sql`true`)}
    union all ${of('refund_ref', sql`payment_ref is null`)}
    union all ${of('subscription_ref', sql`payment_ref is null`)}`.execute(db);
  return found.filter((each) => rows.some((row) => isPair(row, each)));
}

function isPair(row: PlacedEvent, { subject, position }: Earlier): boolean {
  return row.position > position && [row.payment_ref, row.refund_ref, row.subscription_ref].includes(subject);
}

function isBefore(a: Place, b: Place): boolean {
  const [left, right] = [BigInt(a.xid), BigInt(b.xid)];
  return left === right ? a.position < b.position : left < right;
}
