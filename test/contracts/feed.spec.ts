import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import {
  BEGINNING,
  cursorText,
  type FeedCursor,
  feedCursor,
  type FeedPosition,
} from '../../src/admin/feed/feed-position.js';
import { FEED_TYPES, type FeedItem } from '../../src/admin/feed/feed-item.js';
import { openStore } from '../../src/persistence/open-store.js';
import type { Trx } from '../../src/persistence/store.js';
import { newIdentifier } from '../../src/shared/identifier.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { FeedConsumer, NOBODY, type Replica, replicaOn } from '../support/feed-consumer.js';
import { SeededRandom } from '../support/seeded-random.js';

jest.setTimeout(90_000);

const WRITERS = 8;
const CHANGES_EACH = 40;
const PAYMENTS = 6;
const NOW_MS = Date.UTC(2026, 0, 31, 12);

describe('the feed', () => {
  eachDatabase((name, open) => {
    let database: TestDatabase;
    let replica: Replica;

    beforeEach(async () => {
      database = await open();
      replica = await replicaOn(database.store);
    });
    afterEach(() => database.dispose());

    async function payment(id = newIdentifier('pay', NOW_MS)): Promise<string> {
      await database.store.transaction(async (trx) => {
        const row = {
          id,
          external: 'acme',
          origin: 'pay' as const,
          payment_id: `pm-${id}`,
          state: 'CREATED' as const,
        };
        await trx
          .insertInto('payments')
          .values({
            ...row,
            caller: 'shop',
            shop_transaction_id: `order-${id}`,
            subscription_token: null,
            amount_minor: 1_299,
            currency: 'EUR',
            refunded_minor: 0,
            duplicate_guard: 0,
            version: 0,
            created_at: NOW_MS,
            updated_at: NOW_MS,
            deadline_at: NOW_MS,
            next_ask_at: null,
            asks: 0,
            never_seen_at: null,
            parked_at: null,
            lease_token: null,
            lease_until: null,
            traceparent: null,
          })
          .execute();
      });
      return id;
    }

    /** One change of a payment: `before` and `after` count, so that the order shows. */
    async function change({ events }: Replica, trx: Trx, id: string, at = NOW_MS): Promise<void> {
      const { version } = await trx
        .updateTable('payments')
        .set((eb) => ({ version: eb('version', '+', 1) }))
        .where('id', '=', id)
        .returning('version')
        .executeTakeFirstOrThrow();
      await events.append(trx, {
        external: 'acme',
        payment_ref: id,
        at,
        source: 'call',
        before: String(version - 1),
        after: String(version),
        cause: null,
      });
    }

    const changed = (id: string, at?: number): Promise<void> =>
      database.store.transaction((trx) => change(replica, trx, id, at));

    /** The changes of each payment follow one another. */
    function assertChains(items: readonly FeedItem[]): void {
      const states = new Map<string, string>();
      for (const { data } of items) {
        expect([data.payment, data.before]).toEqual([data.payment, states.get(data.payment!) ?? '0']);
        states.set(data.payment!, data.state);
      }
    }

    it('has each change once and in order, whatever the clock and the limit are', async () => {
      const id = await payment();
      for (const step of [0, 0, -86_400_000, 5, -1, 0]) await changed(id, NOW_MS + step);
      const all = await new FeedConsumer().readAll(replica, { limit: 100 });
      expect(all.map(({ data }) => data.state)).toEqual(['1', '2', '3', '4', '5', '6']);
      for (const limit of [1, 2, 4])
        expect(await new FeedConsumer().readAll(replica, { limit })).toEqual(all);
      expect(all[0]).toMatchObject({
        type: 'payment',
        at: '2026-01-31T12:00:00.000Z',
        data: {
          external: 'acme',
          payment: id,
          paymentId: `pm-${id}`,
          amount: 1_299,
          currency: 'EUR',
          source: 'call',
        },
      });
    });

    it('goes on after a restart, also with a clock that has stepped back', async () => {
      const id = await payment();
      const consumer = new FeedConsumer();
      await changed(id);
      await consumer.readAll(replica);
      replica = await replicaOn(database.store);
      await changed(id, NOW_MS - 3_600_000);
      expect((await consumer.readAll(replica)).map(({ data }) => data.state)).toEqual(['1', '2']);
    });

    it(`loses none and doubles none of ${WRITERS} writers, in the order of each payment`, async () => {
      const ids: string[] = [];
      for (let i = 0; i < PAYMENTS; i++) ids.push(await payment());
      const random = new SeededRandom(7);
      const others =
        name === 'PostgreSQL' ? [await openStore(database.config), await openStore(database.config)] : [];
      const replicas = [replica, ...(await Promise.all(others.map(replicaOn)))];
      let writing = true;
      const writer = async (number: number): Promise<void> => {
        const own = replicas[number % replicas.length]!;
        for (let n = 0; n < CHANGES_EACH; n++) {
          const first = ids[Math.floor(random.next() * PAYMENTS)]!;
          const second = random.next() < 0.2 ? ids[Math.floor(random.next() * PAYMENTS)]! : first;
          await own.store.transaction(async (trx) => {
            // The number of the transaction is taken here; what is written comes later, and may wait for a lock.
            await trx
              .insertInto('settings')
              .values({ key: `${number}-${n}`, value: '' })
              .onConflict((c) => c.doNothing())
              .execute();
            await pause(trx, random.next());
            for (const id of [...new Set([first, second])].toSorted()) await change(own, trx, id);
            await pause(trx, random.next());
          });
        }
      };
      const consumers = [new FeedConsumer(), new FeedConsumer()];
      const reading = consumers.map(async (consumer, at) => {
        while (writing) {
          await consumer.read(replicas[at % replicas.length]!, { limit: at === 0 ? 3 : 50, waitMs: 20 });
        }
        return consumer.readAll(replicas.at(-1)!, { limit: 11 });
      });
      await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));
      writing = false;
      const [one, two] = await Promise.all(reading);
      const late = await new FeedConsumer().readAll(replica, { limit: 100 });
      const stored = await database.store.read((db) => db.selectFrom('ledger_events').select('id').execute());
      for (const items of [one!, two!, late]) {
        expect(items.map(({ id }) => id).toSorted()).toEqual(stored.map(({ id }) => id).toSorted());
        assertChains(items);
      }
      for (const store of others) await store.close();
    });

    async function pause(trx: Trx, share: number): Promise<void> {
      if (name === 'PostgreSQL' && share < 0.5)
        await sql`select pg_sleep(${Math.round(share * 20)} / 1000.0)`.execute(trx);
    }

    it('waits for a change, and no longer', async () => {
      const id = await payment();
      const consumer = new FeedConsumer();
      const waiting = consumer.read(replica, { waitMs: 20_000 });
      await changed(id);
      expect((await waiting).items).toHaveLength(1);
      const gone = new AbortController();
      const abandoned = replica.feed.page(
        { after: undefined, types: new Set(['refund']), limit: 1, waitMs: 20_000 },
        gone.signal,
      );
      gone.abort();
      expect((await abandoned).items).toEqual([]);
      const atShutdown = consumer.read(replica, { waitMs: 20_000 });
      replica.feed.beforeApplicationShutdown();
      expect((await atShutdown).items).toEqual([]);
    });

    it('advances over changes of other types', async () => {
      const id = await payment();
      for (let i = 0; i < 5; i++) await changed(id);
      await new FeedConsumer().readAll(replica);
      const consumer = new FeedConsumer();
      expect((await consumer.read(replica, { types: new Set(['refund']), limit: 2 })).items).toEqual([]);
      expect((await consumer.read(replica, { limit: 2 })).items).toEqual([]);
    });

    const inFuture = (): FeedPosition =>
      name === 'PostgreSQL'
        ? { kind: 'transaction', xid: '9000000000000000', position: 1 }
        : { kind: 'id', id: newIdentifier('evt', NOW_MS + 1) };

    async function cursorOf(other: Replica): Promise<FeedCursor> {
      const { nextCursor } = await new FeedConsumer().read(other);
      return feedCursor.read(nextCursor) as FeedCursor;
    }

    it.each([
      [
        'another database',
        async (): Promise<FeedCursor> => {
          const other = await open();
          const cursor = await cursorOf(await replicaOn(other.store));
          await other.dispose();
          return cursor;
        },
      ],
      ['no database', async (): Promise<FeedCursor> => ({ feed: 'f'.repeat(16), at: BEGINNING })],
      ['the future', async (): Promise<FeedCursor> => ({ ...(await cursorOf(replica)), at: inFuture() })],
    ])('refuses a cursor of %s, and says how to go on', async (_what, cursor) => {
      await changed(await payment());
      const after = feedCursor.read(cursorText(await cursor())) as FeedCursor;
      const request = { after, types: new Set(FEED_TYPES), limit: 1, waitMs: 0 };
      const detail =
        'is a cursor of another ledger, or of this one before it was restored: begin without it, and skip the ids that you have';
      await expect(replica.feed.page(request, NOBODY)).rejects.toMatchObject({
        code: 'validation-failed',
        errors: [{ pointer: '/query/after', detail }],
      });
    });

    if (name !== 'PostgreSQL') return;

    it('begins with what was written before migration 0028, in the order of ids', async () => {
      const id = await payment();
      for (let i = 0; i < 4; i++) await changed(id, NOW_MS + i);
      await sql`update ledger_events set xid = '0', position = 0`.execute(database.store.kysely);
      for (let i = 4; i < 8; i++) await changed(id, NOW_MS + i);
      assertChains(await new FeedConsumer().readAll(replica, { limit: 3 }));
      expect(await new FeedConsumer().readAll(replica, { limit: 3 })).toHaveLength(8);
    });

    it('says nothing of a running transaction, and of none that began after it, until it ends', async () => {
      const [slow, quick] = [await payment(), await payment()];
      const entered = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const running = database.store.transaction(async (trx) => {
        await change(replica, trx, slow);
        entered.resolve();
        await released.promise;
      });
      await entered.promise;
      await changed(quick);
      const consumer = new FeedConsumer();
      expect((await consumer.read(replica)).items).toEqual([]);
      released.resolve();
      await running;
      expect((await consumer.readAll(replica)).map(({ data }) => data.payment)).toEqual([slow, quick]);
    });
  });
});
