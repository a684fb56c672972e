import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ExternalProviderRegistry } from '../../src/providers/external-provider.registry.js';
import { call } from '../support/client.js';
import { startGateway, type Gateway } from '../support/gateway.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';

/** A request uses the external that it resolved until its end (SPEC §6). */
describe('a reload of the externals file during a request', () => {
  let external: StubExternal;
  let gateway: Gateway;

  beforeEach(async () => {
    external = await startStubExternal(() => ({
      result: 'OK',
      status: 'ACTIVE',
      paymentId: 'pm_1',
      subscriptionToken: 'sub_1',
    }));
    gateway = await startGateway({ externals: [{ externalService: 'acme', baseUrl: external.url }] });
  });

  afterEach(async () => {
    await gateway.close();
    await external.close();
  });

  const subscription = {
    amount: 1299,
    currency: 'EUR',
    shopTransactionId: 'order-1',
    subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
  };

  it.each([
    ['POST', 'pay', { amount: 1299, currency: 'EUR', shopTransactionId: 'order-1' }],
    ['POST', 'subscription/schedule', subscription],
    ['POST', 'subscription/update/sub_1', { amount: 1499, currency: 'EUR' }],
    ['GET', 'subscription/status/sub_1', undefined],
    ['DELETE', 'subscription/expire/sub_1', undefined],
  ] as const)('%s %s uses the provider that the guard resolved', async (method, path, body) => {
    const registry = gateway.app.get(ExternalProviderRegistry);
    const resolve = registry.require.bind(registry);
    registry.require = (name) => {
      const provider = resolve(name);
      registry.replace([]);
      return provider;
    };

    const answer = await call(`${gateway.url}/v3/acme/${path}`, method, body);
    expect(answer).toMatchObject({ status: 200 });
    expect(external.requests).toHaveLength(1);
  });
});
