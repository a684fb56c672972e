import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../crash/program.js';
import { call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { startGateway } from '../support/gateway.js';
import { hasProxy, type ProxyName, startProxy } from '../support/reverse-proxies.js';
import { startStubExternal } from '../support/stub-external.js';
import { runBehindProxy } from './proxies.js';

const OPERATIONS = 300;
const LIMIT_MS = 120_000;

describe.each<ProxyName>(['nginx', 'haproxy'])('behind %s', (name) => {
  const here = hasProxy(name) ? it : it.skip;

  here('with the settings of docs/operating.md, requests and answers pass unchanged', async () => {
    const external = await startStubExternal();
    const gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url, callbackAllowedIps: ['127.0.0.1/32'] }],
      env: { TRUST_PROXY: '1' },
    });
    const { port } = new URL(gateway.url);
    const proxy = await startProxy(name, await freePort(), [Number(port), await freePort()], false);
    try {
      const pay = (shopTransactionId: string, headers: Record<string, string> = {}, more: object = {}) =>
        call(
          `${proxy.url}/v3/acme/pay`,
          'POST',
          { amount: 1, currency: 'EUR', shopTransactionId, ...more },
          headers,
        );
      // The second replica is down: each request reaches the first.
      for (let i = 0; i < 6; i += 1) expect((await pay(`order-${i}`)).status).toBe(200);
      const own = await pay('own-id', { 'x-request-id': 'from-the-caller' });
      expect(own.headers.get('x-request-id')).toBe('from-the-caller');
      expect((await pay('new-id')).headers.get('x-request-id')).not.toMatch(/^req_/);
      const large = await pay('large', {}, { providerData: { text: 'x'.repeat(140_000) } });
      expect([large.status, large.body['code']]).toEqual([413, 'payload-too-large']);
      // A forged address is replaced.
      const callback = await call(`${proxy.url}/v3/acme/callback?paymentId=p`, 'GET', undefined, {
        'x-forwarded-for': '203.0.113.9',
      });
      expect(callback.status).toBe(200);
    } finally {
      await proxy.stop();
      await gateway.close();
      await external.close();
    }
  });

  const onPostgres = hasProxy(name) && postgresUrl() ? describe : describe.skip;
  onPostgres('that repeats whatever fails, with two replicas that are killed', () => {
    beforeAll(() => {
      execFileSync(process.execPath, ['scripts/build-if-needed.js'], { stdio: 'ignore' });
    }, LIMIT_MS);

    it(
      'executes nothing twice, and never says not-executed of what happened',
      async () => {
        const run = await runBehindProxy(name, OPERATIONS, postgresUrl()!);
        expect(run).toMatchObject({
          operations: OPERATIONS,
          twiceWithKey: [],
          twiceWithoutKey: [],
          falselyNotExecuted: [],
          unanswered: [],
        });
        expect(run.kills).toBeGreaterThan(1);
        expect(run.answers['200']).toBeGreaterThan(OPERATIONS / 2);
      },
      LIMIT_MS,
    );
  });
});
