import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adminItems, payment, post, useAcme, WATCHED } from '../support/acme.js';
import { type Answer, call } from '../support/client.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import type { Gateway } from '../support/gateway.js';
import { answerJson } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/**
 * The answer of a call is not notified: its caller has it. But a receiver that was notified of an earlier state is
 * notified of this one too, or what it received last would stay wrong for ever (SPEC §5).
 */
describe('what a receiver got last is true after', () => {
  const acme = useAcme();
  let receiver: TestReceiver;
  let gateway: Gateway;

  beforeEach(async () => {
    receiver = await startReceiver();
    const erp = { receiver: 'erp', url: receiver.url, secret: NOTIFICATION_SECRET };
    gateway = await acme.start(
      {
        receivers: [{ ...erp, events: ['payment', 'refund', 'subscription'] }],
        env: { ...WATCHED, RECONCILIATION_SCHEDULE: '50ms,1h' },
      },
      {
        statusByShopTransactionId: true,
        honoursIdempotencyKey: true,
        operations: { 'refund/status': true },
      },
    );
  });
  afterEach(() => receiver.stop());

  const check = (query: string): Promise<Answer> => call(`${gateway.url}/v3/acme/check?${query}`, 'GET');
  const statuses = (): unknown[] =>
    receiver.received.map(({ body }) => {
      const { status, version } = JSON.parse(body) as { status: string; version: number };
      return [status, version];
    });
  const notified = (...expected: unknown[]): Promise<void> =>
    until(() => JSON.stringify(statuses()) === JSON.stringify(expected), JSON.stringify(expected));

  it('a payment that was checked before its answer came', async () => {
    const release = Promise.withResolvers<void>();
    acme.external.behave(async ({ method }) => {
      if (method === 'GET') return { status: 'PENDING', paymentId: 'p-1', shopTransactionId: 'o' };
      await release.promise;
      return { result: 'OK', paymentId: 'p-1' };
    });
    const answer = post(gateway, 'pay', payment('o'));
    await until(() => acme.external.requests.length === 1, 'the payment to arrive');
    await check('shopTransactionId=o');
    release.resolve();
    expect((await answer).body['result']).toBe('OK');
    await notified(['PENDING', 1], ['ACCEPTED', 2]);
  });

  it.each([
    ['OK', 'ACCEPTED'],
    ['KO', 'FAILED'],
  ])(
    'a payment of unknown outcome that was checked, and whose repeat is answered %s',
    async (result, status) => {
      const key = { 'idempotency-key': 'k' };
      acme.external.behave((_, response) => answerJson(response, 500, {}));
      expect((await post(gateway, 'pay', payment('o'), key)).body['outcome']).toBe('unknown');
      acme.external.behave(() => ({ status: 'PENDING', paymentId: 'p-1', shopTransactionId: 'o' }));
      await check('shopTransactionId=o');
      await notified(['PENDING', 1]);
      acme.external.behave(() => ({ status, result, paymentId: 'p-1', shopTransactionId: 'o' }));
      expect((await post(gateway, 'pay', payment('o'), key)).body['result']).toBe(result);
      await notified(['PENDING', 1], [status, 2]);
    },
  );

  it('a subscription that was reported ACTIVE, and is expired by its caller', async () => {
    const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
    acme.external.behave(() => ({ result: 'OK', paymentId: 'p-1', subscriptionToken: 's-1' }));
    await post(gateway, 'subscription/start', payment('o', { subscriptionInfo }));
    acme.external.behave(() => ({ status: 'ACTIVE', subscriptionToken: 's-1' }));
    await call(`${gateway.url}/v3/acme/callback?subscriptionToken=s-1`, 'POST', {});
    await notified(['ACTIVE', 1]);
    acme.external.behave(() => ({ result: 'OK', subscriptionToken: 's-1' }));
    await call(`${gateway.url}/v3/acme/subscription/expire/s-1`, 'DELETE');
    await notified(['ACTIVE', 1], ['EXPIRED', 2]);
  });

  it('a refund of unknown outcome that was found PENDING, and whose repeat is answered OK', async () => {
    acme.external.behave(() => ({ result: 'OK', paymentId: 'p-1' }));
    await post(gateway, 'pay', payment('o'));
    const refund = (): Promise<Answer> =>
      post(gateway, 'refund', { amount: 1, currency: 'EUR', paymentId: 'p-1' }, { 'idempotency-key': 'k' });
    acme.external.behave(({ method }, response) =>
      method === 'GET'
        ? { status: 'PENDING', refundId: 'r-1', paymentId: 'p-1' }
        : answerJson(response, 500, {}),
    );
    expect((await refund()).body['outcome']).toBe('unknown');
    await notified(['PENDING', 1]);
    acme.external.behave(() => ({ status: 'ACCEPTED', result: 'OK', refundId: 'r-1', paymentId: 'p-1' }));
    expect((await refund()).body['result']).toBe('OK');
    await notified(['PENDING', 1], ['ACCEPTED', 2]);
  });

  it('and without an earlier state nothing is notified: the caller has the answer', async () => {
    acme.external.behave(() => ({ result: 'OK', paymentId: 'p-1' }));
    await post(gateway, 'pay', payment('o'));
    expect(await adminItems(gateway, 'notifications')).toEqual([]);
  });
});
