import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ATTENTION_KINDS } from '../../src/admin/attention/attention-item.js';
import { ATTENTION_LIST } from '../../src/admin/attention/attention.list.js';
import type { Config } from '../../src/config/config.js';
import { WorkerHealth } from '../../src/leases/worker.health.js';
import { HealthChecks } from '../../src/observability/health/health-checks.js';
import { keysetOf } from '../../src/admin/lists/keyset.js';
import { type HourlyTotalRow, HOUR_MS, hourOf } from '../../src/totals/hourly-total.table.js';
import type { LedgerEventRow } from '../../src/operations/ledger-event.table.js';
import { HourlyTotalRepository, type Slice } from '../../src/totals/hourly-total.repository.js';
import { TotalsCounter } from '../../src/totals/totals.counter.js';
import { TotalsWorker } from '../../src/totals/totals.worker.js';
import { newIdentifier } from '../../src/shared/identifier.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { gatherStatistics, plansOf } from '../support/query-plans.js';
import { TestClock } from '../support/test-clock.js';
import { fillLedger } from '../scale/ledger-filler.js';

const PAYMENTS = 9_000;
const UNTIL_MS = Date.UTC(2026, 0, 31, 12, 20);
const DAYS_MS = 86_400_000;

eachDatabase((_name, open) => {
  const totals = new HourlyTotalRepository();
  let database: TestDatabase;
  let clock: TestClock;
  let counter: TotalsCounter;

  const counterOf = (): TotalsCounter => new TotalsCounter(database.store, totals, clock);

  beforeAll(async () => {
    database = await open();
    await fillLedger(database.store, { payments: PAYMENTS, untilMs: UNTIL_MS });
    await gatherStatistics(database.store);
    clock = new TestClock(UNTIL_MS);
    counter = counterOf();
  });
  afterAll(() => database.dispose());

  const sumsOf = (rows: readonly Omit<HourlyTotalRow, 'hour'>[]): string[] => {
    const sums = new Map<string, [items: number, amount: number]>();
    for (const { subject, currency, state, items, amount_minor } of rows) {
      const key = `${subject} ${currency} ${state}`;
      const [before, amount] = sums.get(key) ?? [0, 0];
      sums.set(key, [before + items, amount + amount_minor]);
    }
    return [...sums].map(([key, sum]) => `${key} ${sum.join(' ')}`).toSorted();
  };
  const kept = async (): Promise<string[]> =>
    sumsOf(await database.store.read((db) => totals.periods(db, hourOf(clock.now()) - 30 * 24, 31 * 24)));
  /** The same from the ledger itself. */
  const actual = (): Promise<string[]> =>
    database.store.read(async (db) => {
      const payments = await db
        .selectFrom('payments')
        .select(['currency', 'state', 'amount_minor'])
        .execute();
      const refunds = await db.selectFrom('refunds').select(['currency', 'state', 'amount_minor']).execute();
      const rowsOf = (subject: 'payment' | 'refund', rows: typeof payments | typeof refunds) =>
        rows
          .filter(({ state }) => state !== 'CREATED')
          .map(({ currency, state, amount_minor }) => ({
            subject,
            currency: currency ?? '',
            state,
            items: 1,
            amount_minor: amount_minor ?? 0,
          }));
      return sumsOf([...rowsOf('payment', payments), ...rowsOf('refund', refunds)]);
    });
  const eventOf = (id: string, after: 'ACCEPTED' | 'UNKNOWN', atMs: number): LedgerEventRow => ({
    id: newIdentifier('evt', atMs),
    payment_ref: id,
    refund_ref: null,
    subscription_ref: null,
    at: atMs,
    source: 'check',
    before: 'PENDING',
    after,
    cause: null,
  });
  const change = (id: string, state: 'ACCEPTED' | 'UNKNOWN', eventAtMs: number): Promise<void> =>
    database.store.transaction(async (trx) => {
      await trx.updateTable('payments').set({ state }).where('id', '=', id).execute();
      await trx
        .insertInto('ledger_events')
        .values(eventOf(id, state, eventAtMs))
        .execute();
    });
  const oldest = async (): Promise<string> => {
    const { id } = await database.store.read((db) =>
      db.selectFrom('payments').select('id').orderBy('id').limit(1).executeTakeFirstOrThrow(),
    );
    return id;
  };

  it('counts the whole ledger the first time, in steps that read few rows each', async () => {
    expect(await kept()).toEqual([]);
    const { plans } = await plansOf(database.store, (db) =>
      totals.slice(db, 'payment', hourOf(UNTIL_MS - HOUR_MS)),
    );
    const reads = plans.flatMap(({ steps }) => steps).filter((step) => step.includes('payments'));
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.filter((step) => !/index/i.test(step))).toEqual([]);
    const steps = counter.steps();
    let taken = 0;
    while (!(await steps.next()).done) taken += 1;
    // One for each slice of payments at least.
    expect(taken).toBeGreaterThan(PAYMENTS / (database.store.dialect === 'sqlite' ? 500 : 2_000));
    expect((await kept()).length).toBeGreaterThan(5);
    expect(await kept()).toEqual(await actual());
  });

  it('counts an old hour again after a payment of it has changed, and nothing where nothing has', async () => {
    const id = await oldest();
    clock.advance(10 * 60_000);
    // Once more, for an event that came late.
    await counter.count();
    expect(await counter.count()).toBe(false);
    await change(id, 'UNKNOWN', clock.now());
    expect(await kept()).not.toEqual(await actual());
    expect(await counter.count()).toBe(true);
    expect(await kept()).toEqual(await actual());
  });

  it('ends though events come as fast as it reads them', async () => {
    const id = await oldest();
    const steps = counter.steps();
    for (let taken = 0; ; taken += 1) {
      clock.advance(1);
      // As many as one step reads, and more.
      const events = Array.from({ length: 2_500 }, () => eventOf(id, 'ACCEPTED', clock.now()));
      await database.store.transaction((trx) => trx.insertInto('ledger_events').values(events).execute());
      if ((await steps.next()).done) break;
      expect(taken).toBeLessThan(100);
    }
    await counter.count();
    expect(await kept()).toEqual(await actual());
  });

  it('finds a change whose event was committed late', async () => {
    const id = await oldest();
    const beganAtMs = clock.now();
    clock.advance(30_000);
    await counter.count();
    await change(id, 'ACCEPTED', beganAtMs);
    clock.advance(10_000);
    await counter.count();
    expect(await kept()).toEqual(await actual());
  });

  it('lets one replica count at a time, and another take over from one that died', async () => {
    await database.store.transaction((trx) =>
      trx
        .updateTable('settings')
        .set({
          value: JSON.stringify({
            untilMs: clock.now(),
            allAtMs: clock.now(),
            holder: 'other',
            leaseUntilMs: clock.now() + 60_000,
          }),
        })
        .where('key', '=', 'hourly-totals')
        .execute(),
    );
    await change(await oldest(), 'UNKNOWN', clock.now());
    expect(await counter.count()).toBe(false);
    clock.advance(60_001);
    expect(await counterOf().count()).toBe(true);
    expect(await kept()).toEqual(await actual());
  });

  it('gives up a count whose lease has passed to another replica between its steps', async () => {
    await change(await oldest(), 'ACCEPTED', clock.now());
    const paused = counter.steps();
    // Its lease is taken once it knows the hours.
    await paused.next();
    await paused.next();
    clock.advance(60_001);
    expect(await counterOf().count()).toBe(true);
    expect(await kept()).toEqual(await actual());
    await change(await oldest(), 'UNKNOWN', clock.now());
    expect(await paused.next()).toEqual({ done: true, value: false });
    expect(await counter.count()).toBe(true);
    expect(await kept()).toEqual(await actual());
  });

  it('leaves the event loop to others after each step', async () => {
    class CountedSlices extends HourlyTotalRepository {
      inTurn = 0;
      most = 0;
      all = 0;

      override slice(...parameters: Parameters<HourlyTotalRepository['slice']>): Promise<Slice> {
        this.all += 1;
        this.inTurn += 1;
        this.most = Math.max(this.most, this.inTurn);
        return super.slice(...parameters);
      }
    }
    const slices = new CountedSlices();
    clock.advance(DAYS_MS);
    const config = { workers: true } as Config;
    const worker = new TotalsWorker(
      new TotalsCounter(database.store, slices, clock),
      config,
      new WorkerHealth(new HealthChecks(), config),
    );
    worker.onApplicationBootstrap();
    const deadlineAt = performance.now() + 10_000;
    while (slices.all < 5 && performance.now() < deadlineAt) {
      await setImmediate();
      slices.inTurn = 0;
    }
    await worker.beforeApplicationShutdown();
    expect(slices.all).toBeGreaterThanOrEqual(5);
    expect(slices.most).toBe(1);
    // Another replica counts once the lease of this one has ended.
    clock.advance(60_001);
  });

  it('counts everything again once a day, and forgets what is older than a month', async () => {
    await database.store.transaction((trx) =>
      trx.updateTable('payments').set({ amount_minor: 1 }).where('currency', '=', 'JPY').execute(),
    );
    clock.advance(DAYS_MS);
    expect(await counter.count()).toBe(true);
    expect(await kept()).toEqual(await actual());
    clock.advance(32 * DAYS_MS);
    expect(await counter.count()).toBe(true);
    const left = await database.store.read((db) => db.selectFrom('hourly_totals').select('hour').execute());
    expect(left).toEqual([]);
  });

  it('counts the items of attention as their list shows them', async () => {
    const counts = await database.store.read((db) => ATTENTION_LIST.counts(db, [], clock.now()));
    expect(counts.length).toBeGreaterThan(3);
    for (const kind of ATTENTION_KINDS) {
      const query = { kind, limit: 2_000 };
      const { rows } = await database.store.read((db) =>
        ATTENTION_LIST.newest(db, query, keysetOf('attention', undefined, query), [], clock.now()),
      );
      const counted = counts.find((count) => count.kind === kind)?.items ?? 0;
      expect([kind, counted]).toEqual([kind, rows.length]);
    }
  });
});
