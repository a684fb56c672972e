import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExternalClient, payBody, subscriptionBody } from '../../test/support/external-client.js';
import { startSimulator, type Simulator } from './simulator.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
/** A text that an external's caller chose. */
const HOSTILE = `"><script>alert('1')</script>`;

let simulator: Simulator;
let client: ExternalClient;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, callbackUrl: 'http://127.0.0.1:9/v3/simulator/callback' });
  client = new ExternalClient(simulator.url);
});

afterAll(() => simulator.close());

async function page(path: string): Promise<{ text: string; headers: Headers }> {
  const response = await fetch(`${simulator.url}${path}`, { headers: { accept: BROWSER } });
  return { text: await response.text(), headers: response.headers };
}

describe('the pages', () => {
  it.each(['/book', '/requests', '/notifications'])(
    '%s is HTML for browsers, JSON for programs',
    async (path) => {
      const { headers, text } = await page(path);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('vary')).toBe('accept');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(text).toContain('None');
      for (const accept of ['*/*', 'application/json']) {
        const response = await fetch(`${simulator.url}${path}`, { headers: { accept } });
        expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
        await response.json();
      }
    },
  );

  it('escape what callers and externals wrote', async () => {
    const { body } = await client.post('/pay', payBody({ shopTransactionId: HOSTILE, note: HOSTILE }));
    await client.post('/refund', { amount: 1, currency: 'EUR', paymentId: body?.paymentId });
    await client.post('/subscription/start', subscriptionBody({ shopTransactionId: `${HOSTILE} 2` }));
    await client.post('/receiver', { status: HOSTILE, paymentId: HOSTILE });
    for (const path of [
      '/',
      '/book',
      '/requests',
      '/notifications',
      `/book?paymentId=${encodeURIComponent(HOSTILE)}`,
    ]) {
      const { text } = await page(path);
      expect(text).not.toContain('<script');
      expect(text).toContain('&lt;script&gt;');
    }
  });

  it('show the request target of a call', async () => {
    await client.get('/status?paymentId=none');
    await client.post('/cancel', { paymentId: 'none' });
    const { text } = await page('/requests');
    expect(text).toContain('<code>/status?paymentId=none</code>');
    expect(text).toContain('<code>/cancel</code>');
    const { body } = await client.get('/requests?limit=1');
    expect(body?.items).toEqual([expect.objectContaining({ path: '/cancel', query: {} })]);
  });

  it('find one payment', async () => {
    const { body } = await client.post('/pay', payBody());
    const { text } = await page(`/book?paymentId=${String(body?.paymentId)}`);
    expect(text).toContain('12.99 EUR');
    expect(text.match(/checkout\//g)).toHaveLength(1);
  });

  it('show an order that was executed twice', async () => {
    expect((await page('/book')).text).not.toContain('Executed more than once');
    const order = payBody();
    for (const key of ['a', 'b']) await client.post('/pay', order, { key });
    const { text } = await page('/book');
    expect(text).toContain('Executed more than once');
    expect(text).toContain(String(order.shopTransactionId));
  });
});

describe('the example call of the first page', () => {
  const exampleOf = async (url: string): Promise<string> =>
    /<pre[^>]*>(curl [^<]+)<\/pre>/.exec(await (await fetch(`${url}/`)).text())![1]!;

  it('goes to the gateway, for a new order on each page', async () => {
    const [first, second] = [await exampleOf(simulator.url), await exampleOf(simulator.url)];
    expect(first).toMatch(/^curl http:\/\/127\.0\.0\.1:9\/v3\/simulator\/pay /);
    expect(first).not.toBe(second);
  });

  it('has a key where there is no gateway: a repeat is not executed', async () => {
    const alone = await startSimulator({ port: 0 });
    expect(await exampleOf(alone.url)).toMatch(/\/pay .*-H &#39;idempotency-key: order-/);
    await alone.close();
  });
});

describe('the ids of the documented examples', () => {
  it('are known from their first call on, and again after they were cleared', async () => {
    const alone = await startSimulator({ port: 0 });
    const external = new ExternalClient(alone.url);
    for (let round = 0; round < 2; round += 1) {
      expect(alone.report().payments).toEqual([]);
      const answers = [
        await external.get('/status?paymentId=pm_7f3a'),
        await external.post('/refund', { amount: 500, currency: 'EUR', paymentId: 'pm_7f3a' }),
        await external.get('/refund/status?refundId=re_5d10&paymentId=pm_7f3a'),
        await external.post('/cancel', { paymentId: 'pm_2b8c' }),
        await external.post('/subscription/pay', payBody({ subscriptionInfo: { token: 'sub_91c2' } })),
        await external.post('/subscription/update/sub_91c2', { amount: 5, currency: 'EUR' }),
        await external.get('/subscription/status/sub_91c2'),
        await external.delete('/subscription/expire/sub_91c2'),
      ];
      expect(answers.map(({ status, body }) => [status, body?.result ?? body?.status])).toEqual([
        [200, 'ACCEPTED'],
        [200, 'OK'],
        [200, 'ACCEPTED'],
        [200, 'OK'],
        [200, 'OK'],
        [200, 'OK'],
        [200, 'ACTIVE'],
        [200, 'OK'],
      ]);
      expect(alone.report().doubles).toEqual({ byShopTransactionId: [], byIdempotencyKey: [] });
      alone.clear();
    }
    await alone.close();
  });
});
