import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Answer, call } from '../support/client.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { freePort, PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { SmallDisk } from '../support/small-disk.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const EXIT_LIMIT_MS = 30_000;
const DISK_MEGABYTES = 72;
const PAYMENTS = 30;
/** More than all segments that the server has ready. */
const LOG_MESSAGES = 200;

const onCluster = testsClusters() ? describe : describe.skip;
const disk = testsClusters() ? SmallDisk.mount(DISK_MEGABYTES) : undefined;
const onSmallDisk = disk ? describe : describe.skip;

/** The program on PostgreSQL, with an external that remembers the orders that it has executed. */
class Site {
  readonly executed: string[] = [];
  readonly answers = new Map<string, Answer>();
  #orders = 0;

  private constructor(
    readonly external: StubExternal,
    readonly gateway: GatewayProcess,
  ) {
    external.behave(({ method, body }) => {
      if (method === 'GET') return { status: 'ACCEPTED' };
      const { shopTransactionId } = JSON.parse(body) as { shopTransactionId: string };
      this.executed.push(shopTransactionId);
      return { result: 'OK', paymentId: `pm-${shopTransactionId}` };
    });
  }

  static async open(databaseUrl: string): Promise<Site> {
    const external = await startStubExternal();
    const gateway = await startGatewayProcess({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: { DATABASE_URL: databaseUrl, RECONCILIATION_SCHEDULE: '1s,1s,1s,1s,1s' },
    });
    return new Site(external, gateway);
  }

  async pay(): Promise<Answer> {
    const order = `order-${(this.#orders += 1)}`;
    const body = { amount: 1, currency: 'EUR', shopTransactionId: order };
    const answer = await call(`${this.gateway.url}/v3/acme/pay`, 'POST', body);
    this.answers.set(order, answer);
    return answer;
  }

  async ready(): Promise<boolean> {
    return (await call(`${this.gateway.url}/health/ready`, 'GET')).status === 200;
  }

  async reportsDown(): Promise<boolean> {
    const metrics = await fetch(`${this.gateway.url}/metrics`);
    return /^tollgate_database_up 0$/m.test(await metrics.text());
  }

  async close(): Promise<void> {
    await this.gateway.dispose();
    await this.external.close();
  }
}

onSmallDisk('A gateway whose PostgreSQL has no space left', () => {
  let cluster: PostgresCluster;
  let site: Site;

  beforeEach(async () => {
    cluster = await PostgresCluster.startIn(disk!.folder, 'max_wal_size = 4MB', 'min_wal_size = 2MB');
    site = await Site.open(cluster.url);
  }, 60_000);
  afterEach(async () => {
    try {
      await site.close();
      await cluster.stop();
    } finally {
      disk!.unmount();
    }
  });

  /** The server has segments of its log in reserve: uses them up, until it fails. */
  const exhaustLog = async (): Promise<void> => {
    for (let message = 0; message < LOG_MESSAGES; message++)
      await cluster.query(`select pg_logical_emit_message(false, 'filler', repeat('x', 200000))`);
  };

  it('is not ready, executes nothing that it cannot store, and loses nothing', async () => {
    for (let count = 0; count < PAYMENTS; count++) expect((await site.pay()).status).toBe(200);
    disk!.fill();
    await until(async () => !(await site.ready()), 'readiness to be red', 20_000);
    await until(() => site.reportsDown(), 'the metric of the alert to be 0, though reads succeed', 20_000);
    for (let count = 0; count < PAYMENTS; count++) await site.pay();
    await expect(exhaustLog()).rejects.toThrow();
    // The server fails, restarts, and may find space again: recovery shortens its log.
    const last: Answer[] = [];
    for (let count = 0; count < 3; count++) last.push(await site.pay());
    for (const { status, body } of last.filter(({ status }) => status !== 200))
      expect([status, body['code'], body['outcome']]).toEqual([503, 'storage-unavailable', 'not-executed']);

    disk!.free();
    await until(
      async () => {
        // It stops itself where the recovery finds no space either.
        if (!cluster.running) await cluster.boot();
        return site.ready();
      },
      'readiness to be green',
      30_000,
    );
    expect((await site.pay()).status).toBe(200);

    for (const [order, { status, body }] of site.answers) {
      if (status === 200) continue;
      expect([order, status, body['code']]).toEqual([order, 503, 'storage-unavailable']);
      if (body['outcome'] === 'not-executed') expect(site.executed).not.toContain(order);
    }
    expect(new Set(site.executed).size).toBe(site.executed.length);
    const accepted = async (): Promise<string[]> =>
      (
        await cluster.query<{ order: string }>(
          `select shop_transaction_id as order from payments where state = 'ACCEPTED'`,
        )
      ).map((row) => row.order);
    await until(
      async () => (await accepted()).length === site.executed.length,
      'every executed payment to be in the ledger',
      20_000,
    );
    expect((await accepted()).toSorted()).toEqual(site.executed.toSorted());
  }, 120_000);
});

