import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/persistence/open-store.js';
import { dialectOf, forUpdate } from '../../src/persistence/dialect.js';
import type { Store, Trx } from '../../src/persistence/store.js';
import { Secret } from '../../src/sensitive/secret.js';
import { type DatabasePlace, eachDatabase, postgresSchema, postgresUrl } from '../support/databases.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** Behind a pooler replicas poll: a session that another client gets would receive the hints. */
const LISTENS = !process.env['TEST_POOLER'];
const NOT_COMMITTED = { name: 'StorageUnavailable', outcome: 'not-committed' };

async function put(trx: Trx, key: string, value = ''): Promise<void> {
  await trx.insertInto('settings').values({ key, value }).execute();
}

async function keysIn(store: Store): Promise<string[]> {
  const rows = await store.read((db) => db.selectFrom('settings').select('key').orderBy('key').execute());
  return rows.map((row) => row.key);
}

async function lock(trx: Trx, key: string): Promise<void> {
  await forUpdate(trx, trx.selectFrom('settings').selectAll().where('key', '=', key)).execute();
}

describe('Rows held for an update', () => {
  eachDatabase((_name, open) => {
    it('are not lost when transactions read, wait and write', async () => {
      const { store, dispose } = await open();
      try {
        await store.transaction((trx) => put(trx, 'counter', '0'));
        const increments = Array.from({ length: 20 }, () =>
          store.transaction(async (trx) => {
            const query = trx.selectFrom('settings').select('value').where('key', '=', 'counter');
            const { value } = await forUpdate(trx, query).executeTakeFirstOrThrow();
            await trx
              .updateTable('settings')
              .set({ value: String(Number(value) + 1) })
              .where('key', '=', 'counter')
              .execute();
          }),
        );
        await Promise.all(increments);
        const rows = await store.read((db) => db.selectFrom('settings').select('value').execute());
        expect(rows.map((row) => row.value)).toEqual(['20']);
        expect(dialectOf(store.kysely)).toBe(store.dialect);
      } finally {
        await dispose();
      }
    });
  });
});

