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
/** Renewed while a turn runs; after it another replica takes over. */
const LEASE_MS = 120_000;
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

  /** One turn. Returns false where nothing had changed, or another replica counts. */
  async count(): Promise<boolean> {
    const nowMs = this.clock.now();
    const stored = await this.store.read((db) => this.#read(db));
    const progress = stored.progress ?? { untilMs: 0, allAtMs: 0 };
    if (progress.holder !== this.#holder && (progress.leaseUntilMs ?? 0) > nowMs) return false;
    const all = nowMs - progress.allAtMs >= ALL_EVERY_MS;
    const hours = all ? await this.#all(nowMs) : await this.#changed(progress.untilMs, nowMs);
    if (hours.length === 0 && !all) return false;
    let lease = await this.#lease(stored.text, progress);
    // The newest first: they are looked at most.
    for (const hour of hours.toSorted((a, b) => b - a)) {
      if (lease === undefined) return false;
      await this.#countHour(hour);
      lease = await this.#renewed(lease);
    }
    const end: Progress = { untilMs: nowMs, allAtMs: all ? nowMs : progress.allAtMs };
    return this.store.transaction(async (trx) => {
      if (all) await this.totals.deleteBefore(trx, hourOf(nowMs) - KEPT_HOURS);
      return this.#write(trx, lease && JSON.stringify(lease), end);
    });
  }

  /** When the totals were counted last; undefined before the first time. */
  async countedAt(db: Trx): Promise<number | undefined> {
    const { progress } = await this.#read(db);
    return progress && progress.untilMs > 0 ? progress.untilMs : undefined;
  }

  /** The hours that events since `untilMs` have changed, without those that are no longer kept. */
  async #changed(untilMs: number, nowMs: number): Promise<number[]> {
    const hours = new Set<number>();
    let after = identifierFloor('evt', untilMs - LATE_MS);
    for (let more = true; more;) {
      const changed = await this.store.read((db) => this.totals.changedHours(db, after));
      for (const hour of changed.hours) hours.add(hour);
      ({ more } = changed);
      after = changed.last ?? after;
    }
    return [...hours].filter((hour) => hour > hourOf(nowMs) - KEPT_HOURS);
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

  async #countHour(hour: number): Promise<void> {
    const sums = new Map<string, NewTotal>();
    for (const subject of SUBJECTS) {
      for (let after: string | undefined, more = true; more;) {
        const { totals, last } = await this.store.read((db) => this.totals.slice(db, subject, hour, after));
        for (const total of totals) add(sums, { ...total, subject });
        more = last !== undefined;
        after = last;
      }
    }
    await this.totals.replace(this.store, hour, [...sums.values()]);
  }

  /** All hours that are kept and not empty. */
  async #all(nowMs: number): Promise<number[]> {
    const from = hourOf(nowMs) - KEPT_HOURS + 1;
    const hours = new Set(await this.store.read((db) => this.totals.storedHours(db, from)));
    for (let hour: number | undefined = from - 1; hour !== undefined;) {
      const next: number = hour + 1;
      hour = await this.store.read((db) => this.totals.nextHour(db, next));
      if (hour !== undefined) hours.add(hour);
    }
    return [...hours];
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
