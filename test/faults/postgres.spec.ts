import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { DatabaseConfig } from '../../src/config/config.js';
import { openStore } from '../../src/persistence/open-store.js';
import { StorageUnavailable, type Store, type Trx } from '../../src/persistence/store.js';
import { Secret } from '../../src/sensitive/secret.js';
import { PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const POOL_SIZE = 4;
/** Beside the pool: `LISTEN`, the probe of readiness, and one that looks for lost sessions. */
const OTHERS = 3;
/** A standby that does not exist: every commit waits for it. */
const GONE_STANDBY = `alter system set synchronous_standby_names = 'gone'`;
const onCluster = testsClusters() ? describe : describe.skip;

onCluster('A PostgreSQL that lies or hangs', () => {
  let cluster: PostgresCluster;
  let proxy: TcpProxy;
  let store: Store;
  let keys = 0;

  const config = (port: number): DatabaseConfig => ({
    kind: 'postgres',
    url: new Secret(`postgres://postgres@127.0.0.1:${port}/postgres`),
    poolSize: POOL_SIZE,
    schema: undefined,
  });
  const put = (): Promise<unknown> =>
    store.transaction((trx: Trx) =>
      trx
        .insertInto('settings')
        .values({ key: `fault.${(keys += 1)}`, value: '' })
        .execute(),
    );
  const outcomeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'committed',
      (error: unknown) => (error instanceof StorageUnavailable ? error.outcome : error),
    );
  const waitFor = async (standby: string): Promise<void> => {
    await cluster.query(standby);
    await cluster.query('select pg_reload_conf()');
    await until(async () => {
      const [row] = await cluster.query<{ names: string }>(
        `select current_setting('synchronous_standby_names') as names`,
      );
      return (row!.names === '') === standby.includes('reset');
    }, 'the setting');
  };
  const waiting = async (): Promise<number> => {
    const rows = await cluster.query(`select pid from pg_stat_activity where wait_event = 'SyncRep'`);
    return rows.length;
  };
  const cancelAll = (): Promise<unknown> =>
    cluster.query(
      `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep' and pid <> pg_backend_pid()`,
    );
  const black = (hole: boolean): void => proxy.mute(hole);

  beforeAll(async () => {
    cluster = await PostgresCluster.start('max_connections = 20', 'superuser_reserved_connections = 3');
    await cluster.query('create database other');
  }, 60_000);
  afterAll(() => cluster.dispose());
  beforeEach(async () => {
    proxy = await new TcpProxy({ host: '127.0.0.1', port: cluster.port }).open();
    store = await openStore(config(proxy.port));
  });
  afterEach(async () => {
    black(false);
    await waitFor('alter system reset synchronous_standby_names');
    await store.close();
    await proxy.close();
  });

  it('makes a commit unknown whose wait for a standby an operator cancels', async () => {
    await waitFor(GONE_STANDBY);
    const commits = Array.from({ length: 3 }, () => outcomeOf(put()));
    await until(async () => (await waiting()) === 3, 'three commits to wait');
    await cancelAll();
    expect(await Promise.all(commits)).toEqual(['unknown', 'unknown', 'unknown']);
  });

  it('never opens more sessions than the pool while commits hang, and goes on afterwards', async () => {
    await waitFor(GONE_STANDBY);
    let most = 0;
    let over = false;
    const callers = Array.from({ length: 8 }, async () => {
      while (!over) await outcomeOf(put());
    });
    const until15s = performance.now() + 15_000;
    while (performance.now() < until15s) {
      most = Math.max(most, await cluster.sessions());
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await expect(store.ping()).rejects.toThrow(StorageUnavailable);
    await waitFor('alter system reset synchronous_standby_names');
    over = true;
    await Promise.all(callers);
    expect(most).toBeLessThanOrEqual(POOL_SIZE + OTHERS);
    await until(async () => (await outcomeOf(put())) === 'committed', 'commits to succeed');
    await expect(store.ping()).resolves.toBeUndefined();
  }, 60_000);

  it('replaces connections whose server vanished without a reset within 5 s', async () => {
    await Promise.all(Array.from({ length: POOL_SIZE }, put));
    // New connections pass: the address belongs to another server now, which has none of the old sessions.
    proxy.blackholeOpen();
    const startedAt = performance.now();
    await cluster.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tollgate'`,
    );
    await until(async () => (await outcomeOf(put())) === 'committed', 'a commit');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('makes a commit unknown whose answer the path loses, and does not repeat it', async () => {
    await put();
    proxy.onRequest((bytes) => {
      if (bytes.includes('commit\0')) {
        proxy.onRequest(undefined);
        proxy.blackholeOpen('server');
      }
      return 'forward';
    });
    const startedAt = performance.now();
    const unknown = `fault.${keys + 1}`;
    expect(await outcomeOf(put())).toBe('unknown');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await cluster.query(`select key from settings where key = '${unknown}'`)).toHaveLength(1);
    expect(await outcomeOf(put())).toBe('committed');
  });

  it('ends the sessions at the server whose connection the path has forgotten', async () => {
    let wakes = 0;
    store.listen('notifications', () => wakes++);
    await until(() => wakes === 1, 'it to listen');
    await Promise.all([put(), store.ping()]);
    const pids = async (): Promise<number[]> =>
      (
        await cluster.query<{ pid: number }>(
          `select pid from pg_stat_activity where application_name = 'tollgate'`,
        )
      ).map(({ pid }) => pid);
    const before = await pids();
    proxy.blackholeOpen();
    const [outcome] = await Promise.all([outcomeOf(put()), store.ping().catch(() => {})]);
    expect(outcome).toBe('committed');
    await until(
      async () => (await pids()).every((pid) => !before.includes(pid)),
      'the sessions to end, that of LISTEN too',
      10_000,
    );
  });

  it('closes within its limit while its server is a black hole', async () => {
    const work = [put(), put()].map(outcomeOf);
    await Promise.all(work);
    store.listen('notifications', () => {});
    black(true);
    const hanging = Array.from({ length: 6 }, () => outcomeOf(put()));
    const startedAt = performance.now();
    await store.close();
    expect(performance.now() - startedAt).toBeLessThan(12_000);
    expect(await Promise.all(hanging)).not.toContain('committed');
  });

  it('listens again after its server vanished without a reset', async () => {
    let wakes = 0;
    store.listen('notifications', () => wakes++);
    await until(() => wakes === 1, 'it to listen');
    proxy.blackholeOpen();
    await until(() => wakes === 2, 'it to listen again', 8_000);
  });

  it('fails its ping while the server is read-only, and not while the pool is exhausted', async () => {
    await expect(store.ping()).resolves.toBeUndefined();
    const gate = Promise.withResolvers<void>();
    const busy = Array.from({ length: 200 }, () => outcomeOf(store.transaction(() => gate.promise)));
    await expect(store.ping()).resolves.toBeUndefined();
    gate.resolve();
    await Promise.all(busy);
    await cluster.query('alter system set default_transaction_read_only = on');
    await cluster.query('select pg_reload_conf()');
    try {
      await until(
        () =>
          store.ping().then(
            () => false,
            () => true,
          ),
        'the ping to fail',
      );
    } finally {
      await cluster.query('alter system reset default_transaction_read_only');
      await cluster.query('select pg_reload_conf()');
    }
    await until(
      () =>
        store.ping().then(
          () => true,
          () => false,
        ),
      'the ping to succeed',
    );
  });

  it('is storage that is unavailable whatever an operator does to it', async () => {
    await cluster.query('alter table settings rename to hidden');
    expect(await outcomeOf(put())).toBe('not-committed');
    await cluster.query('alter table hidden rename to settings');
    expect(await outcomeOf(put())).toBe('committed');
  });
});

onCluster('A PostgreSQL that is not there at the start', () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await PostgresCluster.start('max_connections = 8', 'superuser_reserved_connections = 2');
    await cluster.query('create role gateway login');
    await cluster.query('grant all on schema public to gateway');
  }, 60_000);
  afterAll(() => cluster.dispose());

  const open = (waitMs: number, waits: string[] = []): Promise<Store> =>
    openStore(
      {
        kind: 'postgres',
        url: new Secret(`postgres://gateway@127.0.0.1:${cluster.port}/postgres`),
        poolSize: 2,
        schema: undefined,
        waitMs,
      },
      undefined,
      (error) => waits.push(error.message),
    );

  it('is waited for, and reported once', async () => {
    await cluster.stop();
    await expect(open(0)).rejects.toThrow(StorageUnavailable);
    const waits: string[] = [];
    const opening = open(20_000, waits);
    await until(() => waits.length === 1, 'the report');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await cluster.boot();
    await (await opening).close();
    expect(waits).toEqual([expect.stringContaining('ECONNREFUSED')]);
  }, 40_000);

  it('is waited for while it has no session left', async () => {
    const held = await holdAll(`postgres://gateway@127.0.0.1:${cluster.port}/postgres`);
    const waits: string[] = [];
    const opening = open(20_000, waits);
    await until(() => waits.length === 1, 'the report');
    await Promise.all(held.map((client) => client.end()));
    const store = await opening;
    await expect(store.ping()).resolves.toBeUndefined();
    await store.close();
    expect(waits).toEqual([expect.stringMatching(/connection slots|too many clients/)]);
  }, 40_000);

  it('is not waited for where waiting cannot help', async () => {
    const startedAt = performance.now();
    const opening = openStore({
      kind: 'postgres',
      url: new Secret(`postgres://nobody@127.0.0.1:${cluster.port}/postgres`),
      poolSize: 2,
      schema: undefined,
      waitMs: 20_000,
    });
    await expect(opening).rejects.toThrow(/nobody/);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('names what it refuses to a migration, and keeps nothing of it', async () => {
    await cluster.query('create schema closed');
    await cluster.query('grant usage on schema closed to gateway');
    const opening = openStore({
      kind: 'postgres',
      url: new Secret(`postgres://gateway@127.0.0.1:${cluster.port}/postgres`),
      poolSize: 2,
      schema: 'closed',
    });
    await expect(opening).rejects.toThrow('permission denied for schema closed');
  });
});

/** Opens sessions until the server refuses one. */
async function holdAll(connectionString: string): Promise<Client[]> {
  const held: Client[] = [];
  for (;;) {
    const client = new Client({ connectionString });
    client.on('error', () => {});
    try {
      await client.connect();
    } catch {
      return held;
    }
    held.push(client);
  }
}
