import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TotalsCounter } from '../../src/totals/totals.counter.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const KEYS = { shop: 'key-of-the-shop-0123456789', ops: 'key-of-the-console-0123456789' };

interface Period {
  readonly payments: readonly { readonly items: number; readonly itemsByStep: readonly number[] }[];
}

interface Figures {
  readonly countedAt: string;
  readonly last24Hours: Period;
  readonly last30Days: Period;
}

describe('GET /admin/summary', () => {
  let external: StubExternal;
  let receiver: TestReceiver;
  let gateway: Gateway;

  const pay = (shopTransactionId: string, amount: number, at = 'acme'): Promise<Answer> =>
    call(
      `${gateway.url}/v3/${at}/pay`,
      'POST',
      { amount, currency: 'EUR', shopTransactionId },
      { 'x-api-key': KEYS.shop },
    );
  const summary = (key: string): Promise<Answer> =>
    call(`${gateway.url}/admin/summary`, 'GET', undefined, { 'x-api-key': key });

  beforeAll(async () => {
    external = await startStubExternal(({ url, method, body }, response) => {
      const { shopTransactionId } = (body === '' ? {} : JSON.parse(body)) as { shopTransactionId?: string };
      if (method === 'GET') return { status: 'ACCEPTED' };
      if (url === '/refund') return { result: 'OK', refundId: 're-1' };
      if (shopTransactionId!.startsWith('broken')) return answerJson(response, 500, {});
      if (shopTransactionId!.startsWith('declined')) return { result: 'KO' };
      return { result: 'OK', paymentId: `pm-${shopTransactionId}` };
    });
    receiver = await startReceiver();
    receiver.answers(410);
    const circuitBreaker = { failures: 2, windowMs: 60_000, openMs: 600_000 };
    gateway = await startGateway({
      externals: [
        { externalService: 'beta', baseUrl: external.url, circuitBreaker },
        { externalService: 'acme', baseUrl: external.url },
      ],
      env: {
        API_KEYS: `shop:${KEYS.shop},console:${KEYS.ops}:admin-read`,
        PAYMENT_CALLBACK_URL: receiver.url,
        NOTIFICATION_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
      },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await receiver.stop();
    await external.close();
  });

  it('has every figure of the first page', async () => {
    await pay('order-1', 1_299);
    await pay('order-2', 1);
    await pay('declined-1', 500);
    await call(
      `${gateway.url}/v3/acme/refund`,
      'POST',
      { amount: 299, currency: 'EUR', paymentId: 'pm-order-1' },
      { 'x-api-key': KEYS.shop },
    );
    await pay('broken-1', 10, 'beta');
    await pay('broken-2', 10, 'beta');
    await call(`${gateway.url}/v3/acme/check?paymentId=pm-order-1`, 'GET', undefined, {
      'x-api-key': KEYS.shop,
    });
    await until(
      async () => ((await summary(KEYS.ops)).body['deliveries'] as [{ dead: number }])[0].dead === 1,
      'the dead notification',
    );
    await gateway.app.get(TotalsCounter).count();

    const { status, body } = await summary(KEYS.ops);
    expect(status).toBe(200);
    expect(body['attention']).toEqual(
      expect.arrayContaining([
        { kind: 'payment-unknown', items: 2, more: false },
        { kind: 'notification-dead', items: 1, more: false },
      ]),
    );
    expect(body['externals']).toMatchObject([
      {
        external: 'acme',
        circuit: 'closed',
        inFlight: 0,
        lastSuccessAt: expect.any(String),
        lastHour: { calls: 5, successRate: 1, p95Ms: expect.any(Number) },
      },
      {
        external: 'beta',
        circuit: 'open',
        nextTryAt: expect.any(String),
        lastFailure: 'server-error: The external answered 500.',
        lastHour: { calls: 2, successRate: 0 },
      },
    ]);
    expect(body['deliveries']).toEqual([{ receiver: 'payment-callback', waiting: 0, dead: 1 }]);
    const { countedAt, last24Hours, last30Days } = body as unknown as Figures;
    expect(Date.parse(countedAt)).toBeLessThanOrEqual(Date.now());
    const totals = [
      { currency: 'EUR', state: 'ACCEPTED', items: 2, amount: 1_300 },
      { currency: 'EUR', state: 'FAILED', items: 1, amount: 500 },
      { currency: 'EUR', state: 'UNKNOWN', items: 2, amount: 20 },
    ];
    const periods = [
      [last24Hours, 24],
      [last30Days, 30],
    ] as const;
    for (const [period, steps] of periods) {
      expect(period).toMatchObject({
        steps,
        payments: totals,
        refunds: [{ state: 'OK', items: 1, amount: 299 }],
      });
      for (const { itemsByStep, items } of period.payments) {
        expect(itemsByStep).toHaveLength(steps);
        expect(itemsByStep.reduce((sum, each) => sum + each, 0)).toBe(items);
      }
    }
  });

  it('needs the scope admin-read, and takes no parameter', async () => {
    expect((await summary(KEYS.shop)).status).toBe(403);
    const filtered = await call(`${gateway.url}/admin/summary?external=acme`, 'GET', undefined, {
      'x-api-key': KEYS.ops,
    });
    expect(filtered.status).toBe(400);
  });
});
