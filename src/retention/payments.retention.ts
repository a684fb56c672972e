import { Injectable, Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { forUpdateSkipLocked } from '../persistence/dialect.js';
import { Store, type Trx } from '../persistence/store.js';
import { identifierFloor } from '../shared/identifier.js';
import { type ArchiveRow, DAY_MS, type DayTotal } from './archive.table.js';
import { DayTotals } from './day-totals.js';
import type { DeletedPage } from './retained-rows.js';
import { RetentionMetrics } from './retention.metrics.js';
import { SNAPSHOT_MARGIN_MS } from './snapshot.js';

/** Payments that are summed up at once: a millisecond or two on SQLite. */
const SUMMED = 1_000;

/** Each with its rows of other tables. */
const PAYMENTS_PER_STEP = { sqlite: 20, postgres: 100 } as const;

/** The day that is at work, and how far. */
interface Progress {
  readonly archive: ArchiveRow;
  readonly phase: 'books' | 'delete';
  /** The id after which it continues. */
  readonly after: string;
  readonly totals: DayTotals;
  /** What was deleted of the day when its sums began. */
  readonly deletedBefore: string;
}

/**
 * Deletes payments of days that `tollgate export` has archived and that have not changed since (SPEC §10): with their
 * refunds and everything that is only about them. First sums up the day: what is there and what was deleted must be what
 * was archived. The sums stay.
 */
@Injectable()
export class PaymentsRetention {
  readonly #logger = new Logger(PaymentsRetention.name);
  #progress: Progress | undefined;
  /** Days before it are done in this pass. */
  #nextDay = 0;
  #differing = 0;

  constructor(
    private readonly store: Store,
    private readonly metrics: RetentionMetrics,
  ) {}

  /** One step in `trx`, through the archived days that ended at `endedByMs` or earlier; without `last` once all are done. */
  async step(trx: Trx, endedByMs: number): Promise<DeletedPage> {
    this.#progress ??= await this.#next(trx, endedByMs);
    if (this.#progress === undefined) {
      this.metrics.differingDays = this.#differing;
      this.#differing = 0;
      this.#nextDay = 0;
      return { rows: 0, last: undefined };
    }
    const progress = this.#progress;
    const last = progress.after;
    if (progress.phase === 'delete') {
      const deleted = await this.#delete(trx, progress, endedByMs);
      this.#progress = deleted && { ...progress, after: deleted.last };
      return { rows: deleted?.rows ?? 0, last };
    }
    this.#progress = await this.#compare(trx, progress);
    return { rows: 0, last };
  }

  async #next(trx: Trx, endedByMs: number): Promise<Progress | undefined> {
    const { rows } = await sql<ArchiveRow>`
      select * from archives as newest where day >= ${this.#nextDay} and day < ${Math.floor(endedByMs / DAY_MS)}
        and not exists (select 1 from archives as later where later.day = newest.day and later.sequence > newest.sequence)
      order by day limit 1`.execute(trx);
    const [archive] = rows;
    if (!archive) return undefined;
    this.#nextDay = archive.day + 1;
    const { deleted } = await archivedTotals(trx, archive.day);
    return {
      archive,
      phase: 'books',
      after: beginOf(archive.day),
      totals: new DayTotals(),
      deletedBefore: deleted.text,
    };
  }

  /** Undefined where the day must stay. */
  async #compare(trx: Trx, progress: Progress): Promise<Progress | undefined> {
    const { archive, totals } = progress;
    const end = beginOf(archive.day + 1);
    const { rows: page } = await sql<{ last: string | null; changed: number | null }>`
      select max(id) as last, max(updated_at) as changed from (select id, updated_at from payments
        where id > ${progress.after} and id < ${end} order by id limit ${SUMMED}) as page`.execute(trx);
    const { last, changed } = page[0]!;
    if (last !== null) {
      if (changed! > archive.snapshot_at - SNAPSHOT_MARGIN_MS) return this.#differs(archive);
      for (const total of await sumsOf(trx, progress.after, last)) totals.add(total);
      return { ...progress, after: last };
    }
    const { archived, deleted } = await archivedTotals(trx, archive.day);
    // Another replica deletes the day meanwhile: what it deletes may be in both sums, or in neither.
    if (deleted.text !== progress.deletedBefore) return undefined;
    for (const total of deleted.all) totals.add(total);
    if (archived.text !== totals.text) return this.#differs(archive);
    return { ...progress, phase: 'delete', after: beginOf(archive.day) };
  }

  #differs({ day, file }: ArchiveRow): undefined {
    this.#differing += 1;
    this.#logger.warn(
      { day: new Date(day * DAY_MS).toISOString().slice(0, 10), file },
      'Payments have changed since they were archived and are not deleted: export the day again',
    );
    return undefined;
  }

  async #delete(
    trx: Trx,
    progress: Progress,
    endedByMs: number,
  ): Promise<{ readonly rows: number; readonly last: string } | undefined> {
    const { archive } = progress;
    const end = beginOf(archive.day + 1);
    const { rows: page } = await sql<{ last: string | null }>`
      select max(id) as last from (select id from payments where id > ${progress.after} and id < ${end}
        order by id limit ${PAYMENTS_PER_STEP[this.store.dialect]}) as page`.execute(trx);
    const last = page[0]!.last;
    if (last === null) return undefined;
    const changedBy = Math.min(endedByMs, archive.snapshot_at - SNAPSHOT_MARGIN_MS);
    const ids = await deletable(trx, { after: progress.after, last, changedBy });
    if (ids.length > 0) await deletePayments(trx, archive.day, ids);
    return { rows: ids.length, last };
  }
}

