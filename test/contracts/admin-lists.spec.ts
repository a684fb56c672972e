import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ATTENTION_LIST, type AttentionQuery } from '../../src/admin/attention/attention.list.js';
import { CALLBACK_LIST } from '../../src/admin/callbacks/callback.list.js';
import { type Keyset, keysetOf, pageOf } from '../../src/admin/lists/keyset.js';
import type { TimeRangeQuery } from '../../src/admin/lists/list-query.js';
import type { NewestRows } from '../../src/admin/lists/merge-newest.js';
import { NOTIFICATION_LIST } from '../../src/admin/notifications/notification.list.js';
import { UNKNOWN_OPERATION_LIST } from '../../src/admin/operations/operation.list.js';
import { readPaymentParts } from '../../src/admin/payments/payment-parts.js';
import { subjectsOf } from '../../src/admin/records/subjects.js';
import { SUBSCRIPTION_LIST } from '../../src/admin/subscriptions/subscription.list.js';
import type { Trx } from '../../src/persistence/store.js';
import type { IdentifierPrefix } from '../../src/shared/identifier.js';
import { fillLedger, orderOf, paymentIdOf, tokenOf } from '../scale/ledger-filler.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { costlySteps, gatherStatistics, plansOf } from '../support/query-plans.js';

const UNTIL_MS = Date.UTC(2026, 0, 31, 12);
const RANGE = { from: UNTIL_MS - 4_000_000, to: UNTIL_MS - 500_000 };

type Row = { readonly id: string } & Record<string, unknown>;
type Filter = Record<string, string | number>;

interface List {
  readonly name: string;
  readonly prefix: IdentifierPrefix | undefined;
  readonly read: (db: Trx, filter: never, keyset: Keyset) => Promise<NewestRows<Row>>;
  /** All rows that any filter could show. */
  readonly all: (db: Trx) => Promise<Row[]>;
  readonly filters: readonly Filter[];
  /** Which column each filter is about. */
  readonly columns: Readonly<Record<string, string>>;
}

const LISTS: readonly List[] = [
  {
    name: 'subscriptions',
    prefix: 'sub',
    read: (db, filter, keyset) => SUBSCRIPTION_LIST.newest(db, filter, keyset),
    all: (db) => db.selectFrom('subscriptions').selectAll().execute(),
    filters: [
      {},
      RANGE,
      { external: 'acme' },
      { state: 'EXPIRED' },
      { external: 'acme', state: 'ACTIVE', ...RANGE },
      { subscriptionToken: tokenOf(53) },
      { shopTransactionId: orderOf(103) },
      { shopTransactionId: orderOf(553), state: 'EXPIRED', external: 'acme' },
    ],
    columns: {
      external: 'external',
      state: 'state',
      subscriptionToken: 'token',
      shopTransactionId: 'shop_transaction_id',
    },
  },
  {
    name: 'operations',
    prefix: 'op',
    read: (db, filter, keyset) => UNKNOWN_OPERATION_LIST.newest(db, filter, keyset),
    all: (db) => db.selectFrom('operations').selectAll().where('state', '=', 'unknown').execute(),
    filters: [{}, RANGE, { external: 'acme' }, { external: 'beta', ...RANGE }],
    columns: { external: 'external' },
  },
  {
    name: 'notifications',
    prefix: 'ntf',
    read: (db, filter, keyset) => NOTIFICATION_LIST.newest(db, filter, keyset),
    all: (db) => db.selectFrom('notifications').selectAll().execute(),
    filters: [
      {},
      RANGE,
      ...['PENDING', 'LEASED', 'RETRY', 'DELIVERED', 'DEAD', 'SUPERSEDED'].map((state) => ({ state })),
      { external: 'beta', state: 'DEAD' },
      { external: 'beta', ...RANGE },
    ],
    columns: { external: 'external', state: 'state' },
  },
  {
    name: 'callbacks',
    prefix: 'cbk',
    read: (db, filter, keyset) => CALLBACK_LIST.newest(db, filter, keyset),
    all: (db) => db.selectFrom('callbacks').selectAll().execute(),
    filters: [
      {},
      RANGE,
      ...['PENDING', 'LEASED', 'VERIFIED', 'UNCONFIRMED'].map((state) => ({ state })),
      { paymentId: paymentIdOf(42) },
      { external: 'acme', state: 'UNCONFIRMED', ...RANGE },
    ],
    columns: { external: 'external', state: 'state', paymentId: 'payment_id' },
  },
];

