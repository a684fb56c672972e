import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import { WriteAheadLog } from '../../src/persistence/sqlite/write-ahead-log.js';
import type { Store, Trx } from '../../src/persistence/store.js';
import { openTestDatabase, sqliteFile, type TestDatabase } from '../support/databases.js';
import { until } from '../support/until.js';

async function put(trx: Trx, key: string, value = ''): Promise<void> {
  await trx.insertInto('settings').values({ key, value }).execute();
}

async function keysIn(store: Store): Promise<string[]> {
  const rows = await store.read((db) => db.selectFrom('settings').select('key').orderBy('key').execute());
  return rows.map((row) => row.key);
}

async function pragma(db: Trx, name: string): Promise<unknown> {
  const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(db);
  return Object.values(rows[0]!)[0];
}

describe('Group commit on a SQLite file', () => {
  let database: TestDatabase;
  let store: Store;
  let path: string;

  beforeEach(async () => {
    database = await openTestDatabase(sqliteFile);
    store = database.store;
    path = database.config.kind === 'sqlite' ? database.config.path : '';
  });

  afterEach(() => database.dispose());

  it('makes the log of every commit durable before it answers', async () => {
    const sync = jest.spyOn(WriteAheadLog.prototype, 'sync');
    const settings = await store.transaction(async (trx) => ({
      journal: await pragma(trx, 'journal_mode'),
      synchronous: await pragma(trx, 'synchronous'),
      foreignKeys: await pragma(trx, 'foreign_keys'),
    }));
    // With a log that SQLite writes and we sync, `normal` is durable too: see WriteAheadLog.
    expect(settings).toEqual({ journal: 'wal', synchronous: 1, foreignKeys: 1 });
    await store.transaction((trx) => put(trx, 'a'));
    await Promise.all([store.transaction((trx) => put(trx, 'b')), store.transaction((trx) => put(trx, 'c'))]);
    expect(sync).toHaveBeenCalledTimes(3);
    sync.mockRestore();
  });

  it('commits what arrives in one turn of the event loop at once, up to 256', async () => {
    const batches: number[] = [];
    store.onCommit = (_durationMs, transactions) => batches.push(transactions);
    await Promise.all(Array.from({ length: 600 }, (_, i) => store.transaction((trx) => put(trx, String(i)))));
    expect(batches).toEqual([256, 256, 88]);
    expect(await keysIn(store)).toHaveLength(600);
  });

  it('runs them one after another, in order of arrival', async () => {
    const steps: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map((key) =>
        store.transaction(async (trx) => {
          steps.push(`${key} begins`);
          await put(trx, key);
          await keysInside(trx);
          steps.push(`${key} ends`);
        }),
      ),
    );
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('answers no transaction, failed ones included, before the shared commit', async () => {
    const steps: string[] = [];
    store.onCommit = () => steps.push('commit');
    await Promise.all([
      store.transaction((trx) => put(trx, 'a')).then(() => steps.push('a resolved')),
      store.transaction((trx) => put(trx, 'a')).catch(() => steps.push('second a rejected')),
      store.transaction((trx) => put(trx, 'b')).then(() => steps.push('b resolved')),
    ]);
    expect(steps[0]).toBe('commit');
    expect(steps.slice(1).toSorted()).toEqual(['a resolved', 'b resolved', 'second a rejected']);
  });

  it('puts transactions that arrive while a batch runs into the next batch', async () => {
    const batches: number[] = [];
    store.onCommit = (_durationMs, transactions) => batches.push(transactions);
    let inner: Promise<void> | undefined;
    await store.transaction(async (trx) => {
      await put(trx, 'a');
      inner = store.transaction((next) => put(next, 'b'));
    });
    await inner;
    expect(batches).toEqual([1, 1]);
    expect(await keysIn(store)).toEqual(['a', 'b']);
  });

  it('stores nothing of a batch whose commit fails, and rejects all of it', async () => {
    await store.transaction(async (trx) => {
      await sql`create table parents (id text primary key)`.execute(trx);
      await sql`create table children (parent text references parents (id) deferrable initially deferred)`.execute(
        trx,
      );
    });
    const outcomes = await Promise.allSettled([
      store.transaction((trx) => put(trx, 'a')),
      store.transaction((trx) => sql`insert into children values ('nobody')`.execute(trx)),
      store.transaction((trx) => put(trx, 'a').then(() => put(trx, 'a'))),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { name: 'StorageUnavailable', outcome: 'not-committed' },
      });
    }
    await store.transaction((trx) => put(trx, 'b'));
    expect(await keysIn(store)).toEqual(['b']);
  });

  it('survives a rollback by SQLite in the middle of a batch', async () => {
    const outcomes = await Promise.allSettled([
      store.transaction((trx) => put(trx, 'before')),
      store.transaction(async (trx) => {
        await put(trx, 'victim');
        await sql`rollback`.execute(trx); // SQLite may do this when the disk is full
        await put(trx, 'victim').catch(() => {}); // would be committed alone
      }),
      store.transaction((trx) => put(trx, 'after')),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(outcomes[0]).toMatchObject({ reason: { name: 'StorageUnavailable', outcome: 'not-committed' } });
    expect(await keysIn(store)).toEqual(['after']);
  });

  it('refuses with a full disk, keeps the neighbours, and recovers on its own', async () => {
    const large = 'x'.repeat(100_000);
    await store.transaction(async (trx) => {
      await put(trx, 'a');
      await sql.raw(`pragma max_page_count = ${Number(await pragma(trx, 'page_count'))}`).execute(trx);
    });
    const [full, small] = await Promise.allSettled([
      store.transaction((trx) => put(trx, 'large', large)),
      store.transaction((trx) => put(trx, 'small')),
    ]);
    expect(full).toMatchObject({
      status: 'rejected',
      reason: { name: 'StorageUnavailable', outcome: 'not-committed' },
    });
    expect(small.status).toBe('fulfilled');
    expect(await keysIn(store)).toEqual(['a', 'small']);

    await store.transaction((trx) => pragma(trx, 'max_page_count = 1000000'));
    await store.transaction((trx) => put(trx, 'large', large));
    expect(await keysIn(store)).toEqual(['a', 'large', 'small']);
    await expect(store.ping()).resolves.toBeUndefined();
  });

  it('waits for another writer without blocking the event loop', async () => {
    const foreign = new DatabaseSync(path);
    foreign.exec('begin immediate');
    const waiting = store.transaction((trx) => put(trx, 'a'));
    let turns = 0;
    await until(() => ++turns > 10, 'turns of the event loop');
    foreign.exec('commit');
    foreign.close();
    await waiting;
    expect(await keysIn(store)).toEqual(['a']);
  });

  it('keeps the write-ahead log short', async () => {
    const size = 250_000;
    await store.transaction((trx) => put(trx, 'a'));
    for (let i = 0; i < 400; i++) {
      const value = String(i % 10).repeat(size); // SQLite does not write what stays the same
      await store.transaction((trx) =>
        trx.updateTable('settings').set({ value }).where('key', '=', 'a').execute(),
      );
    }
    // 100 MB were written to the log. A checkpoint at 32 MiB restarts it.
    expect(statSync(`${path}-wal`).size).toBeLessThan(60_000_000);
    await until(() => statSync(path).size > size, 'a checkpoint');
  });
});

async function keysInside(trx: Trx): Promise<void> {
  await trx.selectFrom('settings').select('key').execute();
}
