import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { externalsWithPayments, PAYMENT_LIST, PaymentQuery } from '../../src/admin/payments/payment.list.js';
import { fieldsOf } from '../../src/rules/field.js';
import { keysetOf, pageOf } from '../../src/admin/lists/keyset.js';
import type { PaymentRow } from '../../src/payments/payment.table.js';
import type { Trx } from '../../src/persistence/store.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { costlySteps, gatherStatistics, plansOf } from '../support/query-plans.js';
import { fillLedger, orderOf, paymentIdOf, tokenOf } from '../scale/ledger-filler.js';

const PAYMENTS = 6_000;
const UNTIL_MS = Date.UTC(2026, 0, 31, 12);

/** A payment that the first value of each filter finds, so that each combination finds it. */
const FOUND = 3_203;

const NAMED: readonly PaymentQuery[] = [
  { paymentId: paymentIdOf(FOUND), shopTransactionId: orderOf(FOUND), subscriptionToken: tokenOf(FOUND) },
  { paymentId: paymentIdOf(77) },
  { shopTransactionId: orderOf(77) },
  { subscriptionToken: tokenOf(3) },
];
/** Values that match rows, and the filters that they are combined with. */
const VALUES: readonly (readonly PaymentQuery[])[] = [
  [{ external: 'acme' }, { external: 'tiny' }],
  [{ state: 'ACCEPTED' }, { state: 'UNKNOWN' }, { state: 'CREATED' }],
  [{ minAmount: 64_000, maxAmount: 65_000 }, { currency: 'JPY' }],
  [{ from: UNTIL_MS - 3_000_000, to: UNTIL_MS - 600_000 }],
];

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let all: PaymentRow[];

  beforeAll(async () => {
    database = await open();
    const { store } = database;
    await fillLedger(store, { payments: PAYMENTS, untilMs: UNTIL_MS });
    await store.transaction(beginOne);
    all = await store.read((db) => db.selectFrom('payments').selectAll().orderBy('id', 'desc').execute());
    await gatherStatistics(store);
  });
  afterAll(() => database.dispose());

  const expected = (query: PaymentQuery): string[] =>
    all
      .filter((row) => PAYMENT_LIST.accepts(query, row as never))
      .filter(({ created_at: at }) => at >= (query.from ?? 0) && at < (query.to ?? Number.MAX_SAFE_INTEGER))
      .map(({ id }) => id);

  const page = (query: PaymentQuery) =>
    plansOf(database.store, (db) => PAYMENT_LIST.newest(db, query, keysetOf('payments', 'pay', query)));

  it.each(combinations())('answers %j from an index, in order', async (query) => {
    const { result, plans } = await page({ ...query, limit: 20 });
    const shown = result.rows.map(({ id }) => id);
    expect(shown).toEqual(expected(query).slice(0, shown.length));
    if (result.next === undefined) expect(shown).toEqual(expected(query));
    else expect(result.next <= (shown.at(-1) ?? result.next)).toBe(true);
    expect(plans).not.toEqual([]);
    for (const plan of plans) {
      expect([plan.sql, costlySteps(plan)]).toEqual([plan.sql, []]);
    }
  });

  it('has payments that match each combination and others that do not', () => {
    const counts = combinations().map((query) => expected(query).length);
    expect(counts.filter((count) => count === 0)).toEqual([]);
    expect(counts.filter((count) => count === all.length)).toHaveLength(1); // no filter at all
  });

  it.each<[PaymentQuery]>([
    [{}],
    [{ external: 'acme' }],
    [{ state: 'FAILED' }],
    [{ external: 'beta', state: 'PENDING' }],
    [{ minAmount: 60_000, maxAmount: 60_400 }],
    [{ state: 'ACCEPTED', currency: 'JPY', from: UNTIL_MS - 4_000_000 }],
    [{ external: 'nobody' }],
  ])('pages through all of %j, each payment once', async (filter) => {
    const found: string[] = [];
    let query: PaymentQuery = { ...filter, limit: 200 };
    for (;;) {
      const { rows, next } = await database.store.read((db) =>
        PAYMENT_LIST.newest(db, query, keysetOf('payments', 'pay', query)),
      );
      found.push(...rows.map(({ id }) => id));
      const { nextCursor } = pageOf('payments', query, [], next);
      if (nextCursor === null) break;
      query = { ...query, cursor: nextCursor };
    }
    expect(found).toEqual(expected(filter));
  });

  it('finds the payments with one id at every external', async () => {
    const [row] = all.filter(({ payment_id, subscription_token }) => payment_id && subscription_token);
    expect(row).toMatchObject({ payment_id: expect.any(String), shop_transaction_id: expect.any(String) });
    for (const query of [
      { paymentId: row!.payment_id! },
      { shopTransactionId: row!.shop_transaction_id! },
      { subscriptionToken: row!.subscription_token! },
    ]) {
      const { result } = await page(query);
      expect(result).toEqual({ rows: [row], next: undefined });
    }
  });

  it('finds payments with a call in flight through running operations, without a scan', async () => {
    const { plans } = await page({ state: 'CREATED' });
    expect(plans[0]!.steps.join()).toContain('operations_running');
  });

  it('finds every external that has payments', async () => {
    expect(await database.store.read((db) => externalsWithPayments(db))).toEqual([
      'acme',
      'beta',
      'gamma',
      'tiny',
    ]);
  });

  describe('with one shopTransactionId for all payments', () => {
    it('pages through them', async () => {
      await database.store.transaction((trx) =>
        trx.updateTable('payments').set({ shop_transaction_id: 'test', duplicate_guard: 0 }).execute(),
      );
      all = all.map((row) => ({ ...row, shop_transaction_id: 'test' }));
      const { result } = await page({ shopTransactionId: 'test', state: 'FAILED', limit: 200 });
      const shown = result.rows.map(({ id }) => id);
      expect(shown.length).toBeGreaterThan(50);
      expect(shown).toEqual(expected({ state: 'FAILED' }).slice(0, shown.length));
    });
  });
});

describe('the filters of payments', () => {
  it('are all covered by this test', () => {
    const tested = combinations().flatMap((query) => Object.keys(query));
    expect(new Set([...tested, 'cursor', 'limit'])).toEqual(
      new Set(fieldsOf(PaymentQuery).map(({ name }) => name)),
    );
  });
});

/** Every combination of the filters, with the first value of each, and every other value alone. */
function combinations(): PaymentQuery[] {
  const groups = [NAMED, ...VALUES];
  const together = groups.reduce<PaymentQuery[]>(
    (queries, [first]) => queries.flatMap((query) => [query, { ...query, ...first }]),
    [{}],
  );
  return [...together, ...groups.flatMap(([, ...others]) => others)];
}

/** A payment whose call is in flight. */
async function beginOne(trx: Trx): Promise<void> {
  const last = await trx.selectFrom('payments').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
  const operation = await trx
    .selectFrom('operations')
    .selectAll()
    .where('payment_ref', '=', last.id)
    .executeTakeFirstOrThrow();
  await trx.updateTable('payments').set({ state: 'CREATED' }).where('id', '=', last.id).execute();
  await trx.updateTable('operations').set({ state: 'running' }).where('id', '=', operation.id).execute();
}
