import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';

const SECRETS = [
  'marker-of-provider-data',
  'marker-of-a-credential',
  '4111111111111111',
  '5555555555554444',
  'marker-of-a-redirect',
];

let external: StubExternal;
let gateway: Gateway;
afterEach(async () => {
  await gateway?.close();
  await external?.close();
});

// The statements are the same on every database; a file can be searched byte by byte.
const onSqlite = process.env['TEST_DATABASE_URL'] ? it.skip : it;

onSqlite(
  'no providerData, credential or card number is in the database, nor in what it was deleted from',
  async () => {
    external = await startStubExternal(({ method, url }) =>
      method === 'GET'
        ? { status: 'ACCEPTED', paymentId: 'pm', metadata: { card: '4111 1111 1111 1111' } }
        : {
            result: 'OK',
            paymentId: `pm-${url}`,
            link: 'https://a.b/',
            subscriptionToken: 'sub',
            resultDescription: 'card 5555555555554444',
          },
    );
    gateway = await startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          duplicatePayments: 'allow',
          operations: { cancel: true },
          auth: { type: 'bearer', token: 'marker-of-a-credential' },
        },
      ],
    });
    const providerData = { secret: 'marker-of-provider-data', pan: '4111111111111111' };
    const payment = {
      amount: 1,
      currency: 'EUR',
      shopTransactionId: 'order',
      successRedirectUrl: 'https://shop.example/?marker-of-a-redirect',
      providerData,
    };
    const info = { interval: 'DAY', intervalCount: 1 };
    const operations: [string, object][] = [
      ['pay', payment],
      ['pay-by-link', payment],
      ['refund', { amount: 1, currency: 'EUR', paymentId: 'pm-/pay', providerData }],
      ['subscription/schedule', { ...payment, subscriptionInfo: info }],
      ['subscription/start', { ...payment, subscriptionInfo: info }],
      ['subscription/pay', { ...payment, subscriptionInfo: { token: 'sub' } }],
      ['subscription/update/sub', { providerData }],
      ['cancel', { paymentId: 'made-before', providerData }],
    ];
    for (const [operation, body] of operations) {
      const answer = await call(`${gateway.url}/v3/acme/${operation}`, 'POST', body, {
        'idempotency-key': `key-${operation}`,
      });
      expect([operation, answer.status]).toEqual([operation, 200]);
    }
    const check = await call(`${gateway.url}/v3/acme/check?paymentId=pm`, 'GET');
    const callback = await call(`${gateway.url}/v3/acme/callback?paymentId=pm`, 'POST', {
      note: 'card 4111-1111-1111-1111 and 4111111111111111',
    });
    expect([check.status, callback.status]).toEqual([200, 200]);
    expect(external.requests[0]!.body).toContain('marker-of-provider-data');
    expect(external.requests[0]!.headers['authorization']).toBe('Bearer marker-of-a-credential');

    const folder = dirname(gateway.database['DATABASE_URL']!.slice('sqlite:'.length));
    await gateway.app.close();
    const bytes = readdirSync(folder)
      .filter((name) => name.includes('.db'))
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('');
    expect(bytes).toContain('order');
    // The rest of the texts of answers and callback is present.
    expect(bytes).toContain('card ************4444');
    expect(bytes).toContain('card ****-****-****-1111');
    expect(SECRETS.filter((secret) => bytes.includes(secret))).toEqual([]);
  },
);
