import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { OperationRecovery } from '../../src/operations/operation.recovery.js';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { scrape } from '../support/scrape.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

const PAYMENTS = 20;
const database = process.env['TEST_DATABASE_URL'];
// Row locks of another session need PostgreSQL; `outcome-retry-queue.spec.ts` tests the queue on any database.
const onPostgres = database ? describe : describe.skip;

onPostgres('a locked row among operations in flight', () => {
  let external: StubExternal;
  let proxy: TcpProxy;
  let direct: Gateway;
  let gateway: Gateway;
  let clock: TestClock;
  let locker: Client;
  let allArrived: Promise<void>;
  let release: () => void;

  const pay = (order: number): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/pay`, 'POST', {
      amount: 1,
      currency: 'EUR',
      shopTransactionId: `o-${order}`,
    });
  const statesOf = async (): Promise<Record<string, number>> => {
    const rows = await direct.app
      .get(Store)
      .read((db) => db.selectFrom('payments').select('state').execute());
    return Object.fromEntries(
      [...Map.groupBy(rows, ({ state }) => state)].map(([state, { length }]) => [state, length]),
    );
  };
  /** Locks the row of the first payment, as a session of an operator may. */
  const lockFirst = async (): Promise<void> => {
    await locker.query('begin');
    await locker.query(
      `select 1 from ${direct.database['DATABASE_SCHEMA']}.operations order by created_at, id limit 1 for update`,
    );
  };

  beforeEach(async () => {
    clock = new TestClock();
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    allArrived = arrived.promise;
    release = released.resolve;
    let count = 0;
    external = await startStubExternal(async (_, response) => {
      count += 1;
      const paymentId = `pm-${count}`;
      if (count === PAYMENTS) arrived.resolve();
      await released.promise;
      return answerJson(response, 200, { result: 'OK', paymentId });
    });
    const externals = [{ externalService: 'acme', baseUrl: external.url, timeoutMs: 20_000 }];
    direct = await startGateway({ externals, env: { WORKERS: 'off' } });
    const url = new URL(database!);
    proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).open();
    url.host = `127.0.0.1:${proxy.port}`;
    gateway = await startGateway({
      clock,
      externals,
      env: { WORKERS: 'off' },
      database: { ...direct.database, DATABASE_URL: url.href },
    });
    locker = new Client({ connectionString: database });
    await locker.connect();
  });
  afterEach(async () => {
    await locker.end();
    release();
    await gateway.close();
    await proxy.close();
    await direct.close();
    await external.close();
  });

  it('delays its own outcome only after a short loss of the database', async () => {
    const answers = Promise.all(Array.from({ length: PAYMENTS }, (_, order) => pay(order)));
    await allArrived;
    await lockFirst();
    await proxy.close();
    release();
    expect((await answers).map(({ body }) => body['outcome'])).toEqual(
      Array.from({ length: PAYMENTS }, () => 'unknown'),
    );
    await proxy.open();
    await until(async () => (await statesOf())['ACCEPTED'] === PAYMENTS - 1, 'the other outcomes', 8_000);
    expect(await scrape(gateway)).toMatch(/^tollgate_outcomes_not_stored 1$/m);
    await locker.query('rollback');
    await until(async () => (await statesOf())['ACCEPTED'] === PAYMENTS, 'the last outcome', 20_000);
  }, 60_000);

  it('delays its own recovery only', async () => {
    const answers = Promise.all(Array.from({ length: PAYMENTS }, (_, order) => pay(order)));
    await allArrived;
    await lockFirst();
    clock.advance(30_000);
    const turn = gateway.app.get(OperationRecovery).turn();
    await until(async () => (await statesOf())['UNKNOWN'] === PAYMENTS - 1, 'the other operations', 8_000);
    await locker.query('rollback');
    await turn;
    await until(async () => (await statesOf())['UNKNOWN'] === PAYMENTS, 'the last operation', 20_000);
    release();
    await answers;
  }, 60_000);
});