eachDatabase((_name, open) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await open();
    await fillLedger(database.store, { payments: 6_000, untilMs: UNTIL_MS });
    await database.store.transaction(addRareStates);
    await gatherStatistics(database.store);
  });
  afterAll(() => database.dispose());

  describe.each(LISTS)('the list of $name', ({ name, prefix, read, all, filters, columns }) => {
    const expected = async (filter: Filter): Promise<string[]> => {
      const query = filter as TimeRangeQuery;
      const { above, below } = keysetOf(name, prefix, query);
      return (await database.store.read(all))
        .filter((row) =>
          Object.entries(columns).every(([key, column]) => (filter[key] ?? row[column]) === row[column]),
        )
        .map(({ id }) => id)
        .filter((id) => id >= above && id < below)
        .toSorted()
        .toReversed();
    };

    it.each(filters)('answers %j from an index and pages through all rows', async (filter) => {
      const found: string[] = [];
      let looked = 0;
      let query: TimeRangeQuery = { ...filter, limit: 100 };
      for (;;) {
        const { result, plans } = await plansOf(database.store, (db) =>
          read(db, query as never, keysetOf(name, prefix, query)),
        );
        for (const plan of plans) expect([plan.sql, costlySteps(plan)]).toEqual([plan.sql, []]);
        looked += plans.length;
        found.push(...result.rows.map(({ id }) => id));
        const { nextCursor } = pageOf(name, query, [], result.next);
        if (nextCursor === null) break;
        query = { ...query, cursor: nextCursor };
      }
      expect(found).toEqual(await expected(filter));
      // The ledger has rows for each filter, and a list that asks the database for nothing has no plan to look at.
      expect(found).not.toEqual([]);
      expect(looked).toBeGreaterThan(0);
    });
  });

  describe('attention', () => {
    const read = (query: TimeRangeQuery & AttentionQuery, nowMs = UNTIL_MS + 3_600_000) =>
      plansOf(database.store, (db) =>
        ATTENTION_LIST.newest(db, query, keysetOf('attention', undefined, query), [], nowMs),
      );

    it('uses indexes, ordered by time over all tables, each item once', async () => {
      const refs: string[] = [];
      const ids: string[] = [];
      let query: TimeRangeQuery = { limit: 7 };
      for (;;) {
        const { result, plans } = await read(query);
        for (const plan of plans) expect([plan.sql, costlySteps(plan)]).toEqual([plan.sql, []]);
        refs.push(...result.rows.map(({ ref }) => ref));
        ids.push(...result.rows.map(({ id }) => id));
        const { nextCursor } = pageOf('attention', query, [], result.next);
        if (nextCursor === null) break;
        query = { ...query, cursor: nextCursor };
      }
      expect(ids).toEqual(ids.toSorted().toReversed());
      expect(refs.length).toBeGreaterThan(7);
      expect(new Set(refs)).toEqual(new Set(await needAttention()));
      expect(refs).toHaveLength(new Set(refs).size);
    });

    it('can be filtered by external', async () => {
      const { result } = await read({ external: 'beta', limit: 200 });
      expect(result.rows.length).toBeGreaterThan(0);
      expect(result.rows.filter(({ external }) => external !== 'beta')).toEqual([]);
    });

    it('lists a refund that is PENDING after a day', async () => {
      const { id } = await database.store.read((db) =>
        db.selectFrom('refunds').select('id').where('state', '=', 'OK').limit(1).executeTakeFirstOrThrow(),
      );
      await database.store.transaction((trx) =>
        trx.updateTable('refunds').set({ state: 'PENDING' }).where('id', '=', id).execute(),
      );
      const told = async (nowMs: number): Promise<boolean> =>
        (await read({ limit: 200, kind: 'refund-stuck' }, nowMs)).result.rows.some(({ ref }) => ref === id);
      expect([await told(UNTIL_MS + 60_000), await told(UNTIL_MS + 87_000_000)]).toEqual([false, true]);
    });

    it('omits unconfirmed callbacks after 30 days, and nothing else', async () => {
      const unconfirmed = async (nowMs: number): Promise<number> =>
        (await read({ limit: 200, kind: 'callback-unconfirmed' }, nowMs)).result.rows.length;
      expect(await unconfirmed(UNTIL_MS + 3_600_000)).toBeGreaterThan(0);
      expect(await unconfirmed(UNTIL_MS + 31 * 86_400_000)).toBe(0);
      const { result } = await read({ limit: 200 }, UNTIL_MS + 31 * 86_400_000);
      const kinds = new Set(result.rows.map(({ kind }) => kind));
      expect(kinds).toContain('payment-unknown');
      expect(kinds).not.toContain('callback-unconfirmed');
    });

    /** Read from all rows, by the rules of the documentation. */
    async function needAttention(): Promise<string[]> {
      return database.store.read(async (db) => {
        const paid = await db.selectFrom('payments').selectAll().execute();
        const known = new Set(
          paid
            .filter(({ state }) => state === 'ACCEPTED' || state === 'FAILED')
            .map(({ payment_id }) => payment_id),
        );
        const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);
        return [
          ...ids(
            paid.filter(({ state, parked_at }) => state === 'UNKNOWN' || (state === 'PENDING' && parked_at)),
          ),
          ...ids(
            (await db.selectFrom('refunds').selectAll().execute()).filter(({ state }) => state === 'UNKNOWN'),
          ),
          ...ids(
            (await db.selectFrom('subscriptions').selectAll().execute()).filter(({ parked_at }) => parked_at),
          ),
          ...ids(
            (await db.selectFrom('notifications').selectAll().execute()).filter(
              ({ state }) => state === 'DEAD',
            ),
          ),
          ...ids(
            (await db.selectFrom('callbacks').selectAll().execute()).filter(
              ({ state, payment_id }) => state === 'UNCONFIRMED' && !known.has(payment_id),
            ),
          ),
        ];
      });
    }
  });

  it('reads the parts of one payment by indexes', async () => {
    const refund = await database.store.read((db) =>
      db.selectFrom('refunds').selectAll().limit(1).executeTakeFirstOrThrow(),
    );
    const { result, plans } = await plansOf(database.store, (db) =>
      readPaymentParts(db, refund.payment_ref!),
    );
    expect(result?.refunds).toEqual([refund]);
    expect(result?.operations.map(({ operation }) => operation)).toEqual(['pay', 'refund']);
    expect(plans).not.toEqual([]);
    for (const plan of plans) {
      // The rows of one payment may be sorted.
      const costly = costlySteps(plan).filter((step) => !/TEMP B-TREE|^Sort/.test(step));
      expect([plan.sql, costly]).toEqual([plan.sql, []]);
    }
  });

  it('reads the orders of payments, refunds and subscriptions by indexes', async () => {
    const [payment, refund, subscription] = await database.store.read(async (db) => {
      const ofRefund = await db.selectFrom('refunds').selectAll().limit(1).executeTakeFirstOrThrow();
      return [
        await db
          .selectFrom('payments')
          .selectAll()
          .where('id', '=', ofRefund.payment_ref)
          .executeTakeFirstOrThrow(),
        ofRefund,
        await db.selectFrom('subscriptions').selectAll().limit(1).executeTakeFirstOrThrow(),
      ] as const;
    });
    const refs = [payment.id, refund.id, subscription.id, 'ref_of-nothing', 'acme', null, undefined];
    const { result, plans } = await plansOf(database.store, (db) => subjectsOf(db, refs));
    expect([...result]).toEqual([
      [
        payment.id,
        {
          payment: payment.id,
          shopTransactionId: payment.shop_transaction_id,
          amount: payment.amount_minor,
          currency: payment.currency,
        },
      ],
      [
        refund.id,
        {
          payment: payment.id,
          shopTransactionId: payment.shop_transaction_id,
          amount: refund.amount_minor,
          currency: refund.currency,
        },
      ],
      [
        subscription.id,
        {
          payment: undefined,
          shopTransactionId: subscription.shop_transaction_id,
          amount: subscription.amount_minor,
          currency: subscription.currency,
        },
      ],
    ]);
    expect(plans).toHaveLength(3);
    for (const plan of plans) expect([plan.sql, costlySteps(plan)]).toEqual([plan.sql, []]);
  });
});