/** The sums of a day in its archive, and of what was deleted of them. */
async function archivedTotals(
  trx: Trx,
  day: number,
): Promise<{ readonly archived: DayTotals; readonly deleted: DayTotals }> {
  const [archived, deleted] = [new DayTotals(), new DayTotals()];
  const rows = await trx.selectFrom('archive_totals').selectAll().where('day', '=', day).execute();
  for (const row of rows) {
    archived.add(row);
    deleted.add({ ...row, items: row.deleted_items, amount_minor: row.deleted_amount_minor });
  }
  return { archived, deleted };
}

function beginOf(day: number): string {
  return identifierFloor('pay', day * DAY_MS);
}

/** Sums of the payments in a range of ids, and of their refunds. */
async function sumsOf(trx: Trx, after: string, last: string): Promise<readonly DayTotal[]> {
  const { rows } = await sql<DayTotal>`
    select 'payment' as subject, external, coalesce(currency, '') as currency, state, count(*) as items,
      cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor
    from payments where id > ${after} and id <= ${last} group by 2, 3, 4
    union all
    select 'refund', refunds.external, refunds.currency, refunds.state, count(*),
      cast(sum(refunds.amount_minor) as bigint)
    from payments join refunds on ${REFUNDS_OF}
    where payments.id > ${after} and payments.id <= ${last} group by 2, 3, 4`.execute(trx);
  return rows;
}

/** By the index of refunds. */
const REFUNDS_OF = sql`refunds.external = payments.external and refunds.payment_id = payments.payment_id
  and refunds.payment_ref = payments.id`;

/** The payments of a range that have ended, locked, with nothing open about them and their refunds. */
async function deletable(
  trx: Trx,
  { after, last, changedBy }: { after: string; last: string; changedBy: number },
): Promise<string[]> {
  const query = trx
    .selectFrom('payments')
    .select('payments.id')
    .where('payments.id', '>', after)
    .where('payments.id', '<=', last)
    .where('payments.state', 'in', ['ACCEPTED', 'FAILED'])
    .where('payments.updated_at', '<=', changedBy)
    .where('payments.parked_at', 'is', null)
    .where('payments.lease_token', 'is', null)
    .where('payments.unguarded_acceptance', '=', 0)
    .where(
      sql<boolean>`not exists (select 1 from refunds where ${REFUNDS_OF}
        and (refunds.state not in ('OK', 'KO') or refunds.reversal is not null or refunds.updated_at > ${changedBy}))`,
    )
    .where(
      sql<boolean>`not exists (select 1 from operations where operations.payment_ref = payments.id
        and (operations.state in ('running', 'unknown') or operations.key_held = 1 or operations.repeat_held = 1))`,
    )
    .where(
      sql<boolean>`not exists (select 1 from notifications where notifications.payment_ref = payments.id
        and notifications.state not in ('DELIVERED', 'SUPERSEDED'))`,
    )
    .where(
      sql<boolean>`not exists (select 1 from callbacks where callbacks.payment_id = payments.payment_id
        and callbacks.external = payments.external and callbacks.finished_at is null)`,
    )
    // The newest change stays: by it, the feed knows cursors that are not of this ledger.
    .where(
      sql<boolean>`not exists (select 1 from ledger_events as newest
        where newest.id = (select max(id) from ledger_events) and (newest.payment_ref = payments.id
          or newest.refund_ref in (select refunds.id from refunds where ${REFUNDS_OF})))`,
    );
  const rows = await forUpdateSkipLocked(trx, query).execute();
  return rows.map(({ id }) => id);
}