onCluster('A gateway whose PostgreSQL is a black hole', () => {
  let cluster: PostgresCluster;
  let proxy: TcpProxy;
  let site: Site;

  beforeEach(async () => {
    cluster = await PostgresCluster.start();
    proxy = await new TcpProxy({ host: '127.0.0.1', port: cluster.port }).open();
  }, 60_000);
  afterEach(async () => {
    await site.close();
    await proxy.close();
    await cluster.dispose();
  });

  it.each([
    ['it alone', ''],
    ['a standby beside it', ',127.0.0.1:1'],
  ])(
    'ends with 0 within 30 s of SIGTERM, with requests in flight and %s',
    async (_what, standby) => {
      site = await Site.open(`postgres://postgres@127.0.0.1:${proxy.port}${standby}/postgres`);
      const answered = Promise.withResolvers<void>();
      await site.pay();
      const { gateway, external } = site;
      external.behave(async () => {
        await answered.promise;
        return { result: 'OK', paymentId: 'late' };
      });
      const called = site.pay();
      await until(() => external.requests.length === 2, 'the call');
      proxy.blackhole(true);
      answered.resolve();
      const inFlight = [called, ...Array.from({ length: 5 }, () => site.pay())];
      const startedAt = performance.now();
      gateway.kill('SIGTERM');
      const answers = await Promise.allSettled(inFlight);
      expect(await gateway.exit).toEqual({ code: 0, signal: null });
      expect(performance.now() - startedAt).toBeLessThan(EXIT_LIMIT_MS);
      const outcomes = answers.map((answer) =>
        answer.status === 'fulfilled' ? String(answer.value.body['outcome']) : 'closed',
      );
      expect(outcomes[0]).not.toBe('not-executed');
      expect(outcomes).not.toContain('undefined');
    },
    60_000,
  );
});

onCluster('A start that waits for its PostgreSQL', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends with 0 at once on %s',
    async (signal) => {
      const args = ['--import', './test/support/typescript-hooks.js', 'src/main.ts'];
      const child = spawn(process.execPath, args, {
        env: {
          PATH: process.env['PATH'] ?? '',
          HTTP_PORT: '0',
          DATABASE_URL: `postgres://postgres@127.0.0.1:${await freePort()}/postgres`,
          DATABASE_WAIT: '10m',
        },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const exit = once(child, 'exit');
      try {
        let output = '';
        child.stdout.on('data', (text: Buffer) => (output += text.toString()));
        await until(() => output.includes('waiting up to'), 'it to wait', 30_000);
        const signalledAt = performance.now();
        child.kill(signal);
        expect(await exit).toEqual([0, null]);
        expect(performance.now() - signalledAt).toBeLessThan(2_000);
      } finally {
        child.kill('SIGKILL');
      }
    },
    60_000,
  );
});
