import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type External, Tollgate } from '@tollgate/client';
import { useAcme } from '../support/acme.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson } from '../support/stub-external.js';

/** The client's operations on real gateways. */

const KEY = 'a-secret-of-the-operators';
const EVERY_SCOPE = 'payments+refunds+subscriptions+read+admin';

describe('the client, with the bundled simulator', () => {
  let gateway: Gateway;
  let tollgate: Tollgate;
  let simulator: External;
  let count = 0;
  const order = () =>
    ({ amount: 1_299, currency: 'EUR', shopTransactionId: `order-${++count}` }) as const satisfies object;

  beforeAll(async () => {
    gateway = await startGateway({ env: { API_KEYS: `ops:${KEY}:${EVERY_SCOPE}`, API_AUTH: 'required' } });
    tollgate = new Tollgate({ baseUrl: `${gateway.url}/`, apiKey: KEY });
    simulator = tollgate.external('simulator');
  });
  afterAll(() => gateway.close());

  it('pays, refunds and cancels', async () => {
    const paid = await simulator.pay(order());
    if (paid.result !== 'OK') throw new Error(paid.result);
    const { paymentId } = paid;
    expect(await simulator.status({ paymentId })).toMatchObject({
      status: 'ACCEPTED',
      shopTransactionId: 'order-1',
    });
    expect(await simulator.check({ shopTransactionId: 'order-1' })).toMatchObject({
      status: 'ACCEPTED',
      paymentId,
    });
    const { refundId } = await simulator.refund({ amount: 500, currency: 'EUR', paymentId });
    expect(await simulator.refundStatus({ refundId })).toMatchObject({
      status: 'ACCEPTED',
      amount: 500,
      paymentId,
    });
    const link = await simulator.payByLink(order());
    expect(link).toMatchObject({ result: 'OK', link: expect.stringMatching(/^http/) });
    await expect(simulator.cancel({ paymentId })).rejects.toMatchObject({
      name: 'TollgateError',
      code: 'payment-not-pending',
      outcome: 'not-executed',
      problem: { paymentStatus: 'ACCEPTED' },
    });
  });

  it('tells results apart', async () => {
    const redirected = await simulator.pay({ ...order(), providerData: { scenario: 'redirect' } });
    if (redirected.result !== 'REDIRECT_TO_URL') throw new Error(redirected.result);
    expect(redirected.redirectToUrl).toMatch(/^http/);
    expect(await simulator.cancel({ paymentId: redirected.paymentId })).toMatchObject({ result: 'OK' });
    const declined = await simulator.pay({ ...order(), providerData: { scenario: 'decline' } });
    expect(declined.result).toBe('KO');
  });

  it('walks a subscription from its start to its end', async () => {
    const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 } as const;
    const scheduled = await simulator.scheduleSubscription({ ...order(), amount: 0, subscriptionInfo });
    expect(scheduled.result).toBe('OK');
    const started = await simulator.startSubscription({ ...order(), subscriptionInfo });
    if (started.result !== 'OK') throw new Error(started.result);
    const { subscriptionToken } = started;
    const paid = await simulator.paySubscription({
      ...order(),
      subscriptionInfo: { token: subscriptionToken },
    });
    expect(paid.result).toBe('OK');
    const change = { amount: 1_499, currency: 'EUR' } as const;
    expect(await simulator.updateSubscription(subscriptionToken, change)).toMatchObject({ result: 'OK' });
    expect(await simulator.subscriptionStatus(subscriptionToken)).toMatchObject({ status: 'ACTIVE' });
    expect(await simulator.expireSubscription(subscriptionToken)).toMatchObject({
      result: 'OK',
      subscriptionToken,
    });
  });

  it('waits for a payment, until it is decided or the signal is aborted', async () => {
    const pending = await simulator.pay({ ...order(), providerData: { scenario: 'redirect' } });
    if (pending.result !== 'REDIRECT_TO_URL') throw new Error(pending.result);
    const { paymentId } = pending;
    const aborting = new AbortController();
    let waits = 0;
    const impatient = new Tollgate({
      baseUrl: gateway.url,
      apiKey: KEY,
      sleep: async (_, signal) => {
        if (++waits === 3) aborting.abort();
        signal?.throwIfAborted();
      },
    });
    const { signal } = aborting;
    const aborted = impatient.external('simulator').waitForPayment(paymentId, { signal });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted', outcome: undefined });
    expect(waits).toBe(3);
    const waiting = new Tollgate({
      baseUrl: gateway.url,
      apiKey: KEY,
      // The payer cancels while the client waits.
      sleep: async () => void (await simulator.cancel({ paymentId })),
    });
    expect(await waiting.external('simulator').waitForPayment(paymentId)).toMatchObject({ status: 'FAILED' });
    await expect(simulator.waitForPayment('nobody-made-it')).rejects.toMatchObject({
      code: 'payment-not-found',
    });
  });

  it('iterates over a list as CSV, and reports a problem and another’s answer as elsewhere', async () => {
    const { items } = await tollgate.admin.get('/admin/payments', { query: { limit: 200 } });
    const pages: string[] = [];
    for await (const page of tollgate.admin.csv('/admin/payments', { query: { limit: 2 } })) pages.push(page);
    expect(pages).toHaveLength(Math.ceil(items.length / 2));
    const [names, ...rows] = pages.join('').split('\r\n').slice(0, -1);
    expect(names).toMatch(/^id,external,state,/);
    expect(rows.map((row) => row.split(',', 1)[0])).toEqual(items.map(({ id }) => id));
    const failing = (client: Tollgate): Promise<unknown> => client.admin.csv('/admin/payments').next();
    await expect(failing(new Tollgate({ baseUrl: gateway.url, apiKey: 'of-nobody' }))).rejects.toMatchObject({
      code: 'unauthenticated',
      status: 401,
      requestId: expect.stringMatching(/^req_/),
    });
    const foreign = async (): Promise<Response> => new Response('<h1>A proxy</h1>', { status: 200 });
    const retry = { maxRetries: 0 };
    await expect(
      failing(new Tollgate({ baseUrl: gateway.url, apiKey: KEY, fetch: foreign, retry })),
    ).rejects.toMatchObject({ code: 'unexpected-answer', status: 200 });
  });

  it('iterates over lists of the admin API, one page at a time', async () => {
    const ids: string[] = [];
    for await (const { id } of tollgate.admin.list('/admin/payments', { query: { limit: 2 } })) ids.push(id);
    expect(ids.length).toBeGreaterThan(4);
    expect(new Set(ids).size).toBe(ids.length);
    const page = await tollgate.admin.get('/admin/payments', { query: { state: 'ACCEPTED', limit: 1 } });
    expect(page.items).toMatchObject([{ state: 'ACCEPTED', external: 'simulator' }]);
    const { id } = page.items[0]!;
    expect(await tollgate.admin.get('/admin/payments/{id}', { path: { id } })).toMatchObject({ id });
    expect(await tollgate.admin.post('/admin/payments/{id}/check', { path: { id } })).toMatchObject({ id });
    const refund = { amount: 1, reason: 'a test' };
    const request = { path: { id }, body: refund, idempotencyKey: 'refund-1' };
    const answer = await tollgate.admin.post('/admin/payments/{id}/refund', request);
    expect(await tollgate.admin.post('/admin/payments/{id}/refund', request)).toEqual(answer);
  });
});