async function deletePayments(trx: Trx, day: number, ids: readonly string[]): Promise<void> {
  const payments = sql.join(ids);
  const { rows: refunds } = await sql<{ id: string }>`
    select refunds.id from payments join refunds on ${REFUNDS_OF} where payments.id in (${payments})`.execute(
    trx,
  );
  const all = sql.join([...ids, ...refunds.map(({ id }) => id)]);
  await addDeleted(trx, day, ids);
  const { rows: notifications } = await sql<{ id: string }>`
    delete from notifications where payment_ref in (${all}) returning id`.execute(trx);
  if (notifications.length > 0) {
    const sent = sql.join(notifications.map(({ id }) => id));
    for (const table of ['notification_attempts', 'notification_replays'])
      await sql`delete from ${sql.table(table)} where notification_ref in (${sent})`.execute(trx);
  }
  await sql`delete from callbacks where exists (select 1 from payments where payments.id in (${payments})
    and payments.payment_id = callbacks.payment_id and payments.external = callbacks.external)
    and payment_id in (select payment_id from payments where id in (${payments}))`.execute(trx);
  await sql`delete from status_queries where subject_ref in (${all})`.execute(trx);
  await sql`delete from erasures where subject_ref in (${all})`.execute(trx);
  await sql`delete from ledger_events where payment_ref in (${payments})`.execute(trx);
  await sql`delete from operations where payment_ref in (${payments})`.execute(trx);
  if (refunds.length > 0) {
    const refundIds = sql.join(refunds.map(({ id }) => id));
    await sql`delete from ledger_events where refund_ref in (${refundIds})`.execute(trx);
    await sql`delete from operations where refund_ref in (${refundIds})`.execute(trx);
    await sql`delete from refunds where id in (${refundIds})`.execute(trx);
  }
  await sql`delete from payments where id in (${payments})`.execute(trx);
}

/** The sums of a day stay: what is deleted moves from the ledger to them. */
async function addDeleted(trx: Trx, day: number, ids: readonly string[]): Promise<void> {
  const payments = sql.join(ids);
  const { rows } = await sql<DayTotal>`
    select 'payment' as subject, external, coalesce(currency, '') as currency, state, count(*) as items,
      cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor
    from payments where id in (${payments}) group by 2, 3, 4
    union all
    select 'refund', refunds.external, refunds.currency, refunds.state, count(*),
      cast(sum(refunds.amount_minor) as bigint)
    from payments join refunds on ${REFUNDS_OF} where payments.id in (${payments}) group by 2, 3, 4`.execute(
    trx,
  );
  for (const { subject, external, currency, state, items, amount_minor } of rows) {
    const updated = await trx
      .updateTable('archive_totals')
      .set((eb) => ({
        deleted_items: eb('deleted_items', '+', items),
        deleted_amount_minor: eb('deleted_amount_minor', '+', amount_minor),
      }))
      .where('day', '=', day)
      .where('subject', '=', subject)
      .where('external', '=', external)
      .where('currency', '=', currency)
      .where('state', '=', state)
      .executeTakeFirst();
    if (updated.numUpdatedRows !== 1n)
      throw new Error(`No archived total of ${subject} ${external} ${state}`);
  }
}
