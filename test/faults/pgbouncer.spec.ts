import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/persistence/open-store.js';
import { StorageUnavailable, Store } from '../../src/persistence/store.js';
import { Secret } from '../../src/sensitive/secret.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const PAYMENTS = 150;
const STARTS = { rounds: 10, replicas: 5 };
const onPgBouncer = testsClusters() && hasPgBouncer() ? describe : describe.skip;

onPgBouncer('Two gateways behind PgBouncer', () => {
  let cluster: PostgresCluster;
  let external: StubExternal;
  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    external = await startStubExternal();
    external.behave(answerOk);
  }, 60_000);
  afterAll(async () => {
    await external.close();
    await cluster.dispose();
  });

  it.each(['transaction', 'session'] as const)(
    'pay in its %s mode, and leave no row without an end',
    async (mode) => {
      const schema = `mode_${mode}`;
      await cluster.query(`create schema ${schema}`);
      // Fewer sessions than the gateways have connections: in transaction mode they share them.
      const pooler: PgBouncer = await startPgBouncer(cluster.url, mode, mode === 'transaction' ? 5 : 40);
      const start = (): Promise<Gateway> =>
        startGateway({
          externals: [{ externalService: 'acme', baseUrl: external.url }],
          database: { DATABASE_URL: pooler.url, DATABASE_SCHEMA: schema, DATABASE_POOL_SIZE: '8' },
        });
      const gateways = [await start(), await start()];
      try {
        const pay = (n: number): Promise<Answer> =>
          call(`${gateways[n % 2]!.url}/v3/acme/pay`, 'POST', {
            amount: 1,
            currency: 'EUR',
            shopTransactionId: `${mode}-${n}`,
          });
        const statuses: Record<number, number> = {};
        for (let n = 0; n < PAYMENTS; n += 30) {
          const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => pay(n + i)));
          for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
        }
        expect(statuses).toEqual({ 200: PAYMENTS });
        const states = await gateways[0]!.app
          .get(Store)
          .read((db) => db.selectFrom('payments').select(['state']).distinct().execute());
        expect(states.map(({ state }) => state)).toEqual(['ACCEPTED']);
        expect((await call(`${gateways[0]!.url}/health/ready`, 'GET')).status).toBe(200);
      } finally {
        for (const gateway of gateways) await gateway.close();
        await pooler.stop();
      }
    },
    60_000,
  );

  it.each(['transaction', 'session'] as const)(
    'start together in its %s mode: one migrates, and no lock stays behind',
    async (mode) => {
      const pooler = await startPgBouncer(cluster.url, mode, mode === 'transaction' ? 5 : 40);
      const url = new Secret(pooler.url);
      try {
        for (let round = 0; round < STARTS.rounds; round++) {
          const schema = `starts_${mode}_${round}`;
          await cluster.query(`create schema ${schema}`);
          const migrated: number[] = [];
          const start = () =>
            openStore({ kind: 'postgres', url, poolSize: 2, schema }, ({ length }) => migrated.push(length));
          const stores = await Promise.all(Array.from({ length: STARTS.replicas }, start));
          expect(migrated.filter((count) => count > 0)).toHaveLength(1);
          for (const store of stores) await store.close();
        }
        expect(await cluster.query(`select pid from pg_locks where locktype = 'advisory'`)).toEqual([]);
      } finally {
        await pooler.stop();
      }
    },
    60_000,
  );
});

onPgBouncer('A store whose database is a black hole behind PgBouncer', () => {
  it('ends its work, and closes, once it is abandoned', async () => {
    const cluster = await PostgresCluster.start();
    const proxy = await new TcpProxy({ host: '127.0.0.1', port: cluster.port }).open();
    const pooler = await startPgBouncer(
      `postgres://postgres@127.0.0.1:${proxy.port}/postgres`,
      'transaction',
      5,
    );
    try {
      const store = await openStore({
        kind: 'postgres',
        url: new Secret(pooler.url),
        poolSize: 2,
        schema: undefined,
      });
      const read = (): Promise<unknown> =>
        store.read((db) => db.selectFrom('payments').select('id').limit(1).execute());
      await read();
      proxy.blackhole(true);
      // Two of them wait for a connection.
      const running = Promise.allSettled(Array.from({ length: 4 }, read));
      await expect(store.ping()).rejects.toBeInstanceOf(StorageUnavailable);
      const startedAt = performance.now();
      store.abandon();
      for (const end of await running)
        expect(end).toEqual({ status: 'rejected', reason: expect.any(StorageUnavailable) });
      await expect(read()).rejects.toBeInstanceOf(StorageUnavailable);
      await store.close();
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    } finally {
      await pooler.stop();
      await proxy.close();
      await cluster.dispose();
    }
  }, 60_000);
});
