import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { DatabaseTooNew } from '../../src/persistence/migrations/migrate.js';
import { openStore } from '../../src/persistence/open-store.js';
import { type Store, StorageUnavailable, type Trx } from '../../src/persistence/store.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';

async function put(trx: Trx, key: string, value = ''): Promise<void> {
  await trx.insertInto('settings').values({ key, value }).execute();
}

async function keysIn(store: Store): Promise<string[]> {
  const rows = await store.read((db) => db.selectFrom('settings').select('key').orderBy('key').execute());
  return rows.map((row) => row.key);
}

async function valueOf(db: Trx, key: string): Promise<string | undefined> {
  return (await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst())?.value;
}

async function increment(trx: Trx): Promise<void> {
  await sql`update settings set value = cast(cast(value as integer) + 1 as text) where key = 'counter'`.execute(
    trx,
  );
}

describe('Store', () => {
  eachDatabase((name, open) => {
    let database: TestDatabase;
    let store: Store;

    beforeEach(async () => {
      database = await open();
      store = database.store;
    });

    afterEach(() => database.dispose());

    it('stores all of a transaction', async () => {
      const answer = await store.transaction(async (trx) => {
        await put(trx, 'a');
        await put(trx, 'b');
        return 'done';
      });
      expect(answer).toBe('done');
      expect(await keysIn(store)).toEqual(['a', 'b']);
    });

    it('stores nothing of a transaction that throws, and rethrows its error unchanged', async () => {
      const declined = new Error('declined');
      const failing = store.transaction(async (trx) => {
        await put(trx, 'a');
        throw declined;
      });
      await expect(failing).rejects.toBe(declined);
      expect(await keysIn(store)).toEqual([]);
    });

    it('stores the neighbours of a failed transaction', async () => {
      const outcomes = await Promise.allSettled(
        ['a', 'b', 'c', 'd', 'e'].map((key) =>
          store.transaction(async (trx) => {
            await put(trx, key);
            if (key === 'c') {
              await put(trx, key);
            }
          }),
        ),
      );
      expect(outcomes.map((outcome) => outcome.status)).toEqual([
        'fulfilled',
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ]);
      expect(await keysIn(store)).toEqual(['a', 'b', 'd', 'e']);
    });

    it('reports a violated constraint as such, not as unavailable storage', async () => {
      await store.transaction((trx) => put(trx, 'a'));
      const error: unknown = await store
        .transaction((trx) => put(trx, 'a'))
        .catch((reason: unknown) => reason);
      expect(error).not.toBeInstanceOf(StorageUnavailable);
      expect((error as Error).message).toMatch(/unique/i);
    });

    it('counts 500 concurrent increments exactly', async () => {
      await store.transaction((trx) => put(trx, 'counter', '0'));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 500 }, () => store.transaction(increment)),
      );
      const refusals = outcomes
        .filter((outcome) => outcome.status === 'rejected')
        .map((outcome): unknown => outcome.reason);
      // On a busy machine the pool of a database server may refuse some; SQLite does not.
      expect(
        refusals.every(
          (reason) => reason instanceof StorageUnavailable && reason.outcome === 'not-committed',
        ),
      ).toBe(true);
      expect(store.dialect === 'sqlite' ? refusals : []).toEqual([]);
      expect(await store.read((db) => valueOf(db, 'counter'))).toBe(String(500 - refusals.length));
    });

    it('reads earlier commits', async () => {
      for (let i = 0; i < 20; i++) {
        await store.transaction((trx) => put(trx, `key ${i}`, String(i)));
        expect(await store.read((db) => valueOf(db, `key ${i}`))).toBe(String(i));
      }
    });

    it('reads inside a transaction what it wrote', async () => {
      const value = await store.transaction(async (trx) => {
        await put(trx, 'a', 'mine');
        return valueOf(trx, 'a');
      });
      expect(value).toBe('mine');
    });

    it('never reads changes that are rolled back', async () => {
      const seen: unknown[] = [];
      for (let i = 0; i < 20; i++) {
        const failing = store.transaction(async (trx) => {
          await put(trx, 'a');
          await valueOf(trx, 'a');
          throw new Error('rolled back');
        });
        const reads = [keysIn(store), keysIn(store)];
        await expect(failing).rejects.toThrow('rolled back');
        seen.push(...(await Promise.all(reads)));
      }
      expect(seen.flat()).toEqual([]);
    });

    it('rethrows the errors of a read unchanged', async () => {
      const missing = new Error('missing');
      await expect(store.read(() => Promise.reject(missing))).rejects.toBe(missing);
    });

    it.each([
      ['a boolean', true],
      ['a date', new Date(0)],
      ['an object', { secret: 'value' }],
      ['a fraction', 0.5],
      ['an integer beyond 2^53', 2 ** 53],
    ])('refuses %s as a value, without printing it', async (_what, value) => {
      const writing = store.transaction((trx) => put(trx, 'a', value as unknown as string));
      await expect(writing).rejects.toThrow(TypeError);
      await expect(writing).rejects.not.toThrow(/secret/);
      expect(await keysIn(store)).toEqual([]);
    });

    it('returns integers, counts and sums as exact numbers, or throws', async () => {
      const largest = Number.MAX_SAFE_INTEGER;
      const exact = sql<object>`
        select cast(${largest} as bigint) as largest, count(*) as count, sum(n) as sum
        from (select cast(1 as bigint) as n union all select 2) as numbers`;
      expect({ ...(await store.read((db) => exact.execute(db))).rows[0] }).toEqual({
        largest,
        count: 2,
        sum: 3,
      });
      const tooLarge = sql`select cast(${2n ** 60n} as bigint) as n`;
      await expect(store.read((db) => tooLarge.execute(db))).rejects.toMatchObject({ name: 'RangeError' });
    });

    it('refuses a query on a transaction that has ended', async () => {
      let ended: Trx | undefined;
      await store.transaction(async (trx) => {
        ended = trx;
      });
      await expect(put(ended!, 'a')).rejects.toThrow(/already|ended/);
      expect(await keysIn(store)).toEqual([]);
    });

    it('calls onCommit after each commit', async () => {
      const commits: number[] = [];
      store.onCommit = (durationMs, transactions) => commits.push(durationMs >= 0 ? transactions : NaN);
      await store.transaction((trx) => put(trx, 'a'));
      expect(commits).toEqual([1]);
    });

    it('answers a ping', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });

    it('waits for running work when it closes, and refuses later work', async () => {
      const settled: string[] = [];
      const running = [
        store.transaction((trx) => put(trx, 'a')),
        store.transaction((trx) => put(trx, 'b')),
        keysIn(store),
      ].map((work) => work.then(() => settled.push('work')));
      const closed = store.close().then(() => settled.push('closed'));
      await Promise.all([...running, closed]);
      expect(settled).toEqual(['work', 'work', 'work', 'closed']);

      const late: unknown = await store
        .transaction((trx) => put(trx, 'c'))
        .catch((reason: unknown) => reason);
      expect(late).toBeInstanceOf(StorageUnavailable);
      expect((late as StorageUnavailable).outcome).toBe('not-committed');
      await expect(keysIn(store)).rejects.toThrow(StorageUnavailable);
      await expect(store.ping()).rejects.toThrow(StorageUnavailable);
      await expect(store.close()).resolves.toBeUndefined();
    });

    if (name !== 'SQLite memory') {
      it('keeps everything when it is closed and reopened, and migrates nothing twice', async () => {
        await Promise.all(['a', 'b', 'c'].map((key) => store.transaction((trx) => put(trx, key))));
        await store.close();
        const applied: string[] = [];
        const reopened = await openStore(database.config, (migrations) => applied.push(...migrations));
        try {
          expect(applied).toEqual([]);
          // SQLite's ledger has a mark, too.
          expect(await keysIn(reopened)).toEqual(expect.arrayContaining(['a', 'b', 'c']));
        } finally {
          await reopened.close();
        }
      });

      it('does not start on a database that a newer version has changed beyond additions', async () => {
        await store.transaction((trx) =>
          sql`insert into tollgate_migration (name, timestamp) values ('9999-from-the-future-breaking', '2999-01-01T00:00:00Z')`.execute(
            trx,
          ),
        );
        await store.close();
        const opening = openStore(database.config);
        await expect(opening).rejects.toThrow(DatabaseTooNew);
        await expect(opening).rejects.toThrow(/9999-from-the-future/);
      });
    }
  });
});
