import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExternalClient, payBody } from '../../test/support/external-client.js';
import { until } from '../../test/support/until.js';
import { displayAmount } from './display-amount.js';
import { startSimulator, type Simulator } from './simulator.js';

let simulator: Simulator;
let client: ExternalClient;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, callbackUrl: () => `${simulator.url}/receiver` });
  client = new ExternalClient(simulator.url);
});

afterAll(() => simulator.close());

const SHOP = {
  successRedirectUrl: 'http://shop.internal/thanks?a=1&b=2',
  failureRedirectUrl: 'https://shop.internal:8443/sorry',
};

async function redirected(overrides: object = {}) {
  const { body } = await client.post(
    '/pay',
    payBody({ providerData: { scenario: 'redirect' }, ...overrides }),
  );
  return { paymentId: body?.paymentId as string, url: body?.redirectToUrl as string };
}

function decide(url: string, decision: string): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams({ decision }), redirect: 'manual' });
}

const statusOf = async (paymentId: string) =>
  (await client.get(`/status?paymentId=${paymentId}`)).body?.status;

describe('the checkout page', () => {
  it.each([
    ['approve', 'ACCEPTED', SHOP.successRedirectUrl],
    ['decline', 'FAILED', SHOP.failureRedirectUrl],
  ])(
    '%s makes the payment %s, redirects to the shop and sends the callback',
    async (decision, status, shop) => {
      const { paymentId, url } = await redirected(SHOP);
      expect(await statusOf(paymentId)).toBe('PENDING');
      const response = await decide(url, decision);
      expect([response.status, response.headers.get('location')]).toEqual([303, shop]);
      expect(await statusOf(paymentId)).toBe(status);
      await until(() => simulator.notifications().some((one) => one.paymentId === paymentId), 'the callback');
    },
  );

  it('leads back to the app of the shop', async () => {
    const { url } = await redirected({ successRedirectUrl: 'myshop://paid?order=1' });
    expect((await fetch(url)).headers.get('content-security-policy')).toContain(
      "form-action 'self' myshop:;",
    );
    const response = await decide(url, 'approve');
    expect([response.status, response.headers.get('location')]).toEqual([303, 'myshop://paid?order=1']);
  });

  it.each([
    ['no URL', {}],
    ['a URL whose host cannot exist', { successRedirectUrl: 'https://shop.example/thanks?<b>' }],
  ])('leads to a shop page of its own where the shop gave %s', async (_name, urls) => {
    const { paymentId, url } = await redirected({ ...urls, shopTransactionId: `<b>${crypto.randomUUID()}` });
    const response = await decide(url, 'approve');
    expect(response.status).toBe(303);
    const shop = new URL(response.headers.get('location')!, url);
    expect(shop.pathname).toBe('/shop/success');
    const page = await (await fetch(shop)).text();
    for (const text of ['Thank you for your order', '12.99 EUR', paymentId, 'ACCEPTED', '&lt;b&gt;'])
      expect(page).toContain(text);
    expect(page).not.toContain('<b>');
    expect(await (await fetch(url)).text()).toContain('Payment approved');
  });

  it('loads the shop page again until the shop is notified', async () => {
    const { paymentId, url } = await redirected({
      providerData: { scenario: 'redirect', callbackTimes: 0 },
    });
    const shop = new URL((await decide(url, 'approve')).headers.get('location')!, url);
    const page = async (): Promise<string> => (await fetch(shop)).text();
    const waits = /http-equiv="refresh"[^]*Waiting for the notification/;
    expect(await page()).toMatch(waits);
    await client.post('/receiver', { paymentId, status: 'PENDING' });
    expect(await page()).toMatch(waits);
    await client.post('/receiver/behaviour', { status: 500, times: 1 });
    await client.post('/receiver', { paymentId, status: 'ACCEPTED' });
    expect(await page()).toMatch(waits);
    await client.post('/receiver', { paymentId, status: 'ACCEPTED' });
    expect(await page()).not.toMatch(/http-equiv="refresh"|Waiting/);
    expect(await page()).toMatch(/ACCEPTED<\/span>\s+A shop\s+relies/);
  });

  it('shows on the shop page whether the shop was notified', async () => {
    const { paymentId, url } = await redirected();
    const response = await decide(url, 'decline');
    await until(() => simulator.notifications().some((one) => one.paymentId === paymentId), 'the callback');
    const shop = new URL(response.headers.get('location')!, url);
    expect(shop.pathname).toBe('/shop/failure');
    expect(await (await fetch(shop)).text()).toContain(`notifications?paymentId=${paymentId}`);
    expect((await fetch(`${simulator.url}/shop/success`)).status).toBe(200);
  });

  it('decides once: a second decision has no effect and sends no callback', async () => {
    const { paymentId, url } = await redirected(SHOP);
    await decide(url, 'decline');
    const second = await decide(url, 'approve');
    expect(second.headers.get('location')).toBe(SHOP.failureRedirectUrl);
    expect(await statusOf(paymentId)).toBe('FAILED');
    const callbacksOf = (id: string) => simulator.notifications().filter((one) => one.paymentId === id);
    await until(() => callbacksOf(paymentId).length > 0, 'the callback');
    // One that is decided later has its callback: one of the second decision would have come before.
    const later = await redirected(SHOP);
    await decide(later.url, 'approve');
    await until(() => callbacksOf(later.paymentId).length > 0, 'the callback of the later payment');
    expect(callbacksOf(paymentId)).toHaveLength(1);
    expect(await (await fetch(url)).text()).toContain('Payment declined');
  });

  it('rejects an unknown decision and an unknown payment', async () => {
    const { url } = await redirected();
    expect((await decide(url, 'perhaps')).status).toBe(422);
    expect((await decide(url, '')).status).toBe(422);
    const foreign = await fetch(`${simulator.url}/checkout/never`);
    expect([foreign.status, foreign.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    expect((await decide(`${simulator.url}/checkout/never`, 'approve')).status).toBe(404);
  });

  it('opens from payment links too, where a decline makes the payment FAILED', async () => {
    const { body } = await client.post('/pay-by-link', payBody());
    expect(await statusOf(body?.paymentId as string)).toBe('PENDING');
    await decide(body?.link as string, 'decline');
    expect(await statusOf(body?.paymentId as string)).toBe('FAILED');
  });

  it('escapes values of the request', async () => {
    const { url } = await redirected({ shopTransactionId: `"><script>alert('1')</script>&amp;` });
    const page = await (await fetch(url)).text();
    expect(page).toContain('&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;');
    expect(page).not.toContain('<script');
  });

  it('has a policy that allows only its style and the redirect to the shop', async () => {
    const { url } = await redirected({ ...SHOP, failureRedirectUrl: 'https://a;script-src/x' });
    const { headers } = await fetch(url);
    const policy = headers.get('content-security-policy')!;
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src data:; form-action 'self' http:\/\/shop\.internal; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('displayAmount', () => {
  it.each([
    [1_299, 'EUR', '12.99 EUR'],
    [5, 'EUR', '0.05 EUR'],
    [500, 'JPY', '500 JPY'],
    [1_234_567, 'KWD', '1,234.567 KWD'],
    [999_999_999_999, 'EUR', '9,999,999,999.99 EUR'],
    [0, 'EUR', '0.00 EUR'],
  ])('%i %s', (amount, currency, text) => expect(displayAmount(amount, currency)).toBe(text));
});
