import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newIdentifier } from '../../src/shared/identifier.js';
import {
  SubscriptionWatchRepository,
  WATCH_LEASES,
} from '../../src/subscriptions/subscription-watch.repository.js';
import type { NewSubscription } from '../../src/subscriptions/subscription.table.js';
import { nextWatchAt } from '../../src/subscriptions/watch-schedule.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { costlySteps, gatherStatistics, plansOf } from '../support/query-plans.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 31, 12);

function subscription(i: number, columns: Partial<NewSubscription> = {}): NewSubscription {
  return {
    id: newIdentifier('sub', NOW_MS),
    external: i % 3 === 0 ? 'globex' : 'acme',
    caller: 'shop',
    token: `tok_${i}`,
    shop_transaction_id: `order-${i}`,
    amount_minor: 999,
    currency: 'EUR',
    interval_unit: 'MONTH',
    interval_count: 1,
    expires_after: null,
    state: i % 10 === 0 ? 'PAST_DUE' : 'ACTIVE',
    created_at: NOW_MS,
    updated_at: NOW_MS,
    next_ask_at: null,
    asks: 0,
    parked_at: null,
    lease_token: null,
    lease_until: null,
    claimed_token: null,
    ...columns,
  };
}

eachDatabase((_name, open) => {
  const watches = new SubscriptionWatchRepository();
  let database: TestDatabase;
  beforeEach(async () => {
    database = await open();
  });
  afterEach(() => database.dispose());

  const insert = (rows: readonly NewSubscription[]): Promise<unknown> =>
    database.store.transaction(async (trx) => {
      for (let i = 0; i < rows.length; i += 200)
        await trx
          .insertInto('subscriptions')
          .values(rows.slice(i, i + 200))
          .execute();
    });
  const schedule = (limit: number): Promise<number> =>
    database.store.transaction((trx) =>
      watches.scheduleUnwatched(trx, limit, (id) => nextWatchAt(id, DAY_MS, NOW_MS)),
    );
  const claim = (nowMs: number, limit: number) =>
    database.store.transaction((trx) =>
      WATCH_LEASES.claimPerExternal(trx, { nowMs, limit, limitOf: () => limit, leaseMs: () => 30_000 }),
    );

  describe('the schedule of watched subscriptions', () => {
    it('takes up those that became live, by whichever replica, each once', async () => {
      await insert([
        ...Array.from({ length: 30 }, (_, i) => subscription(i)),
        subscription(100, { state: 'EXPIRED' }),
        subscription(101, { state: 'PENDING' }),
        subscription(102, { token: null }),
      ]);
      const counts = await Promise.all([schedule(20), schedule(20)]);
      const rest = await schedule(20);
      expect(counts[0] + counts[1] + rest).toBe(30);
      expect(await schedule(20)).toBe(0);
      const rows = await database.store.read((db) => db.selectFrom('subscriptions').selectAll().execute());
      for (const { id, state, token, watch_at } of rows) {
        const isWatched = (state === 'ACTIVE' || state === 'PAST_DUE') && token !== null;
        expect(watch_at).toBe(isWatched ? nextWatchAt(id, DAY_MS, NOW_MS) : null);
      }
    });

    it('claims each that is due once, a limited number of each external', async () => {
      await insert(Array.from({ length: 30 }, (_, i) => subscription(i)));
      await schedule(100);
      expect(await claim(NOW_MS, 100)).toEqual([]);
      const claims = await Promise.all(Array.from({ length: 4 }, () => claim(NOW_MS + DAY_MS, 5)));
      const ids = claims.flat().map(({ id }) => id);
      expect(ids).toHaveLength(20);
      expect(new Set(ids).size).toBe(20);
      // Reconciliation counts its own queries only.
      expect(claims.flat().every(({ asks }) => asks === 0)).toBe(true);
    });

    it('is served by indexes, with any number of subscriptions', async () => {
      await insert(Array.from({ length: 3_000 }, (_, i) => subscription(i)));
      await schedule(3_000);
      await insert([subscription(9_000)]);
      await gatherStatistics(database.store);
      const { plans } = await plansOf(database.store, async (db) => {
        await watches.overdue(db, NOW_MS);
        await watches.unwatched(db, 10).execute();
        // As a claim does, whose statement has no values until it runs.
        await db
          .selectFrom('subscriptions')
          .select('id')
          .where('watch_at', '<=', NOW_MS)
          .where('external', '=', 'acme')
          .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', NOW_MS)]))
          .orderBy('watch_at')
          .limit(5)
          .execute();
      });
      expect(plans.length).toBeGreaterThanOrEqual(4);
      for (const plan of plans) {
        const costly = costlySteps(plan).filter((step) => !step.startsWith('SCAN waiting'));
        expect([plan.sql, costly]).toEqual([plan.sql, []]);
      }
    });
  });
});
