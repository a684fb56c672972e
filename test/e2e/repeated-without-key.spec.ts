import { describe, expect, it } from '@jest/globals';
import { told, useAcme } from '../support/acme.js';
import { type Answer, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway, type GatewayOptions } from '../support/gateway.js';
import { answerJson } from '../support/stub-external.js';

/** SPEC §3: what a proxy, or a caller, sends twice without an `Idempotency-Key` is executed once. */
describe('repeated-without-key', () => {
  const acme = useAcme();
  const start = (config: object = {}, options: Partial<GatewayOptions> = {}): Promise<Gateway> =>
    acme.start({ clock: acme.clock, ...options }, { operations: { cancel: true }, ...config });

  const REPEATED = [409, 'repeated-without-key', 'unknown'];
  const sent = (): number => acme.external.requests.filter(({ method }) => method !== 'GET').length;

  const REFUND = { amount: 100, currency: 'EUR', paymentId: 'pm' };
  const UPDATE = { amount: 100, currency: 'EUR' };
  /** Every operation that no ledger protects. */
  const CHANGES: readonly (readonly [string, string, object | undefined])[] = [
    ['refund', 'POST', REFUND],
    ['cancel', 'POST', { paymentId: 'pm' }],
    ['subscription/update/tok', 'POST', UPDATE],
    ['subscription/expire/tok', 'DELETE', undefined],
  ];
  const SUBSCRIPTION = { interval: 'DAY', intervalCount: 1 };
  const PAYMENTS: readonly (readonly [string, object])[] = [
    ['pay', {}],
    ['pay-by-link', {}],
    ['subscription/schedule', { subscriptionInfo: SUBSCRIPTION }],
    ['subscription/start', { subscriptionInfo: SUBSCRIPTION }],
    ['subscription/pay', { subscriptionInfo: { token: 'tok' } }],
  ];

  const send = (
    gateway: Gateway,
    [path, method, body]: readonly [string, string, object | undefined],
    headers: Record<string, string> = {},
  ): Promise<Answer> => call(`${gateway.url}/v3/acme/${path}`, method, body, headers);

  /** The external accepts the first request, and answers it when released. */
  function hold(answer: object): { arrived: Promise<void>; release: () => void } {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    acme.external.behave(async () => {
      arrived.resolve();
      await release.promise;
      return answer;
    });
    return { arrived: arrived.promise, release: () => release.resolve() };
  }

  it.each(CHANGES)(
    'refuses a repeat of %s while the first is in flight, and for the window',
    async (...change) => {
      const gateway = await start();
      const held = hold({ result: 'OK', subscriptionToken: 'tok' });
      const first = send(gateway, change);
      await held.arrived;
      const meanwhile = await send(gateway, change);
      expect(told(meanwhile)).toEqual(REPEATED);
      if (change[0] === 'refund') expect(meanwhile.body['refundId']).toMatch(/^ref_/);
      held.release();
      expect((await first).status).toBe(200);
      acme.clock.advance(9_999);
      expect(told(await send(gateway, change))).toEqual(REPEATED);
      expect(sent()).toBe(1);
      acme.clock.advance(1);
      expect((await send(gateway, change)).status).toBe(200);
      expect(sent()).toBe(2);
    },
  );

  it.each(CHANGES)(
    'executes %s again if a key is sent, or another body or token',
    async (path, method, body) => {
      const gateway = await start();
      acme.external.behave(({ url }) => ({
        result: 'OK',
        subscriptionToken: decodeURIComponent(url.split('/').at(-1)!),
      }));
      const other =
        body === undefined
          ? ([`${path}2`, method, body] as const)
          : ([path, method, { ...body, providerData: { other: true } }] as const);
      const answers = [
        await send(gateway, [path, method, body]),
        await send(gateway, [path, method, body], { 'idempotency-key': 'on-purpose' }),
        await send(gateway, other),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(sent()).toBe(3);
    },
  );

  it.each(CHANGES)('allows %s again at once after KO, and after not-executed', async (...change) => {
    const gateway = await start();
    acme.external.behave(() => ({ result: 'KO', subscriptionToken: 'tok' }));
    await send(gateway, change);
    acme.external.behave((_, response) => answerJson(response, 400, { detail: 'no' }));
    expect((await send(gateway, change)).body['code']).toBe('provider-rejected');
    acme.external.behave(() => ({ result: 'OK', subscriptionToken: 'tok' }));
    expect((await send(gateway, change)).status).toBe(200);
  });

  it.each(CHANGES)('refuses a repeat of %s after an unknown outcome', async (...change) => {
    const gateway = await start();
    acme.external.behave((_, response) => answerJson(response, 500, {}));
    expect((await send(gateway, change)).body['outcome']).toBe('unknown');
    expect(told(await send(gateway, change))).toEqual(REPEATED);
    expect(sent()).toBe(1);
  });

  it.each(PAYMENTS)(
    'refuses a repeat of %s while the first is in flight, duplicates allowed or not',
    async (path, more) => {
      for (const duplicatePayments of ['refuse', 'allow']) {
        const gateway = await start({ duplicatePayments });
        acme.external.requests.length = 0;
        const body = { amount: 1, currency: 'EUR', shopTransactionId: `order-${duplicatePayments}`, ...more };
        const held = hold({
          result: 'OK',
          paymentId: `pm-${duplicatePayments}`,
          link: 'https://pay.example/l',
          subscriptionToken: 'tok',
        });
        const first = send(gateway, [path, 'POST', body]);
        await held.arrived;
        expect(told(await send(gateway, [path, 'POST', body]))).toEqual(REPEATED);
        held.release();
        expect((await first).status).toBe(200);
        expect(sent()).toBe(1);
      }
    },
  );

  it('leaves it to the ledger once the payment has ended', async () => {
    const gateway = await start();
    const pay = ['pay', 'POST', { amount: 1, currency: 'EUR', shopTransactionId: 'o' }] as const;
    expect((await send(gateway, pay)).status).toBe(200);
    expect(told(await send(gateway, pay))).toEqual([409, 'duplicate-payment', 'not-executed']);
  });

  it('says unknown to a payment that a proxy sends twice, also after the first has ended', async () => {
    const gateway = await start();
    const pay = ['pay', 'POST', { amount: 1, currency: 'EUR', shopTransactionId: 'o' }] as const;
    const headers = { 'x-request-id': 'one-request' };
    const first = await send(gateway, pay, headers);
    const second = await send(gateway, pay, headers);
    expect(told(second)).toEqual([409, 'duplicate-payment', 'unknown']);
    expect(second.body).toMatchObject({ paymentId: first.body['paymentId'], paymentStatus: 'ACCEPTED' });
  });

  it('executes one of 100 concurrent refunds, on PostgreSQL by two replicas', async () => {
    const one = await start();
    const two = postgresUrl() ? await start({}, { database: one.database }) : one;
    const held = hold({ result: 'OK' });
    const answers = Promise.all(
      Array.from({ length: 100 }, (_, i) => send(i % 2 ? one : two, ['refund', 'POST', REFUND])),
    );
    await held.arrived;
    held.release();
    const statuses = (await answers).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(99);
    expect(sent()).toBe(1);
  });

  it('holds across a restart', async () => {
    const one = await start();
    acme.external.behave(() => ({ result: 'OK' }));
    expect((await send(one, ['refund', 'POST', REFUND])).status).toBe(200);
    await one.app.close();
    const two = await start({}, { database: one.database });
    expect(told(await send(two, ['refund', 'POST', REFUND]))).toEqual(REPEATED);
  });

  it('is said while the external has no capacity, too', async () => {
    const gateway = await start({ maxConcurrency: 1 });
    const held = hold({ result: 'OK' });
    const first = send(gateway, ['refund', 'POST', REFUND]);
    await held.arrived;
    expect(told(await send(gateway, ['refund', 'POST', REFUND]))).toEqual(REPEATED);
    held.release();
    expect((await first).status).toBe(200);
  });

  it('is off with REPEAT_WINDOW_MS=0', async () => {
    const gateway = await start({}, { env: { REPEAT_WINDOW_MS: '0' } });
    acme.external.behave(() => ({ result: 'OK' }));
    const refunds = [
      await send(gateway, ['refund', 'POST', REFUND]),
      await send(gateway, ['refund', 'POST', REFUND]),
    ];
    expect(refunds.map(({ status }) => status)).toEqual([200, 200]);
  });
});
