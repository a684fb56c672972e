import { Injectable } from '@nestjs/common';
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { identifierFloor, newIdentifier } from '../shared/identifier.js';
import { HourlyTotalRepository, type NewTotal } from './hourly-total.repository.js';
import { hourOf, type TotalSubject } from './hourly-total.table.js';

/** A little more than the 30 days that are shown. */
const KEPT_HOURS = 31 * 24;
/** An event may become visible this long after its id was made: no transaction takes longer. */
const LATE_MS = 60_000;
/** Everything is counted again once a day: what no event has announced, such as an amount learned later. */
const ALL_EVERY_MS = 86_400_000;
/** Renewed between steps; after it another replica takes over. */
const LEASE_MS = 60_000;
const SUBJECTS: readonly TotalSubject[] = ['payment', 'refund'];
/** The key of {@link Progress} in the table `settings`. */
const SETTING = 'hourly-totals';

/** How far the totals are counted, in the table `settings`. */
interface Progress {
  /** Events until this time are counted. */
  readonly untilMs: number;
  /** When everything was counted last. */
  readonly allAtMs: number;
  /** The replica that counts now. */
  readonly holder?: string;
  readonly leaseUntilMs?: number;
}

type Lease = Required<Progress>;

/**
 * Keeps the hourly totals (SPEC §9): counts again each hour with a payment or refund that an event has changed. A count
 * reads what the ledger holds now, so that one that is repeated, interrupted or done twice does no harm.
 */
@Injectable()
export class TotalsCounter {
  readonly #holder: string;

  constructor(
    private readonly store: Store,
    private readonly totals: HourlyTotalRepository,
    private readonly clock: Clock,
  ) {
    this.#holder = newIdentifier('req', clock.now());
  }

  /** All {@link steps} of a count at once. */
  async count(): Promise<boolean> {
    const steps = this.steps();
    for (;;) {
      const { done, value } = await steps.next();
      if (done) return value;
    }
  }

  /**
   * One count, in steps. Each reads a slice of the ledger at most: on SQLite nothing else runs meanwhile. Returns false
   * where nothing had changed, or another replica counts.
   */
  async *steps(): AsyncGenerator<void, boolean> {
    const nowMs = this.clock.now();
    const stored = await this.store.read((db) => this.#read(db));
    const progress = stored.progress ?? { untilMs: 0, allAtMs: 0 };
    if (progress.holder !== this.#holder && (progress.leaseUntilMs ?? 0) > nowMs) return false;
    const all = nowMs - progress.allAtMs >= ALL_EVERY_MS;
    const hours = new Set<number>();
    for await (const found of all ? this.#all(nowMs) : this.#changed(progress.untilMs, nowMs)) {
      for (const hour of found) hours.add(hour);
      yield;
    }
    if (hours.size === 0 && !all) return false;
    let lease = await this.#lease(stored.text, progress);
    if (lease === undefined) return false;
    // The newest first: they are looked at most.
    for (const hour of [...hours].toSorted((a, b) => b - a)) {
      const sums = new Map<string, NewTotal>();
      for await (const slice of this.#slices(hour)) {
        for (const total of slice) add(sums, total);
        yield;
        lease = await this.#renewed(lease);
        if (lease === undefined) return false;
      }
      await this.totals.replace(this.store, hour, [...sums.values()]);
    }
    const held = JSON.stringify(lease);
    const end: Progress = { untilMs: nowMs, allAtMs: all ? nowMs : progress.allAtMs };
    return this.store.transaction(async (trx) => {
      if (all) await this.totals.deleteBefore(trx, hourOf(nowMs) - KEPT_HOURS);
      return this.#write(trx, held, end);
    });
  }

  /** When the totals were counted last; undefined before the first time. */
  async countedAt(db: Trx): Promise<number | undefined> {
    const { progress } = await this.#read(db);
    return progress && progress.untilMs > 0 ? progress.untilMs : undefined;
  }

  /** The hours that events since `untilMs` have changed, without those that are no longer kept. */
  async *#changed(untilMs: number, nowMs: number): AsyncGenerator<readonly number[]> {
    // Events that come meanwhile belong to the next count: this one would never end while many do.
    const newest = await this.store.read((db) => this.totals.newestEvent(db));
    if (newest === undefined) return;
    let after = identifierFloor('evt', untilMs - LATE_MS);
    for (let more = true; more;) {
      const changed = await this.store.read((db) => this.totals.changedHours(db, after, newest));
      yield [...changed.hours].filter((hour) => hour > hourOf(nowMs) - KEPT_HOURS);
      ({ more } = changed);
      after = changed.last ?? after;
    }
  }

  /** Undefined if another replica was faster. */
  async #lease(before: string | undefined, { untilMs, allAtMs }: Progress): Promise<Lease | undefined> {
    const lease = { untilMs, allAtMs, holder: this.#holder, leaseUntilMs: this.clock.now() + LEASE_MS };
    const written = await this.store.transaction((trx) => this.#write(trx, before, lease));
    return written ? lease : undefined;
  }

  async #renewed(lease: Lease): Promise<Lease | undefined> {
    const leftMs = lease.leaseUntilMs - this.clock.now();
    return leftMs > LEASE_MS / 2 ? lease : this.#lease(JSON.stringify(lease), lease);
  }

  /** The totals of an hour, slice by slice. */
  async *#slices(hour: number): AsyncGenerator<readonly NewTotal[]> {
    for (const subject of SUBJECTS) {
      for (let after: string | undefined, more = true; more;) {
        const { totals, last } = await this.store.read((db) => this.totals.slice(db, subject, hour, after));
        yield totals.map((total) => ({ ...total, subject }));
        more = last !== undefined;
        after = last;
      }
    }
  }

  /** All hours that are kept and not empty. */
  async *#all(nowMs: number): AsyncGenerator<readonly number[]> {
    const from = hourOf(nowMs) - KEPT_HOURS + 1;
    yield await this.store.read((db) => this.totals.storedHours(db, from));
    for (let hour: number | undefined = from - 1; hour !== undefined;) {
      const next: number = hour + 1;
      hour = await this.store.read((db) => this.totals.nextHour(db, next));
      if (hour !== undefined) yield [hour];
    }
  }

  async #read(
    db: Trx,
  ): Promise<{ readonly text: string | undefined; readonly progress: Progress | undefined }> {
    const row = await db.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirst();
    return { text: row?.value, progress: row && (JSON.parse(row.value) as Progress) };
  }

  /** Writes the progress unless it is no longer `before`; returns whether it did. */
  async #write(trx: Trx, before: string | undefined, progress: Progress): Promise<boolean> {
    const value = JSON.stringify(progress);
    const result =
      before === undefined
        ? await trx
            .insertInto('settings')
            .values({ key: SETTING, value })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
        : await trx
            .updateTable('settings')
            .set({ value })
            .where('key', '=', SETTING)
            .where('value', '=', before)
            .executeTakeFirst();
    const rows = 'numUpdatedRows' in result ? result.numUpdatedRows : result.numInsertedOrUpdatedRows;
    return Number(rows ?? 0) === 1;
  }
}

function add(sums: Map<string, NewTotal>, total: NewTotal): void {
  const { subject, currency, state, items, amount_minor } = total;
  const key = `${subject} ${currency} ${state}`;
  const sum = sums.get(key);
  sums.set(key, {
    ...total,
    items: items + (sum?.items ?? 0),
    amount_minor: amount_minor + (sum?.amount_minor ?? 0),
  });
}