/** Rows that an idle ledger lacks: deliveries and callbacks in progress, and a callback about an unknown payment. */
async function addRareStates(trx: Trx): Promise<void> {
  const delivered = await trx
    .selectFrom('notifications')
    .select('id')
    .where('state', '=', 'DELIVERED')
    .orderBy('id')
    .limit(3)
    .execute();
  const waits = { next_attempt_at: UNTIL_MS };
  const isLeased = { lease_token: 'lease', lease_until: UNTIL_MS };
  const states = [
    { state: 'PENDING', ...waits },
    { state: 'LEASED', ...isLeased },
    { state: 'SUPERSEDED' },
  ] as const;
  for (const [i, state] of states.entries()) {
    await trx.updateTable('notifications').set(state).where('id', '=', delivered[i]!.id).execute();
  }
  const verified = await trx
    .selectFrom('callbacks')
    .select('id')
    .where('state', '=', 'VERIFIED')
    .orderBy('id')
    .limit(3)
    .execute();
  const changes = [
    { state: 'PENDING', finished_at: null, ...waits },
    { state: 'LEASED', finished_at: null, ...isLeased },
    { state: 'UNCONFIRMED', payment_id: 'pm_nobody_knows' },
  ] as const;
  for (const [i, change] of changes.entries()) {
    await trx.updateTable('callbacks').set(change).where('id', '=', verified[i]!.id).execute();
  }
}
