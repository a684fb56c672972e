import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { dialectOf } from '../persistence/dialect.js';
import type { Store, Trx } from '../persistence/store.js';
import { identifierFloor, timeOfIdentifier } from '../shared/identifier.js';
import { HOUR_MS, type HourlyTotalRow, hourOf, type TotalSubject } from './hourly-total.table.js';

const TABLES = { payment: 'payments', refund: 'refunds' } as const;
const PREFIXES = { payment: 'pay', refund: 'ref' } as const;

/**
 * Rows that are read at once. On SQLite nothing else runs meanwhile: half a millisecond or so. On PostgreSQL each read is a round
 * trip.
 */
const SLICE = { sqlite: 500, postgres: 2_000 } as const;

type Total = Pick<HourlyTotalRow, 'currency' | 'state' | 'items' | 'amount_minor'>;

export type NewTotal = Omit<HourlyTotalRow, 'hour'>;

/** The sums of a part of an hour. */
export interface Slice {
  readonly totals: readonly Total[];
  /** The last id of the slice; undefined where the hour has no more. */
  readonly last: string | undefined;
}

/** What has changed in a part of the ledger's events. */
export interface ChangedHours {
  readonly hours: ReadonlySet<number>;
  /** The last event that was read; undefined where there is none. */
  readonly last: string | undefined;
  readonly more: boolean;
}

/** Of a part of the ledger's events: payments or refunds that were made within a minute or so. */
interface SubjectsOfEvents {
  /** Null: events of subscriptions. */
  readonly first: string | null;
  readonly newest: string | null;
  readonly events: number;
  readonly last: string;
}

/** An id's prefix and the first 8 digits of its time, which stand for 65 seconds: no more than two hours. */
const GROUPED_CHARACTERS = 'pay_'.length + 8;

/** Reads ledgers and totals. Each read is short: of a range of the primary key, which is ordered by time. */
@Injectable()
export class HourlyTotalRepository {
  /** The id of the newest event; undefined if there is none. */
  async newestEvent(db: Trx): Promise<string | undefined> {
    const row = await db
      .selectFrom('ledger_events')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.id;
  }

  /**
   * The hours of the payments and refunds that the events after the id `after`, until `newest`, are about: of a slice of
   * them. The database groups them: a row for each would cost four times as much.
   */
  async changedHours(db: Trx, after: string, newest: string): Promise<ChangedHours> {
    const limit = SLICE[dialectOf(db)];
    const { rows } = await sql<SubjectsOfEvents>`
      select min(ref) as first, max(ref) as newest, count(*) as events, max(id) as last
      from (select id, coalesce(refund_ref, payment_ref) as ref from ledger_events
            where id > ${after} and id <= ${newest} order by id limit ${limit}) as slice
      group by substr(ref, 1, ${GROUPED_CHARACTERS})`.execute(db);
    const refs = rows.flatMap(({ first, newest }) => [first, newest]).filter((ref) => ref !== null);
    const seen = rows.reduce((sum, { events }) => sum + events, 0);
    return {
      hours: new Set(refs.map((ref) => hourOf(timeOfIdentifier(ref)))),
      last: lastOf(rows),
      more: seen === limit,
    };
  }

  /**
   * Sums up the rows of `hour` after the id `after`, its first slice by default. A payment is CREATED while its call
   * runs; it counts once it has an event.
   */
  async slice(db: Trx, subject: TotalSubject, hour: number, after?: string): Promise<Slice> {
    const limit = SLICE[dialectOf(db)];
    const table = sql.table(TABLES[subject]);
    const from = after ?? identifierFloor(PREFIXES[subject], hour * HOUR_MS);
    const end = identifierFloor(PREFIXES[subject], (hour + 1) * HOUR_MS);
    const { rows } = await sql<Total & { readonly last: string; readonly seen: number }>`
      select coalesce(currency, '') as currency, state, count(*) as items,
        cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor, max(id) as last
      from (select id, currency, state, amount_minor from ${table}
            where id > ${from} and id < ${end} order by id limit ${limit}) as slice
      group by coalesce(currency, ''), state`.execute(db);
    const seen = rows.reduce((sum, { items }) => sum + items, 0);
    const last = lastOf(rows);
    const totals = rows
      .filter(({ state }) => state !== 'CREATED')
      .map(({ currency, state, items, amount_minor }) => ({ currency, state, items, amount_minor }));
    return { totals, last: seen === limit ? last : undefined };
  }

  /** The first hour from `hour` on with a payment or refund in it; undefined if there is none. */
  async nextHour(db: Trx, hour: number): Promise<number | undefined> {
    const atMs = hour * HOUR_MS;
    const { rows } = await sql<{ payment: string | null; refund: string | null }>`
      select (select min(id) from payments where id >= ${identifierFloor('pay', atMs)}) as payment,
        (select min(id) from refunds where id >= ${identifierFloor('ref', atMs)}) as refund`.execute(db);
    const { payment, refund } = rows[0]!;
    const hours = [payment, refund].filter((id) => id !== null).map((id) => hourOf(timeOfIdentifier(id)));
    return hours.length === 0 ? undefined : Math.min(...hours);
  }

  /** The hours from `hour` on that have totals. */
  async storedHours(db: Trx, hour: number): Promise<number[]> {
    const rows = await db
      .selectFrom('hourly_totals')
      .select('hour')
      .distinct()
      .where('hour', '>=', hour)
      .execute();
    return rows.map((row) => row.hour);
  }

  /** Replaces the totals of an hour where they are others. */
  async replace(store: Store, hour: number, totals: readonly NewTotal[]): Promise<void> {
    const stored = await store.read((db) =>
      db.selectFrom('hourly_totals').selectAll().where('hour', '=', hour).execute(),
    );
    if (keyOf(stored) === keyOf(totals)) return;
    await store.transaction(async (trx) => {
      await trx.deleteFrom('hourly_totals').where('hour', '=', hour).execute();
      if (totals.length === 0) return;
      await trx
        .insertInto('hourly_totals')
        .values(totals.map((total) => ({ ...total, hour })))
        .execute();
    });
  }

  async deleteBefore(trx: Trx, hour: number): Promise<void> {
    await trx.deleteFrom('hourly_totals').where('hour', '<', hour).execute();
  }

  /**
   * The totals since `fromHour`, summed up over periods of `hours` that begin there, oldest first. `hour` is the number
   * of the period, from 0. Amounts are exact below 2^53.
   */
  async periods(db: Trx, fromHour: number, hours: number): Promise<readonly HourlyTotalRow[]> {
    const { rows } = await sql<HourlyTotalRow>`
      select (hour - cast(${fromHour} as integer)) / cast(${hours} as integer) as hour, subject, currency, state,
        cast(sum(items) as double precision) as items,
        cast(sum(amount_minor) as double precision) as amount_minor
      from hourly_totals where hour >= ${fromHour}
      group by 1, 2, 3, 4 order by 1`.execute(db);
    return rows;
  }
}

function lastOf(rows: readonly { readonly last: string }[]): string | undefined {
  return rows
    .map(({ last }) => last)
    .toSorted()
    .at(-1);
}

function keyOf(totals: readonly NewTotal[]): string {
  const keys = totals.map(({ subject, currency, state, items, amount_minor }) =>
    [subject, currency, state, items, amount_minor].join(' '),
  );
  return keys.toSorted().join();
}
