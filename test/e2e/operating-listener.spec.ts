import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OperatingListener } from '../../src/observability/operating/operating-listener.js';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

const KEY = 'a-key-of-some-length-1';
/** Long enough that its timers cannot be what was measured. */
const BUSY_MS = 3_000;

let external: StubExternal;
beforeAll(async () => {
  external = await startStubExternal();
});
afterAll(() => external.close());

const start = (env: Readonly<Record<string, string>>): Promise<Gateway> =>
  startGateway({ externals: [{ externalService: 'acme', baseUrl: external.url }], env });

describe('names of externals on the public port', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await start({ API_KEYS: `ops:${KEY}` });
    const order = { amount: 1, currency: 'EUR', shopTransactionId: 'order' };
    expect((await call(`${gateway.url}/v3/acme/pay`, 'POST', order)).status).toBe(200);
  });
  afterAll(() => gateway.close());

  const ask = (path: string, headers = {}): ReturnType<typeof call> =>
    call(`${gateway.url}${path}`, 'GET', undefined, headers);

  it.each(['/health/ready', '/metrics'])('%s has them with a key alone', async (path) => {
    const without = await ask(path);
    expect(without.status).toBe(200);
    expect(without.text).not.toContain('acme');
    const withKey = await ask(path, { authorization: `Bearer ${KEY}` });
    expect([withKey.status, withKey.text]).toEqual([200, expect.stringContaining('acme')]);
    const wrong = await ask(path, { authorization: 'Bearer wrong' });
    expect([wrong.status, wrong.text]).toEqual([401, expect.not.stringContaining('acme')]);
  });

  it('has the other metrics and components without a key', async () => {
    expect((await ask('/metrics')).text).toMatch(/^tollgate_database_up 1$/m);
    expect((await ask('/health/ready')).body).toMatchObject({
      status: 'ok',
      details: { registry: { status: 'up', externals: 1 }, externals: { status: 'up' } },
    });
  });

  it('computes the metrics once a second at most', async () => {
    const texts = await Promise.all(Array.from({ length: 20 }, async () => (await ask('/metrics')).text));
    // Each request changes the number of requests.
    expect(new Set(texts).size).toBeLessThanOrEqual(2);
    await until(async () => (await ask('/metrics')).text !== texts.at(-1), 'newer metrics', 5_000);
  });
});

describe('METRICS_PORT', () => {
  it('has health and metrics with the names of externals, and nothing else', async () => {
    const gateway = await start({ METRICS_PORT: '0', PUBLIC_PATHS: 'none', API_KEYS: `ops:${KEY}` });
    try {
      const url = `http://${gateway.app.get(OperatingListener).address}`;
      expect((await call(`${gateway.url}/metrics`, 'GET')).status).toBe(401);
      const metrics = await call(`${url}/metrics`, 'GET');
      expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
        200,
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
      expect(metrics.text).toContain('external="acme"');
      expect((await call(`${url}/health/ready`, 'GET')).body).toMatchObject({
        status: 'ok',
        details: { externals: { externals: { acme: { circuit: 'closed' } } } },
      });
      const live = await call(`${url}/health/live`, 'GET');
      expect([live.status, live.body, live.headers.get('cache-control')]).toEqual([
        200,
        { status: 'ok' },
        'no-store',
      ]);
      for (const path of ['/', '/documentation', '/admin/payments', '/v3/acme/status?paymentId=p'])
        expect((await call(`${url}${path}`, 'GET')).status).toBe(404);
      expect((await call(`${url}/metrics`, 'POST', {})).status).toBe(405);
    } finally {
      await gateway.close();
    }
  });

  it('stops the start where it cannot listen', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(start({ METRICS_PORT: String(port) })).rejects.toThrow(/METRICS_PORT: .*EADDRINUSE/);
    taken.close();
  });
});

describe('liveness on METRICS_PORT', () => {
  let gateway: GatewayProcess;
  afterAll(() => gateway.dispose());

  it('is answered at once while the event loop of the gateway is busy, and readiness after it', async () => {
    const busy = `data:text/javascript,process.on('SIGUSR2',()=>{const t=Date.now();while(Date.now()-t<${BUSY_MS});})`;
    gateway = await startGatewayProcess({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: { METRICS_PORT: '0' },
      imports: [busy],
    });
    const address = /"metricsAddress":"([^"]+)"/.exec(gateway.output())?.[1];
    const url = `http://${address}`;
    expect((await call(`${url}/health/live`, 'GET')).status).toBe(200);
    const publicUrl = gateway.url;
    gateway.kill('SIGUSR2');
    const begun = performance.now();
    let publicAnswered = false;
    await until(() => performance.now() - begun > 100, 'the signal');
    const ready = call(`${publicUrl}/health/live`, 'GET').finally(() => (publicAnswered = true));
    for (let i = 0; i < 5; i += 1) {
      const startedAt = performance.now();
      expect((await call(`${url}/health/live`, 'GET')).status).toBe(200);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
    expect(publicAnswered).toBe(false);
    await ready;
    expect((await call(`${url}/health/ready`, 'GET')).status).toBe(200);
  });
});
