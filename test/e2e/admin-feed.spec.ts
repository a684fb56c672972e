import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { until } from '../support/until.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';

/** `/admin/feed` over HTTP (SPEC §10). Its order and its completeness have a contract suite. */

jest.setTimeout(90_000);

type Item = { readonly id: string; readonly type: string; readonly data: Record<string, unknown> };

const ADMIN = { 'x-api-key': 'boss-secret-22' };
const KEYS = { API_AUTH: 'required', API_KEYS: 'shop:shop-secret-11,boss:boss-secret-22:admin-read' };

let external: StubExternal;

beforeAll(async () => {
  external = await startStubExternal();
});
afterAll(() => external.close());

const read = (url: string, query = '', headers: Record<string, string> = {}): Promise<Answer> =>
  call(`${url}/admin/feed${query}`, 'GET', undefined, { ...ADMIN, ...headers });
const pay = (url: string, shopTransactionId: string): Promise<Answer> =>
  call(
    `${url}/v3/acme/pay`,
    'POST',
    { amount: 1_299, currency: 'EUR', shopTransactionId },
    { 'x-api-key': 'shop-secret-11', 'idempotency-key': shopTransactionId },
  );

describe('the feed', () => {
  let gateway: Gateway;
  const get = (query?: string, headers?: Record<string, string>) => read(gateway.url, query, headers);

  beforeAll(async () => {
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: KEYS,
    });
    external.behave((arrived, response) => {
      if (arrived.url.endsWith('/refund')) return { result: 'OK', refundId: 'rf-1' };
      return answerOk(arrived, response);
    });
    const { body } = await pay(gateway.url, 'order-1');
    const shop = { 'x-api-key': 'shop-secret-11' };
    const refund = { amount: 500, currency: 'EUR', paymentId: body['paymentId'] };
    await call(`${gateway.url}/v3/acme/refund`, 'POST', refund, shop);
    const subscription = { amount: 900, currency: 'EUR', shopTransactionId: 'sub-1' };
    const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
    await call(
      `${gateway.url}/v3/acme/subscription/start`,
      'POST',
      { ...subscription, subscriptionInfo },
      shop,
    );
  });
  afterAll(() => gateway.close());

  /** All changes so far; those of other tests on the same PostgreSQL may hold them back for a moment. */
  async function all(count: number): Promise<Answer> {
    let answer = await get('?limit=1000');
    const complete = async (): Promise<boolean> => {
      answer = await get('?limit=1000');
      return (answer.body['items'] as Item[]).length >= count;
    };
    await until(complete, 'the changes', 60_000);
    return answer;
  }

  it('has the changes of payments, refunds and subscriptions', async () => {
    const { status, body } = await all(4);
    expect(status).toBe(200);
    const items = body['items'] as Item[];
    expect(items[0]).toMatchObject({
      type: 'payment',
      data: {
        external: 'acme',
        shopTransactionId: 'order-1',
        amount: 1_299,
        before: 'CREATED',
        state: 'ACCEPTED',
      },
    });
    expect(items[1]).toMatchObject({
      type: 'refund',
      data: { refundId: 'rf-1', paymentId: items[0]!.data['paymentId'], amount: 500, state: 'OK' },
    });
    expect(items.find(({ type }) => type === 'subscription')).toMatchObject({
      data: { shopTransactionId: 'sub-1', subscriptionToken: expect.any(String), amount: 900 },
    });
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    const rest = await get(`?after=${String(body['nextCursor'])}`);
    expect(rest.body).toEqual({ items: [], nextCursor: expect.any(String) });
  });

  it('has those of the wanted types, a line each where the request prefers it', async () => {
    const response = await fetch(`${gateway.url}/admin/feed?types=refund,subscription`, {
      headers: { ...ADMIN, accept: 'application/x-ndjson' },
    });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    const values = lines.map((line) => JSON.parse(line) as Item | { nextCursor: string });
    expect(values.at(-1)).toEqual({ nextCursor: expect.any(String) });
    expect(new Set(values.slice(0, -1).map((item) => (item as Item).type))).toEqual(
      new Set(['refund', 'subscription']),
    );
  });

  it('answers a waiting request as soon as something changes', async () => {
    const { body } = await all(4);
    const waiting = get(`?after=${String(body['nextCursor'])}&wait=30`);
    await pay(gateway.url, 'order-2');
    expect(((await waiting).body['items'] as Item[])[0]!.data['shopTransactionId']).toBe('order-2');
  });

  it.each([
    ['?after=abc', '/query/after'],
    ['?after=', '/query/after'],
    // Of another ledger.
    [`?after=${Buffer.from(`${'f'.repeat(16)}:`).toString('base64url')}`, '/query/after'],
    ['?types=payments', '/query/types'],
    ['?limit=1001', '/query/limit'],
    ['?wait=31', '/query/wait'],
    ['?cursor=x', '/query/cursor'],
  ])('refuses %s', async (query, pointer) => {
    const { status, body } = await get(query);
    expect([status, (body['errors'] as { pointer: string }[])[0]!.pointer]).toEqual([400, pointer]);
  });
});

describe('the feed over kill -9', () => {
  it('gives two consumers everything once', async () => {
    external.behave(answerOk);
    const externals = [{ externalService: 'acme', baseUrl: external.url, honoursIdempotencyKey: true }];
    let gateway: GatewayProcess = await startGatewayProcess({ externals, env: KEYS });
    const first = gateway;
    const consumers = [
      { after: '', items: [] as Item[], limit: 2 },
      { after: '', items: [] as Item[], limit: 100 },
    ];
    const readOn = async (consumer: (typeof consumers)[number]): Promise<number> => {
      const { body } = await read(
        gateway.url,
        `?limit=${consumer.limit}${consumer.after && `&after=${consumer.after}`}`,
      );
      const items = body['items'] as Item[];
      consumer.items.push(...items);
      consumer.after = String(body['nextCursor']);
      return items.length;
    };
    try {
      for (let kill = 0; kill < 3; kill++) {
        const paid = Array.from({ length: 10 }, (_, n) =>
          pay(gateway.url, `kill-${kill}-${n}`).catch(() => {}),
        );
        await Promise.all([paid[0], ...consumers.map((each) => readOn(each))]);
        gateway.kill('SIGKILL');
        await Promise.all([gateway.exit, ...paid]);
        const database = { DATABASE_URL: `sqlite:${first.databasePath}` };
        gateway = await startGatewayProcess({ externals, env: { ...KEYS, ...database } });
        // Each with its own key, until it has ended.
        for (let n = 0; n < 10; n++) {
          const again = async (): Promise<boolean> =>
            (await pay(gateway.url, `kill-${kill}-${n}`)).status === 200;
          await until(again, 'the payment to end');
        }
      }
      for (const consumer of consumers) while ((await readOn(consumer)) > 0);
      const [one, two] = consumers.map(({ items }) => items);
      expect(one).toEqual(two);
      expect(new Set(one!.map(({ id }) => id)).size).toBe(one!.length);
      const accepted = one!.filter(({ data }) => data['state'] === 'ACCEPTED');
      const orders = Array.from({ length: 30 }, (_, n) => `kill-${Math.floor(n / 10)}-${n % 10}`);
      expect(accepted.map(({ data }) => String(data['shopTransactionId'])).toSorted()).toEqual(
        orders.toSorted(),
      );
    } finally {
      await gateway.dispose();
      await first.dispose();
    }
  }, 120_000);
});
