import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { until } from '../support/until.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';

// test/contracts covers a full SQLite file; a server that stops needs PostgreSQL.
const database = process.env['TEST_DATABASE_URL'];
const onPostgres = database ? describe : describe.skip;

onPostgres('a PostgreSQL that stops', () => {
  let external: StubExternal;
  let proxy: TcpProxy;
  let direct: Gateway;
  let gateway: Gateway;
  let count = 0;
  const pay = (key?: string): Promise<Answer> =>
    call(
      `${gateway.url}/v3/acme/pay`,
      'POST',
      { amount: 1, currency: 'EUR', shopTransactionId: `o-${(count += 1)}` },
      key ? { 'idempotency-key': key } : {},
    );

  beforeAll(async () => {
    external = await startStubExternal();
    const externals = [
      { externalService: 'acme', baseUrl: external.url },
      { externalService: 'asked', baseUrl: external.url, statusByShopTransactionId: true },
    ];
    direct = await startGateway({ externals, env: { WORKERS: 'off' } });
    const url = new URL(database!);
    proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).open();
    url.host = `127.0.0.1:${proxy.port}`;
    gateway = await startGateway({
      externals,
      env: { WORKERS: 'off' },
      database: { ...direct.database, DATABASE_URL: url.href },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await proxy.close();
    await direct.close();
    await external.close();
  });

  it('refuses before the call, sends nothing, and recovers on its own', async () => {
    expect((await pay()).status).toBe(200);
    await proxy.close();
    external.requests.length = 0;
    const refused = await pay();
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      503,
      'storage-unavailable',
      'not-executed',
    ]);
    expect(external.requests).toHaveLength(0);
    await proxy.open();
    expect((await pay()).status).toBe(200);
  });

  it('answers unknown after the call, and stores the outcome as soon as possible', async () => {
    external.behave(async (arrived, response) => {
      await proxy.close();
      return answerOk(arrived, response);
    });
    const cut = await pay('cut');
    external.behave(answerOk);
    expect([cut.status, cut.body['code'], cut.body['outcome']]).toEqual([
      503,
      'storage-unavailable',
      'unknown',
    ]);
    await proxy.open();
    const find = (): Promise<{ state: string } | undefined> =>
      direct.app
        .get(Store)
        .read((db) =>
          db.selectFrom('operations').select('state').where('idempotency_key', '=', 'cut').executeTakeFirst(),
        );
    await until(async () => (await find())?.state === 'completed', 'the answer to be stored');
  });

  it('ends a refused operation if the commit before the call was durable', async () => {
    const body = { amount: 1, currency: 'EUR', shopTransactionId: 'ghost' };
    const send = (key: string): Promise<Answer> =>
      call(`${gateway.url}/v3/acme/pay`, 'POST', body, { 'idempotency-key': key });
    external.behave(answerOk);
    external.requests.length = 0;
    proxy.onRequest((bytes) => (bytes.includes('commit\0') ? 'cut' : 'forward'));
    const cut = await send('ghost');
    proxy.onRequest(undefined);
    expect([cut.status, cut.body['outcome'], external.requests.length]).toEqual([503, 'not-executed', 0]);
    await until(async () => (await send('ghost')).status === 200, 'the key to be free');
    expect(external.requests).toHaveLength(1);
  });

  it('leaves an unknown outcome unknown if the database fails during the repeat', async () => {
    const body = { amount: 1, currency: 'EUR', shopTransactionId: 'twice' };
    const send = (): Promise<Answer> =>
      call(`${gateway.url}/v3/asked/pay`, 'POST', body, { 'idempotency-key': 'twice' });
    external.behave((_, response) => answerJson(response, 500, {}));
    expect((await send()).body['outcome']).toBe('unknown');
    external.behave(async () => {
      await proxy.close();
      return { status: 'ACCEPTED', paymentId: 'pm-twice' };
    });
    const cut = await send();
    await proxy.open();
    expect([cut.status, cut.body['code'], cut.body['outcome']]).toEqual([
      503,
      'storage-unavailable',
      'unknown',
    ]);
  });
});
