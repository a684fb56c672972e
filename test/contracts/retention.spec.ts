import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { sql } from 'kysely';
import { loadConfig } from '../../src/config/load-config.js';
import type { DatabaseSchema } from '../../src/persistence/database.js';
import { deletePage, RETAINED_ROWS } from '../../src/retention/retained-rows.js';
import { newIdentifier } from '../../src/shared/identifier.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { gatherStatistics, plansOf } from '../support/query-plans.js';
import { retentionWith } from '../support/retention-pass.js';
import { TestClock } from '../support/test-clock.js';
import { fillLedger } from '../scale/ledger-filler.js';

const PAYMENTS = 2_000;
const UNTIL_MS = Date.UTC(2026, 0, 31, 12);
const DAY_MS = 86_400_000;

type Row = Record<string, unknown> & { readonly id: string };

eachDatabase((name, open) => {
  let database: TestDatabase;
  let clock: TestClock;

  const pass = async (RETENTION = 'events=off'): Promise<Record<string, number>> => {
    const { retention, deleted } = retentionWith(database.store, clock, RETENTION);
    while ((await retention.step()).more);
    return Object.fromEntries([...deleted].filter(([, rows]) => rows > 0));
  };
  const rowsOf = (table: keyof DatabaseSchema): Promise<Row[]> =>
    database.store.read(async (db) => (await sql<Row>`select * from ${sql.table(table)}`.execute(db)).rows);
  const all = async () => {
    const [
      payments,
      refunds,
      operations,
      callbacks,
      notifications,
      attempts,
      events,
      queries,
      subscriptions,
    ] = await Promise.all(
      (
        [
          'payments',
          'refunds',
          'operations',
          'callbacks',
          'notifications',
          'notification_attempts',
          'ledger_events',
          'status_queries',
          'subscriptions',
        ] as const
      ).map(rowsOf),
    );
    return {
      payments: payments!,
      refunds: refunds!,
      operations: operations!,
      callbacks: callbacks!,
      notifications: notifications!,
      attempts: attempts!,
      events: events!,
      queries: queries!,
      subscriptions: subscriptions!,
    };
  };
  type All = Awaited<ReturnType<typeof all>>;
  const ids = (rows: readonly Row[]): string[] => rows.map(({ id }) => id).toSorted();
  const openIds = ({ payments, refunds }: All): Set<unknown> =>
    new Set([
      ...payments.filter(({ state }) => /CREATED|PENDING|UNKNOWN/.test(String(state))).map(({ id }) => id),
      ...refunds.filter(({ state }) => /PENDING|UNKNOWN/.test(String(state))).map(({ id }) => id),
    ]);

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await open();
    clock = new TestClock(UNTIL_MS);
    await fillLedger(database.store, { payments: PAYMENTS, untilMs: UNTIL_MS });
    const { payments } = await all();
    await database.store.transaction(async (trx) => {
      for (const { id } of payments.slice(0, 500))
        await trx
          .insertInto('status_queries')
          .values({
            id: newIdentifier('qry', UNTIL_MS),
            subject_ref: id,
            source: 'reconciliation',
            cause: null,
            result: 'PENDING',
            detail: null,
            first_at: UNTIL_MS,
            last_at: UNTIL_MS,
            times: 1,
          })
          .execute();
      // A held key, and a window that refuses repeats: both stay, whatever their age.
      const held = trx.selectFrom('operations').select('id').orderBy('id').limit(1);
      await trx.updateTable('operations').set({ key_held: 1 }).where('id', '=', held).execute();
    });
    await gatherStatistics(database.store);
  });
  afterAll(() => database.dispose());

  it('deletes nothing that is younger, and nothing that is switched off', async () => {
    clock.advance(29 * DAY_MS);
    expect(await pass()).toEqual({});
    clock.advance(400 * DAY_MS);
    expect(await pass('operations=off,callbacks=off,notifications=off,queries=off')).toEqual({});
    clock.advance(-400 * DAY_MS);
  });

  it('reads each table by its key', async () => {
    for (const rows of RETAINED_ROWS) {
      const page = { after: undefined, endedByMs: clock.now(), limit: 10 };
      // Explained on an empty range: nothing is deleted.
      const { plans } = await plansOf(database.store, (db) =>
        deletePage(db, rows, { ...page, endedByMs: UNTIL_MS - PAYMENTS * 1_000 - 1 }),
      );
      const steps = plans.flatMap((plan) => plan.steps).filter((step) => step.includes(rows.table));
      expect([rows.table, steps.filter((step) => !/index|cte|page/i.test(step))]).toEqual([rows.table, []]);
    }
  });

  it('deletes what has ended, each table after its time, and keeps what is open', async () => {
    const before = await all();
    const open = openIds(before);
    const held = before.operations.toSorted((a, b) => (a.id < b.id ? -1 : 1))[0]!.id;
    clock.advance(2 * DAY_MS);
    expect(await pass()).toEqual({ operations: expect.any(Number) });
    const operations = await rowsOf('operations');
    const stay = before.operations.filter(
      ({ id, state, payment_ref, refund_ref }) =>
        id === held || state === 'unknown' || open.has(payment_ref) || open.has(refund_ref),
    );
    expect(stay.length).toBeGreaterThan(20);
    expect(ids(operations)).toEqual(ids(stay));

    clock.advance(60 * DAY_MS);
    const counts = await pass();
    const after = await all();
    expect(Object.keys(counts).toSorted()).toEqual(['callbacks', 'notifications', 'queries']);
    const waiting = before.notifications.filter(({ state }) => state === 'DEAD' || state === 'RETRY');
    expect(waiting.length).toBe(4);
    expect(ids(after.notifications)).toEqual(ids(waiting));
    expect(new Set(after.attempts.map(({ notification_ref }) => notification_ref))).toEqual(
      new Set(ids(waiting)),
    );
    expect(ids(after.queries)).toEqual(
      ids(before.queries.filter(({ subject_ref }) => open.has(subject_ref))),
    );
    const openPaymentIds = new Set(
      before.payments.filter(({ id }) => open.has(id)).map(({ payment_id }) => payment_id),
    );
    expect(ids(after.callbacks)).toEqual(
      ids(before.callbacks.filter(({ payment_id }) => openPaymentIds.has(payment_id))),
    );
    // Money, and its story.
    for (const table of ['payments', 'refunds', 'events', 'subscriptions'] as const)
      expect([table, after[table]]).toEqual([table, before[table]]);
    expect(await pass()).toEqual({});
  });

  it('deletes events where it is told to, not those of open payments and not the newest', async () => {
    const before = await all();
    const open = openIds(before);
    await pass('events=30d');
    const { events, payments } = await all();
    const newest = ids(before.events).at(-1);
    const stay = before.events.filter(
      ({ id, payment_ref, refund_ref }) => id === newest || open.has(payment_ref) || open.has(refund_ref),
    );
    expect(stay.length).toBeGreaterThan(20);
    expect(ids(events)).toEqual(ids(stay));
    expect(payments).toEqual(before.payments);
  });

  if (name === 'PostgreSQL') {
    it('leaves it to the replica that is at it', async () => {
      await database.store.transaction(async (trx) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || ' retention', 0))`.execute(
          trx,
        );
        expect(await retentionWith(database.store, clock, 'events=30d').retention.step()).toMatchObject({
          more: false,
        });
      });
      expect(await retentionWith(database.store, clock, 'events=30d').retention.step()).toMatchObject({
        more: true,
      });
    });
  }

  if (name.startsWith('SQLite')) {
    it('gives the space back, but for a share', async () => {
      const pages = () =>
        database.store.read((db) =>
          sql<{ n: number; free: number }>`
            select page_count as n, freelist_count as free from pragma_page_count, pragma_freelist_count`
            .execute(db)
            .then(({ rows }) => rows[0]!),
        );
      const { n, free } = await pages();
      expect(free / n).toBeLessThan(0.07);
      await database.store.transaction((trx) => sql`delete from payments`.execute(trx));
      expect((await pages()).free / n).toBeGreaterThan(0.3);
      await pass();
      expect((await pages()).n).toBeLessThan(n * 0.8);
    });
  }
});

describe('RETENTION', () => {
  it.each([
    ['operations=1h', 'operations must be at least 1d, IDEMPOTENCY_TTL_HOURS'],
    ['notifications=2d', 'notifications must be at least 77h, all of NOTIFICATION_SCHEDULE'],
    ['callbacks=6d', 'callbacks must be at least 166h'],
    ['payments=30d', 'payments must be at least 31d'],
    ['operations=30', 'got "operations=30" (item 1)'],
    ['audit=30d', '(item 1)'],
    ['events=30d,events=off', 'item 2 is a duplicate'],
  ])('%s stops the start', (RETENTION, message) => {
    expect(() => loadConfig({ RETENTION })).toThrow(message);
  });
});
