import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SqliteStore } from '../../src/persistence/sqlite/sqlite.store.js';
import type { Store } from '../../src/persistence/store.js';
import { call } from '../support/client.js';
import { type DatabasePlace, sqliteFile } from '../support/databases.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { startStubExternal } from '../support/stub-external.js';

const LOG_LIMIT_BYTES = 200_000;

const put = (store: Store, key: string, bytes = 10): Promise<unknown> =>
  store.transaction((trx) =>
    trx
      .insertInto('settings')
      .values({ key, value: 'x'.repeat(bytes) })
      .execute(),
  );

const isReady = (store: Store): Promise<boolean> =>
  store.ping().then(
    () => true,
    () => false,
  );

describe("SQLite's write-ahead log", () => {
  let place: DatabasePlace;
  let path: string;
  let store: SqliteStore;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    place = await sqliteFile();
    path = place.config.kind === 'sqlite' ? place.config.path : '';
    ({ store } = await SqliteStore.open(path, LOG_LIMIT_BYTES));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await store.close();
    await place.dispose();
    Logger.overrideLogger(true);
  });

  const writeBeyondLimit = async (): Promise<void> => {
    for (let row = 0; statSync(`${path}-wal`).size <= LOG_LIMIT_BYTES; row += 1)
      await put(store, `long.${row}`, 20_000);
  };

  it('makes the store not ready beyond its limit, and shrinks once the reader that holds it has ended', async () => {
    const other = new DatabaseSync(path, { readOnly: true });
    other.exec('begin; select * from settings');
    await writeBeyondLimit();
    expect(await isReady(store)).toBe(false);
    await put(store, 'still stored');
    expect(store.logStatistics!.bytes).toBeGreaterThan(LOG_LIMIT_BYTES);
    other.exec('commit');
    other.close();
    expect(await isReady(store)).toBe(true);
    expect(store.logStatistics!.bytes).toBeLessThanOrEqual(LOG_LIMIT_BYTES);
  });

  /** Lets the checkpoint thread answer as if SQLite had failed with `errcode`. */
  const failCheckpoints = (errcode: number): jest.SpiedFunction<Worker['postMessage']> =>
    jest.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker) {
      setImmediate(() => this.emit('message', { message: 'disk I/O error', errcode }));
    });

  it('counts checkpoints that fail, is not ready beyond the limit, and recovers', async () => {
    const failing = failCheckpoints(778); // SQLITE_IOERR_WRITE
    await writeBeyondLimit();
    expect(await isReady(store)).toBe(false);
    expect(await isReady(store)).toBe(false);
    expect(store.logStatistics!.failedCheckpoints).toBeGreaterThanOrEqual(2);
    await put(store, 'still stored');
    failing.mockRestore();
    expect(await isReady(store)).toBe(true);
    expect(store.logStatistics!.bytes).toBeLessThanOrEqual(LOG_LIMIT_BYTES);
  });

  it('stores nothing after the fsync of a checkpoint has failed, and keeps the log for the next start', async () => {
    const failing = failCheckpoints(1_034); // SQLITE_IOERR_FSYNC
    await writeBeyondLimit();
    await isReady(store);
    failing.mockRestore();
    expect(await store.failure).toMatchObject({ name: 'StorageUnavailable' });
    await expect(put(store, 'after')).rejects.toMatchObject({ outcome: 'not-committed' });
    expect(await isReady(store)).toBe(false);
    const { size } = statSync(`${path}-wal`);
    await store.close();
    expect(statSync(`${path}-wal`).size).toBe(size);
  });
});

describe('a gateway whose fsync fails once', () => {
  it('answers no later payment, ends with 1, and the next start has all that was answered', async () => {
    const external = await startStubExternal();
    const gateway = await startGatewayProcess({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      imports: [new URL('failing-sync.js', import.meta.url).pathname],
      env: { FAILING_SYNC: '40', WORKERS: 'off' },
    });
    const paid: string[] = [];
    const answers: string[] = [];
    const pay = async (order: string): Promise<void> => {
      const body = { amount: 1, currency: 'EUR', shopTransactionId: order };
      try {
        const { status, body: answer } = await call(`${gateway.url}/v3/acme/pay`, 'POST', body);
        answers.push(`${status} ${String(answer['code'])} ${String(answer['outcome'])}`);
        if (status === 200) paid.push(order);
      } catch {
        // The process has ended.
      }
    };
    let ended = false;
    void gateway.exit.then(() => (ended = true));
    for (let order = 0; !ended && order < 500; order += 1) await pay(`order-${order}`);
    const { code } = await gateway.exit;
    const output = gateway.output();
    const logBytes = statSync(`${gateway.databasePath}-wal`).size;
    const { store } = await SqliteStore.open(gateway.databasePath);
    const rows = await store.read((db) =>
      db.selectFrom('payments').select(['shop_transaction_id', 'state']).execute(),
    );
    await store.close();
    await gateway.dispose();
    await external.close();
    const kept = new Set(rows.map((row) => row.shop_transaction_id));
    expect(code).toBe(1);
    expect(output.match(/the disk failed to store data/g)).toHaveLength(1);
    expect(logBytes).toBeGreaterThan(0);
    expect(paid.length).toBeGreaterThan(5);
    expect(paid.filter((order) => !kept.has(order))).toEqual([]);
    const firstRefusal = answers.findIndex((answer) => !answer.startsWith('200'));
    expect(answers.slice(firstRefusal).filter((answer) => answer.startsWith('200'))).toEqual([]);
    expect(answers[firstRefusal]).toMatch(/^503 storage-unavailable/);
  });
});