if (postgresUrl() !== undefined) {
  describe('Replicas on one PostgreSQL', () => {
    let place: DatabasePlace;

    beforeEach(async () => {
      place = await postgresSchema();
    });

    afterEach(() => place.dispose());

    it('may all start at once on an empty schema, and one of them migrates it', async () => {
      const applied: string[][] = [];
      const stores = await Promise.all(
        Array.from({ length: 5 }, () =>
          openStore(place.config, (migrations) => applied.push([...migrations])),
        ),
      );
      expect(applied.filter((migrations) => migrations.length > 0)).toHaveLength(1);
      await Promise.all(stores.map((store, i) => store.transaction((trx) => put(trx, String(i)))));
      expect(await keysIn(stores[0]!)).toEqual(['0', '1', '2', '3', '4']);
      await Promise.all(stores.map((store) => store.close()));
    });

    const itListens = LISTENS ? it : it.skip;
    itListens('wake each other, not themselves, and once per burst', async () => {
      const [first, second] = await Promise.all([openStore(place.config), openStore(place.config)]);
      const wakes = { first: 0, second: 0, other: 0 };
      first.listen('notifications', () => wakes.first++);
      second.listen('notifications', () => wakes.second++);
      second.listen('callbacks', () => wakes.other++);
      // Each is woken once when it starts to listen, for hints that it may have missed.
      await until(() => wakes.first === 1 && wakes.second === 1, 'both to listen');
      for (let i = 0; i < 100; i++) {
        first.notify('notifications');
      }
      await until(() => wakes.second === 2, 'the hint');
      // A hint that follows another closely is not lost: the woken worker may have missed its row.
      first.notify('notifications');
      await until(() => wakes.second === 3, 'the next hint');
      first.notify('callbacks');
      await until(() => wakes.other === 1, 'the other hint');
      expect(wakes).toEqual({ first: 1, second: 3, other: 1 });
      await Promise.all([first.close(), second.close()]);
    });

    it('repeat a transaction after a deadlock', async () => {
      const store = await openStore(place.config);
      await store.transaction((trx) => put(trx, 'a').then(() => put(trx, 'b')));
      let attempts = 0;
      const bothHold = Promise.withResolvers<void>();
      let holding = 0;
      const crossing = (mine: string, theirs: string): Promise<void> =>
        store.transaction(async (trx) => {
          attempts++;
          await lock(trx, mine);
          holding++;
          if (holding === 2) {
            bothHold.resolve();
          }
          await bothHold.promise;
          await lock(trx, theirs);
        });
      await Promise.all([crossing('a', 'b'), crossing('b', 'a')]);
      // Three, unless the repeated one is faster than the admitted one.
      expect(attempts).toBeGreaterThan(2);
      await store.close();
    });

    it('repeat a transaction if another one took a unique value that it could not see yet', async () => {
      const store = await openStore(place.config);
      const [taken, looked, mayCommit] = [1, 2, 3].map(() => Promise.withResolvers<void>());
      const first = store.transaction(async (trx) => {
        await put(trx, 'a');
        taken!.resolve();
        await mayCommit!.promise;
      });
      await taken!.promise;
      const seen: boolean[] = [];
      const second = store.transaction(async (trx) => {
        const query = trx.selectFrom('settings').select('key').where('key', '=', 'a');
        const there = (await query.executeTakeFirst()) !== undefined;
        seen.push(there);
        looked!.resolve();
        if (!there) await put(trx, 'a');
      });
      await looked!.promise;
      mayCommit!.resolve();
      await Promise.all([first, second]);
      expect(seen).toEqual([false, true]);
      await store.close();
    });
  });

  describe('A PostgreSQL that fails', () => {
    let proxy: TcpProxy;
    let place: DatabasePlace;
    let store: Store;

    beforeAll(async () => {
      const url = new URL(postgresUrl()!);
      proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).open();
    });

    beforeEach(async () => {
      place = await postgresSchema();
      const url = new URL(postgresUrl()!);
      url.hostname = '127.0.0.1';
      url.port = String(proxy.port);
      store = await openStore({
        kind: 'postgres',
        url: new Secret(url.href),
        poolSize: 3,
        schema: place.config.kind === 'postgres' ? place.config.schema : undefined,
      });
    });

    afterEach(async () => {
      proxy.onRequest(undefined);
      await store.close();
      await place.dispose();
    });

    afterAll(() => proxy.close());

    it('is unavailable storage, and service recovers on its own', async () => {
      let wakes = 0;
      store.listen('callbacks', () => wakes++);
      await until(() => wakes === 1 || !LISTENS, 'the listener');
      await store.transaction((trx) => put(trx, 'before'));

      await proxy.close();
      await expect(store.transaction((trx) => put(trx, 'during'))).rejects.toMatchObject(NOT_COMMITTED);
      await expect(keysIn(store)).rejects.toMatchObject(NOT_COMMITTED);
      await expect(store.ping()).rejects.toMatchObject(NOT_COMMITTED);
      await proxy.open();

      await store.transaction((trx) => put(trx, 'after'));
      await expect(store.ping()).resolves.toBeUndefined();
      expect(await keysIn(store)).toEqual(['after', 'before']);
      await until(() => wakes === 2 || !LISTENS, 'the listener to reconnect');
    });

    it('stores nothing of a transaction whose connection breaks before the commit', async () => {
      const cut = store.transaction(async (trx) => {
        await put(trx, 'a');
        proxy.onRequest(() => 'cut');
        await put(trx, 'b');
      });
      await expect(cut).rejects.toMatchObject(NOT_COMMITTED);
      proxy.onRequest(undefined);
      expect(await keysIn(store)).toEqual([]);
    });

    it('leaves the outcome unknown if the connection breaks during the commit', async () => {
      proxy.onRequest((bytes) => (bytes.includes('commit\0') ? 'cut' : 'forward'));
      const cut = store.transaction((trx) => put(trx, 'a'));
      await expect(cut).rejects.toMatchObject({ name: 'StorageUnavailable', outcome: 'unknown' });
      proxy.onRequest(undefined);
      await expect(store.transaction((trx) => put(trx, 'b'))).resolves.toBeUndefined();
    });

    it('refuses in time when all connections are in use', async () => {
      const release = Promise.withResolvers<void>();
      const holding = [1, 2, 3].map(() => store.transaction(() => release.promise));
      // A verdict about the database, and none about the queue of requests.
      await expect(store.ping()).resolves.toBeUndefined();
      await expect(store.transaction((trx) => put(trx, 'a'))).rejects.toMatchObject(NOT_COMMITTED);
      release.resolve();
      await Promise.all(holding);
      await store.transaction((trx) => put(trx, 'a'));
    });

    it('does not start the gateway when it cannot be reached', async () => {
      const url = new Secret(`postgres://postgres@127.0.0.1:1/nothing`);
      const opening = openStore({ kind: 'postgres', url, poolSize: 1, schema: undefined });
      await expect(opening).rejects.toMatchObject({
        ...NOT_COMMITTED,
        message: expect.stringContaining('ECONNREFUSED'),
      });
    });
  });
}
