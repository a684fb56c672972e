import { describe, expect, it } from '@jest/globals';
import { SqliteStore } from './sqlite/sqlite.store.js';
import { Statement } from './statement.js';
import type { Store, Trx } from './store.js';

interface Setting {
  readonly key: string;
  readonly value: string | undefined;
}

async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
  const { store } = await SqliteStore.open(':memory:');
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

const settings = (store: Store) =>
  store.read((db) => db.selectFrom('settings').select(['key', 'value']).orderBy('key').execute());

describe('a statement', () => {
  const insert = new Statement<{ key: string; value: string }>((db, row) =>
    db.insertInto('settings').values(row),
  );

  it('is built once, and run with the parameters of each call', async () => {
    await withStore(async (store) => {
      let built = 0;
      const counted = new Statement<{ key: string; value: string }>((db, { key, value }) => {
        built += 1;
        return db.updateTable('settings').set({ value }).where('key', '=', key).where('value', '!=', 'kept');
      });
      const changes = await store.transaction(async (trx) => {
        await insert.change(trx, { key: 'test.a', value: 'old' });
        await insert.change(trx, { value: 'kept', key: 'test.b' });
        return [
          await counted.change(trx, { key: 'test.a', value: 'new' }),
          await counted.change(trx, { key: 'test.b', value: 'new' }),
          await counted.change(trx, { key: 'test.c', value: 'new' }),
        ];
      });
      expect(changes).toEqual([1, 0, 0]);
      expect(built).toBe(1);
      expect(await settings(store)).toMatchObject([
        { key: 'test.a', value: 'new' },
        { key: 'test.b', value: 'kept' },
      ]);
    });
  });

  it('may depend on absent parameters and on the lengths of lists', async () => {
    await withStore(async (store) => {
      const remove = new Statement<{ keys: readonly string[]; value: string | undefined }>(
        (db, { keys, value }) => {
          const query = db.deleteFrom('settings').where('key', 'in', keys);
          return value === undefined ? query : query.where('value', '=', value);
        },
        { keys: true, value: true },
      );
      const run = (trx: Trx, keys: readonly string[], value?: string) => remove.change(trx, { keys, value });
      const changes = await store.transaction(async (trx) => {
        for (const key of ['a', 'b', 'c', 'd']) await insert.change(trx, { key: `test.${key}`, value: key });
        return [
          await run(trx, ['test.a', 'test.b'], 'b'),
          await run(trx, ['test.a', 'test.c']),
          await run(trx, ['test.d'], 'x'),
          await run(trx, ['test.d', 'test.e'], 'd'),
        ];
      });
      expect(changes).toEqual([1, 2, 0, 1]);
      expect(await settings(store)).toEqual([]);
    });
  });

  it('treats an absent parameter as an undefined one', async () => {
    await withStore(async (store) => {
      const remove = new Statement<Partial<Setting>>(
        (db, { key, value }) => {
          const query = db.deleteFrom('settings').where('key', '=', key!);
          return value === undefined ? query : query.where('value', '=', value);
        },
        { key: true, value: true },
      );
      const changes = await store.transaction(async (trx) => {
        await insert.change(trx, { key: 'test.a', value: 'a' });
        return [
          await remove.change(trx, { key: 'test.a', value: 'other' }),
          await remove.change(trx, { key: 'test.a' }),
        ];
      });
      expect(changes).toEqual([0, 1]);
    });
  });

  it('returns rows, and accepts a list of rows', async () => {
    await withStore(async (store) => {
      const insertAll = new Statement<{ rows: readonly { key: string; value: string }[] }, { key: string }>(
        (db, { rows }) => db.insertInto('settings').values(rows).returning('key'),
        { rows: true },
      );
      const keys = await store.transaction(async (trx) => [
        await insertAll.rows(trx, { rows: [{ key: 'test.a', value: 'a' }] }),
        await insertAll.rows(trx, {
          rows: [
            { key: 'test.b', value: 'b' },
            { value: 'c', key: 'test.c' },
          ],
        }),
        await insertAll.rows(trx, { rows: [{ key: 'test.d', value: 'd' }] }),
      ]);
      expect(keys.flat().map(({ key }) => key)).toEqual(['test.a', 'test.b', 'test.c', 'test.d']);
      expect(await settings(store)).toMatchObject(['a', 'b', 'c', 'd'].map((value) => ({ value })));
    });
  });
});
