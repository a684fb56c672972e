import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { CALLERS, type Load, pay, startLoad } from '../support/payment-load.js';
import { PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

/** How long the gateway may need after the database can be written to again. */
const BACK_WITHIN_MS = 2_000;
const GATEWAY_SESSIONS = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tollgate'`;
const onCluster = testsClusters() ? describe : describe.skip;

onCluster('Sessions that are useless, under load', () => {
  let cluster: PostgresCluster;
  let external: StubExternal;
  let gateway: Gateway;
  let load: Load;
  let databases = 0;
  let name: string;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    await cluster.query(`create role gateway login password 'first'`);
    external = await startStubExternal();
    external.behave(answerOk);
  }, 60_000);
  afterAll(async () => {
    await external.close();
    await cluster.dispose();
  });
  beforeEach(async () => {
    name = `ledger_${(databases += 1)}`;
    await cluster.query(`create database ${name} owner gateway`);
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      database: {
        DATABASE_URL: `postgres://gateway:first@127.0.0.1:${cluster.port}/${name}`,
        DATABASE_POOL_SIZE: '6',
      },
    });
    load = startLoad(gateway.url);
    await until(() => load.paid > 20, 'payments');
  });
  afterEach(async () => {
    await load.stop();
    await gateway.close();
  });

  const isReady = async (): Promise<boolean> =>
    (await call(`${gateway.url}/health/ready`, 'GET')).status === 200;
  /** Breaks the database until readiness shows it, mends it, and returns how long payments and readiness took. */
  const outage = async (breaks: () => Promise<unknown>, mends: () => Promise<unknown>): Promise<number> => {
    await breaks();
    await until(async () => !(await isReady()), 'readiness to fail');
    const before = load.refused.length;
    await until(() => load.refused.length > before + CALLERS, 'payments to fail');
    await mends();
    const mendedAt = performance.now();
    await until(isReady, 'readiness to succeed', 10_000);
    await until(() => load.inARow >= 10 * CALLERS, 'payments without a failure', 10_000);
    return load.lastFailureAt - mendedAt;
  };
  const assertTruthful = (): void => {
    expect(new Set(load.refused.map(({ status, code }) => `${status} ${String(code)}`))).toEqual(
      new Set(['503 storage-unavailable']),
    );
  };
  const readOnly = (word: 'on' | 'off'): Promise<unknown> =>
    cluster.query(`alter database ${name} set default_transaction_read_only = ${word}`);

  it('are dropped after a failover to a read-only server and back', async () => {
    const mended = await outage(
      async () => {
        await readOnly('on');
        await cluster.query(GATEWAY_SESSIONS);
      },
      // The sessions stay as they are: read-only.
      () => readOnly('off'),
    );
    expect(mended).toBeLessThan(BACK_WITHIN_MS);
    assertTruthful();
  }, 60_000);

  it('are dropped after a primary was demoted and promoted again', async () => {
    const signal = join(cluster.data, 'standby.signal');
    const mended = await outage(
      async () => {
        await cluster.stop();
        writeFileSync(signal, '', { mode: 0o666 });
        await cluster.boot();
      },
      () => cluster.query('select pg_promote()'),
    );
    rmSync(signal, { force: true });
    expect(mended).toBeLessThan(BACK_WITHIN_MS);
    assertTruthful();
  }, 60_000);

  it('cost no request when they are terminated between two transactions', async () => {
    await load.stop();
    await cluster.query(GATEWAY_SESSIONS);
    const answers = await Promise.all(
      Array.from({ length: CALLERS }, (_, n) => pay(gateway.url, `after-${n}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  }, 30_000);

  it('are terminated again and again, and every refusal is truthful', async () => {
    const paidBefore = load.paid;
    for (let n = 0; n < 20; n += 1) await cluster.query(GATEWAY_SESSIONS);
    await until(() => load.inARow >= 10 * CALLERS, 'payments without a failure');
    expect(load.paid).toBeGreaterThan(paidBefore);
    if (load.refused.length > 0) assertTruthful();
  }, 30_000);

  it('come back after the database has refused connections', async () => {
    const allow = (word: boolean): Promise<unknown> =>
      cluster.query(`alter database ${name} allow_connections ${word}`);
    const mended = await outage(
      async () => {
        await allow(false);
        await cluster.query(GATEWAY_SESSIONS);
      },
      () => allow(true),
    );
    expect(mended).toBeLessThan(BACK_WITHIN_MS);
    assertTruthful();
  }, 60_000);

  it('come back after pg_hba.conf has rejected the role', async () => {
    const hba = async (lines: string): Promise<void> => {
      cluster.writeHba(lines);
      await cluster.query('select pg_reload_conf()');
    };
    const mended = await outage(
      async () => {
        await hba('host all gateway 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n');
        await cluster.query(GATEWAY_SESSIONS);
      },
      () => hba('host all all 127.0.0.1/32 trust\n'),
    );
    expect(mended).toBeLessThan(BACK_WITHIN_MS);
    assertTruthful();
  }, 60_000);

  it('come back after the password of the role was changed and changed back', async () => {
    cluster.writeHba('host all gateway 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n');
    await cluster.query('select pg_reload_conf()');
    const mended = await outage(
      async () => {
        await cluster.query(`alter role gateway password 'second'`);
        await cluster.query(GATEWAY_SESSIONS);
      },
      () => cluster.query(`alter role gateway password 'first'`),
    );
    cluster.writeHba('host all all 127.0.0.1/32 trust\n');
    await cluster.query('select pg_reload_conf()');
    expect(mended).toBeLessThan(BACK_WITHIN_MS);
    assertTruthful();
  }, 60_000);
});