describe('the client, with an external that fails', () => {
  const acme = useAcme();
  const executed = (): number => acme.external.requests.filter(({ method }) => method === 'POST').length;

  it('learns by the same key what became of a payment after a time-out', async () => {
    const gateway = await acme.start({}, { timeoutMs: 300, statusByShopTransactionId: true });
    acme.external.behave(({ method }, response) => {
      if (method === 'GET') return { status: 'ACCEPTED', paymentId: 'pm_1' };
      // Executed, and never answered.
      void response;
      return undefined;
    });
    const client = new Tollgate({ baseUrl: gateway.url, sleep: async () => {} }).external('acme');
    expect(await client.pay({ amount: 1_299, currency: 'EUR', shopTransactionId: 'order-1' })).toEqual({
      result: 'OK',
      paymentId: 'pm_1',
    });
    expect(executed()).toBe(1);
  });

  it('reports what cannot be learnt as unknown, and executes once', async () => {
    const gateway = await acme.start();
    acme.external.behave((_, response) => answerJson(response, 500, {}));
    const client = new Tollgate({ baseUrl: gateway.url, sleep: async () => {} }).external('acme');
    const order = { amount: 1_299, currency: 'EUR', shopTransactionId: 'order-1' } as const;
    await expect(client.pay(order)).rejects.toMatchObject({
      code: 'provider-error',
      outcome: 'unknown',
      status: 502,
      idempotencyKey: expect.any(String),
    });
    expect(executed()).toBe(1);
  });
});
