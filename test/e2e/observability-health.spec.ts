import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ShutdownState } from '../../src/http/shutdown-state.js';
import { Store } from '../../src/persistence/store.js';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { LogLines } from '../support/log-lines.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const KEY = 'a-key-of-some-length-1';

describe('health', () => {
  let external: StubExternal;
  const start = (options: Parameters<typeof startGateway>[0] = {}): Promise<Gateway> =>
    startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          timeoutMs: 200,
          circuitBreaker: { failures: 1, windowMs: 10_000, openMs: 60_000 },
        },
      ],
      ...options,
      env: { API_KEYS: `ops:${KEY}`, ...options.env },
    });
  const ready = (gateway: Gateway): ReturnType<typeof call> =>
    call(`${gateway.url}/health/ready`, 'GET', undefined, { 'x-api-key': KEY });
  const live = async (gateway: Gateway): Promise<number> =>
    (await call(`${gateway.url}/health/live`, 'GET')).status;

  beforeAll(async () => {
    external = await startStubExternal();
  });
  afterAll(() => external.close());

  it('is ready and lists its components', async () => {
    const gateway = await start();
    const answer = await ready(gateway);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.body).toMatchObject({
      status: 'ok',
      details: {
        gateway: { status: 'up' },
        database: { status: 'up' },
        registry: { status: 'up', externals: 1 },
        externals: { status: 'up', externals: { acme: { circuit: 'closed', inFlight: 0 } } },
        workers: { status: 'up' },
      },
    });
    expect(await live(gateway)).toBe(200);
    await gateway.close();
  });

  it('reports a failing external and stays ready', async () => {
    const gateway = await start();
    external.behave(() => new Promise(() => {}));
    await call(`${gateway.url}/v3/acme/pay`, 'POST', {
      amount: 1,
      currency: 'EUR',
      shopTransactionId: 'order',
    });
    const answer = await ready(gateway);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: 'degraded',
      details: { externals: { status: 'degraded', externals: { acme: { circuit: 'open' } } } },
    });
    await gateway.close();
  });

  it('is not ready during shutdown, refuses new requests, and is alive', async () => {
    const log = new LogLines();
    const gateway = await start({ logOutput: log, env: { LOG_LEVEL: 'info' } });
    const state = gateway.app.get(ShutdownState);
    state.drain();
    const answer = await ready(gateway);
    expect([answer.status, answer.headers.get('connection')]).toEqual([503, 'close']);
    expect(answer.body).toMatchObject({
      status: 'error',
      error: { gateway: { status: 'down', message: 'shutting down' } },
    });
    const payment = { amount: 1, currency: 'EUR', shopTransactionId: 'late' };
    state.close();
    const refused = await call(`${gateway.url}/v3/acme/pay`, 'POST', payment);
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      503,
      'shutting-down',
      'not-executed',
    ]);
    expect([refused.headers.get('connection'), refused.headers.get('retry-after')]).toEqual(['close', '1']);
    expect(await live(gateway)).toBe(200);
    expect(log.lines('Not ready')).toHaveLength(1);
    await gateway.close();
  });

  it('is not ready without its database, and does not reveal its address', async () => {
    const gateway = await start({ env: { WORKERS: 'off' } });
    await gateway.app.get(Store).close();
    const answer = await ready(gateway);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      error: { database: { status: 'down', message: 'cannot be used now' } },
    });
    const metrics = await call(`${gateway.url}/metrics`, 'GET');
    expect([metrics.status, metrics.text]).toEqual([
      200,
      expect.stringContaining('\ntollgate_database_up 0\n'),
    ]);
    expect(metrics.text).not.toContain('\ntollgate_notifications_waiting ');
    expect(await live(gateway)).toBe(200);
    await gateway.close();
  });
});

// Only a server can be disconnected and reconnected.
const database = process.env['TEST_DATABASE_URL'];
const onPostgres = database ? describe : describe.skip;

onPostgres('a PostgreSQL that becomes unavailable', () => {
  let direct: Gateway;
  let proxy: TcpProxy;
  let gateway: Gateway;

  const status = async (): Promise<number> => (await call(`${gateway.url}/health/ready`, 'GET')).status;
  const turnsRed = (): Promise<void> =>
    until(async () => (await status()) === 503, 'readiness to turn red', 2_000);

  beforeAll(async () => {
    direct = await startGateway({ env: { WORKERS: 'off' } });
    const url = new URL(database!);
    proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).open();
    url.host = `127.0.0.1:${proxy.port}`;
    gateway = await startGateway({ database: { ...direct.database, DATABASE_URL: url.href } });
  });
  afterAll(async () => {
    // The pool would wait for the dropped answers.
    await proxy.close();
    await gateway.close();
    await direct.close();
  });

  it('fails readiness within 2 s, and recovers within 2 s', async () => {
    expect(await status()).toBe(200);
    await proxy.close();
    await turnsRed();
    await proxy.open();
    await until(async () => (await status()) === 200, 'readiness to recover', 2_000);
  });

  it('fails readiness within 2 s if the database only stops answering', async () => {
    proxy.mute(true);
    await turnsRed();
  });
});
