import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { CALLERS, type Load, startLoad } from '../support/payment-load.js';
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { type Direction, TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** How long payments may fail after the path works again. */
const BACK_WITHIN_MS = 5_000;
const POOL_SIZE = 6;
/** Beside the pool: `LISTEN`, the probe of readiness, and one that looks for lost sessions. */
const OTHERS = 3;
const DIRECTIONS: readonly Direction[] = ['both', 'client', 'server'];
const onCluster = testsClusters() ? describe : describe.skip;
const onPgBouncer = testsClusters() && hasPgBouncer() ? describe : describe.skip;

/** A gateway under load whose path to the database a test breaks. */
class Site {
  readonly proxy: TcpProxy;
  readonly gateway: Gateway;
  readonly load: Load;
  readonly #external: StubExternal;

  private constructor(external: StubExternal, proxy: TcpProxy, gateway: Gateway) {
    this.#external = external;
    this.proxy = proxy;
    this.gateway = gateway;
    this.load = startLoad(gateway.url);
  }

  static async open(port: number, database: string): Promise<Site> {
    const external = await startStubExternal();
    external.behave(answerOk);
    const proxy = await new TcpProxy({ host: '127.0.0.1', port }).open();
    const gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      database: {
        DATABASE_URL: `postgres://postgres@127.0.0.1:${proxy.port}/${database}`,
        DATABASE_POOL_SIZE: String(POOL_SIZE),
      },
    });
    const site = new Site(external, proxy, gateway);
    await until(() => site.load.paid > 20, 'payments');
    return site;
  }

  async isReady(): Promise<boolean> {
    return (await call(`${this.gateway.url}/health/ready`, 'GET')).status === 200;
  }

  /** Resolves once every caller has paid again and again without a failure. */
  async flow(): Promise<void> {
    const before = this.load.paid;
    await until(
      () => this.load.paid > before + 4 * CALLERS && this.load.inARow >= 4 * CALLERS,
      'payments without a failure',
      15_000,
    );
  }

  /** Every refusal is truthful, and no order was executed twice. */
  async assertTruthful(): Promise<void> {
    await this.load.stop();
    const executed = this.#external.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => (JSON.parse(body) as { shopTransactionId: string }).shopTransactionId);
    expect(new Set(executed).size).toBe(executed.length);
    for (const { order, status, code, outcome } of this.load.refused) {
      expect([order, status]).toEqual([order, 503]);
      // The second: the first commit took so long that no time was left for the call.
      expect(['storage-unavailable', 'provider-unavailable']).toContain(code);
      if (code === 'provider-unavailable') expect(outcome).toBe('not-executed');
      if (outcome === 'not-executed') expect(executed).not.toContain(order);
    }
  }

  async lostSessions(): Promise<number> {
    const text = await (await fetch(`${this.gateway.url}/metrics`)).text();
    return Number(/^tollgate_database_sessions_lost_total (\d+)$/m.exec(text)?.[1]);
  }

  async close(): Promise<void> {
    await this.load.stop();
    await this.gateway.close();
    await this.proxy.close();
    await this.#external.close();
  }
}

onCluster('Connections that the path to PostgreSQL forgets, while the server keeps their sessions', () => {
  let cluster: PostgresCluster;
  let site: Site;
  let databases = 0;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
  }, 60_000);
  afterAll(() => cluster.dispose());
  beforeEach(async () => {
    const name = `ledger_${(databases += 1)}`;
    await cluster.query(`create database ${name}`);
    site = await Site.open(cluster.port, name);
  });
  afterEach(() => site.close());

  it.each(DIRECTIONS.flatMap((direction) => [1, 2].map((nth) => [direction, nth] as const)))(
    'are replaced within 5 s where what %s sends is lost, on one of %d connections',
    async (direction, nth) => {
      let most = 0;
      const counting = setInterval(() => {
        void cluster.sessions().then((count) => (most = Math.max(most, count)));
      }, 100);
      const brokenAt = performance.now();
      site.proxy.blackholeOpen(direction, nth);
      try {
        await until(async () => (await site.lostSessions()) > 0, 'sessions to be found lost');
        await site.flow();
        expect(performance.now() - brokenAt).toBeLessThan(BACK_WITHIN_MS);
      } finally {
        clearInterval(counting);
      }
      await until(() => site.isReady(), 'readiness');
      await site.assertTruthful();
      // A session and its successor exist together until the server has ended the old one.
      expect(most).toBeLessThanOrEqual(2 * POOL_SIZE + OTHERS);
      await until(
        async () => (await cluster.sessions()) <= POOL_SIZE + OTHERS,
        'sessions that are left over to end',
        2_000,
      );
    },
    40_000,
  );

  it.each([500, 5_000])(
    'come back after a hole of %d ms that loses what was sent',
    async (holeMs) => {
      site.proxy.blackhole(true);
      const brokenAt = performance.now();
      if (holeMs > 2_000) await until(async () => !(await site.isReady()), 'readiness to be red');
      await until(() => performance.now() > brokenAt + holeMs, 'the end of the hole', holeMs + 1_000);
      site.proxy.blackhole(false);
      const endedAt = performance.now();
      await site.flow();
      expect(performance.now() - endedAt).toBeLessThan(BACK_WITHIN_MS);
      await until(() => site.isReady(), 'readiness');
      await site.assertTruthful();
    },
    60_000,
  );
});

onPgBouncer('Connections that the path to PgBouncer forgets', () => {
  let cluster: PostgresCluster;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
  }, 60_000);
  afterAll(() => cluster.dispose());

  it.each(['transaction', 'session'] as const)(
    'come back in its %s mode',
    async (mode) => {
      await cluster.query(`create database ${mode}_mode`);
      const pooler = await startPgBouncer(cluster.url, mode, 20);
      const site = await Site.open(Number(new URL(pooler.url).port), `${mode}_mode`);
      try {
        const brokenAt = performance.now();
        site.proxy.blackholeOpen();
        await site.flow();
        expect(performance.now() - brokenAt).toBeLessThan(BACK_WITHIN_MS);
        await site.assertTruthful();
      } finally {
        await site.close();
        await pooler.stop();
      }
    },
    60_000,
  );

  it('are not those whose commits wait for a standby', async () => {
    await cluster.query('create database hanging');
    const pooler = await startPgBouncer(cluster.url, 'transaction', 20);
    const site = await Site.open(Number(new URL(pooler.url).port), 'hanging');
    try {
      await cluster.commitTo('gone');
      await until(() => site.load.refused.length > 0, 'a refusal', 40_000);
      expect(await site.lostSessions()).toBe(0);
      expect(await site.isReady()).toBe(false);
      await cluster.commitTo('');
      await site.flow();
      expect(await site.lostSessions()).toBe(0);
      await site.assertTruthful();
    } finally {
      await cluster.commitTo('');
      await site.close();
      await pooler.stop();
    }
  }, 60_000);
});
