import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { scrape } from '../support/scrape.js';
import {
  answerJson,
  type StubBehaviour,
  startStubExternal,
  type StubExternal,
} from '../support/stub-external.js';
import { until } from '../support/until.js';

const ADMIN = { 'x-api-key': 'duplicate-ids-admin-key' };
const TAKEN = [502, 'invalid-provider-response', 'unknown'];
const SUBSCRIPTION = { interval: 'MONTH', intervalCount: 1 };
const OPERATIONS: readonly (readonly [string, object])[] = [
  ['pay', {}],
  ['pay-by-link', {}],
  ['subscription/schedule', { subscriptionInfo: SUBSCRIPTION }],
  ['subscription/start', { subscriptionInfo: SUBSCRIPTION }],
  ['subscription/pay', { subscriptionInfo: { token: 'tok' } }],
];

let external: StubExternal;
let gateway: Gateway;
const others: Gateway[] = [];
let tokens = 0;

const ENV = {
  API_KEYS: `ops:${ADMIN['x-api-key']}:admin`,
  API_AUTH: 'optional',
  RECONCILIATION_SCHEDULE: '50ms,50ms,50ms,1h',
};

async function start(config: object = {}, database?: Gateway['database']): Promise<Gateway> {
  return startGateway({
    externals: [{ externalService: 'acme', baseUrl: external.url, timeoutMs: 2_000, ...config }],
    env: ENV,
    ...(database && { database }),
  });
}

beforeEach(async () => {
  external = await startStubExternal();
  gateway = await start();
});
afterEach(async () => {
  for (const other of others.splice(0)) await other.app.close();
  await gateway.close();
  await external.close();
});

/** Restarts with another configuration of the external. */
async function configure(config: object): Promise<void> {
  await gateway.close();
  gateway = await start(config);
}

const body = (shopTransactionId: string, more: object = {}): object => ({
  amount: 1299,
  currency: 'EUR',
  shopTransactionId,
  ...more,
});
const send = (operation: string, request: object, headers: Record<string, string> = {}): Promise<Answer> =>
  call(`${gateway.url}/v3/acme/${operation}`, 'POST', request, headers);
const told = ({ status, body: { code, outcome } }: Answer): unknown[] => [status, code, outcome];
const admin = async (path: string): Promise<Record<string, unknown>[]> =>
  (await call(`${gateway.url}/admin/${path}`, 'GET', undefined, ADMIN)).body['items'] as never;
const byText = (a: unknown, b: unknown): number => String(a).localeCompare(String(b));
const states = async (): Promise<unknown[]> =>
  (await admin('payments'))
    .map(({ shopTransactionId, state, paymentId }) => [shopTransactionId, state, paymentId])
    .toSorted(byText);
const answer =
  (paymentId: string, more: object = {}): StubBehaviour =>
  ({ method }) => {
    tokens += 1;
    return method === 'GET'
      ? { status: 'ACCEPTED' }
      : {
          result: 'OK',
          paymentId,
          link: 'https://pay.example/l',
          subscriptionToken: `tok-${tokens}`,
          ...more,
        };
  };
const metric = async (line: RegExp): Promise<string | undefined> => line.exec(await scrape(gateway))?.[1];

describe('one paymentId for two orders', () => {
  it.each(OPERATIONS)(
    'makes the second %s unknown, and an item of attention that names both',
    async (operation, more) => {
      external.behave(
        answer('SAME', { ...(operation === 'subscription/pay' && { subscriptionToken: 'tok' }) }),
      );
      expect((await send('pay', body('first'))).status).toBe(200);
      const second = await send(operation, body('second', more));
      expect(told(second)).toEqual(TAKEN);
      expect(second.text).not.toContain('first');
      expect(await states()).toEqual([
        ['first', 'ACCEPTED', 'SAME'],
        ['second', 'UNKNOWN', undefined],
      ]);
      const items = await admin('attention?kind=payment-id-taken');
      expect(items).toMatchObject([{ paymentId: 'SAME', shopTransactionId: 'second', state: 'UNKNOWN' }]);
      expect(items[0]!['detail']).toMatch(/^The paymentId belongs to pay_\S+, order first$/);
      expect(await admin('attention?kind=payment-unknown')).toEqual([]);
      expect(await metric(/^tollgate_taken_ids_total\{external="acme",field="paymentId"\} (\d+)/m)).toBe('1');

      const refund = { amount: 1299, currency: 'EUR', paymentId: 'SAME' };
      external.behave(() => ({ result: 'OK' }));
      expect((await send('refund', refund, { 'idempotency-key': 'r' })).status).toBe(200);
      const [first] = (await admin('payments?shopTransactionId=first')) as [Record<string, unknown>];
      expect(first['refundedAmount']).toBe(1299);
    },
  );

  it('ends the item when an operator has recorded the outcome', async () => {
    external.behave(answer('SAME'));
    await send('pay', body('first'));
    await send('pay', body('second'));
    const [item] = await admin('attention?kind=payment-id-taken');
    const resolved = await call(
      `${gateway.url}/admin/payments/${String(item!['id'])}/resolve`,
      'POST',
      { status: 'ACCEPTED', paymentId: 'OTHER', reason: 'their support' },
      ADMIN,
    );
    expect(resolved.status).toBe(200);
    expect(await admin('attention')).toEqual([]);
  });

  it('is per external', async () => {
    await gateway.close();
    gateway = await startGateway({
      externals: ['acme', 'other'].map((externalService) => ({ externalService, baseUrl: external.url })),
      env: ENV,
    });
    external.behave(answer('SAME'));
    expect((await send('pay', body('first'))).status).toBe(200);
    expect((await call(`${gateway.url}/v3/other/pay`, 'POST', body('second'))).status).toBe(200);
  });

  it('is found in two answers at the same moment, on PostgreSQL by two replicas', async () => {
    const urls = [gateway.url];
    if (postgresUrl()) {
      others.push(await start({}, gateway.database));
      urls.push(others[0]!.url);
    }
    const arrived: (() => void)[] = [];
    external.behave(
      () =>
        new Promise((resolve) => {
          arrived.push(() => resolve({ result: 'OK', paymentId: 'SAME' }));
        }),
    );
    const payments = Array.from({ length: 8 }, (_, i) =>
      call(`${urls[i % urls.length]}/v3/acme/pay`, 'POST', body(`order-${i}`)),
    );
    await until(() => arrived.length === 8, 'the payments to arrive');
    for (const release of arrived) release();
    const answers = (await Promise.all(payments)).map((one) => told(one));
    expect(answers.filter(([status]) => status === 200)).toHaveLength(1);
    expect(answers.filter(([status]) => status !== 200)).toEqual(Array.from({ length: 7 }, () => TAKEN));
    expect(await admin('attention?kind=payment-id-taken')).toHaveLength(7);
  });

  it('is found if a callback came first, for another order', async () => {
    external.behave(() => ({ status: 'ACCEPTED', shopTransactionId: 'first' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=SAME`, 'GET');
    external.behave(answer('SAME'));
    expect(told(await send('pay', body('second')))).toEqual(TAKEN);
    expect((await admin('attention?kind=payment-id-taken'))[0]!['detail']).toContain('order first');
    expect(await states()).toEqual([
      ['first', 'ACCEPTED', 'SAME'],
      ['second', 'UNKNOWN', undefined],
    ]);
  });

  it('is found in the answer to a query by shopTransactionId, which settles nothing', async () => {
    await configure({ statusByShopTransactionId: true });
    external.behave(answer('SAME'));
    await send('pay', body('first', { amount: 1 }));
    external.behave(({ method }, response) =>
      method === 'GET' ? { status: 'FAILED', paymentId: 'SAME' } : answerJson(response, 500, {}),
    );
    expect((await send('pay', body('second'))).body['outcome']).toBe('unknown');
    await until(async () => (await admin('attention?kind=payment-id-taken')).length === 1, 'the item');
    expect(await states()).toEqual([
      ['first', 'ACCEPTED', 'SAME'],
      ['second', 'UNKNOWN', undefined],
    ]);
  });

  it('is found again by a repeat with the same key, and counted once', async () => {
    await configure({ honoursIdempotencyKey: true });
    external.behave(answer('SAME'));
    await send('pay', body('first'));
    const key = { 'idempotency-key': 'k' };
    expect(told(await send('pay', body('second'), key))).toEqual(TAKEN);
    expect(told(await send('pay', body('second'), key))).toEqual(TAKEN);
    expect(await metric(/^tollgate_taken_ids_total\{external="acme",field="paymentId"\} (\d+)/m)).toBe('1');
    external.behave(answer('OWN'));
    expect((await send('pay', body('second'), key)).status).toBe(200);
    expect(await admin('attention')).toEqual([]);
  });

  it('replays the stored answer where the external does not honour keys', async () => {
    external.behave(answer('SAME'));
    await send('pay', body('first'));
    const key = { 'idempotency-key': 'k' };
    await send('pay', body('second'), key);
    const repeat = await send('pay', body('second'), key);
    expect([...told(repeat), repeat.headers.get('idempotency-replayed')]).toEqual([...TAKEN, 'true']);
  });

  it('keeps a decline a decline', async () => {
    external.behave(answer('0'));
    await send('pay', body('first'));
    external.behave(answer('0', { result: 'KO' }));
    expect((await send('pay', body('second'))).body['result']).toBe('KO');
    expect(await admin('attention')).toEqual([]);
  });
});

describe('one paymentId for two attempts of one order', () => {
  it.each(['OK', 'PENDING'])('is adopted by the attempt that follows a decline and is %s', async (result) => {
    external.behave(answer('SAME', { result: 'KO' }));
    await send('pay', body('order', { amount: 1000 }));
    external.behave(answer('SAME', { result }));
    expect((await send('pay', body('order'))).body).toMatchObject({ result, paymentId: 'SAME' });
    expect(await states()).toEqual(
      [
        ['order', result === 'OK' ? 'ACCEPTED' : 'PENDING', 'SAME'],
        ['order', 'FAILED', undefined],
      ].toSorted(byText),
    );
    external.behave(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=SAME`, 'GET');
    const refund = { amount: 1299, currency: 'EUR', paymentId: 'SAME' };
    expect((await send('refund', refund)).status).toBe(200);
    expect(await admin('attention')).toEqual([]);
  });

  it('is one payment where duplicates are allowed', async () => {
    await configure({ duplicatePayments: 'allow' });
    external.behave(answer('SAME'));
    expect((await send('pay', body('order'))).status).toBe(200);
    expect((await send('pay', body('order'))).status).toBe(200);
    expect(await states()).toEqual([
      ['order', 'ACCEPTED', 'SAME'],
      ['order', 'FAILED', undefined],
    ]);
    expect(told(await send('pay', body('order', { amount: 1 })))).toEqual(TAKEN);
  });
});

describe('an answer that violates the contract and names the id of an earlier payment of the order', () => {
  const violating = (more: object): StubBehaviour => answer('SAME', { result: 'WEIRD', ...more });

  it.each(['pay', 'subscription/start'])(
    'leaves the later %s UNKNOWN where duplicates are allowed',
    async (operation) => {
      await configure({ duplicatePayments: 'allow' });
      const request = body('order', operation === 'pay' ? {} : { subscriptionInfo: SUBSCRIPTION });
      const token = { subscriptionToken: 'TOKEN' };
      external.behave(answer('SAME', token));
      expect((await send(operation, request)).status).toBe(200);
      external.behave(violating(token));
      expect(told(await send(operation, request))).toEqual(TAKEN);
      expect(await states()).toEqual([
        ['order', 'ACCEPTED', 'SAME'],
        ['order', 'UNKNOWN', undefined],
      ]);
      expect(await admin('attention?kind=payment-id-taken')).toMatchObject([{ paymentId: 'SAME' }]);
      if (operation === 'pay') return;
      expect(
        (await admin('subscriptions')).map(({ state, subscriptionToken }) => [state, subscriptionToken]),
      ).toEqual([
        ['UNKNOWN', undefined],
        ['ACTIVE', 'TOKEN'],
      ]);
    },
  );
});

describe('one subscriptionToken for two orders', () => {
  const start2 = (order: string, paymentId: string, token: string, more: object = {}): Promise<Answer> => {
    external.behave(answer(paymentId, { subscriptionToken: token, ...more }));
    return send('subscription/start', body(order, { subscriptionInfo: SUBSCRIPTION }));
  };

  it('makes the second unknown, and an item of attention that names both', async () => {
    expect((await start2('first', 'p1', 'TOKEN')).status).toBe(200);
    const behaviour = answer('p2', { subscriptionToken: 'TOKEN' });
    external.behave((arrived, response) =>
      arrived.method === 'GET' ? { status: 'PENDING' } : behaviour(arrived, response),
    );
    const second = await send('subscription/start', body('second', { subscriptionInfo: SUBSCRIPTION }));
    expect(told(second)).toEqual(TAKEN);
    const items = await admin('attention?kind=subscription-token-taken');
    expect(items).toMatchObject([{ shopTransactionId: 'second', state: 'UNKNOWN' }]);
    expect(items[0]!['detail']).toMatch(/^The subscriptionToken belongs to sub_\S+, order first$/);
    expect(await admin('attention?kind=subscription-parked')).toEqual([]);
    expect(
      await metric(/^tollgate_taken_ids_total\{external="acme",field="subscriptionToken"\} (\d+)/m),
    ).toBe('1');
    expect((await admin('payments?shopTransactionId=second'))[0]!['paymentId']).toBe('p2');
  });

  it('is adopted by the attempt that follows a decline', async () => {
    await start2('order', 'p1', 'TOKEN', { result: 'KO' });
    expect((await start2('order', 'p2', 'TOKEN')).status).toBe(200);
    expect(
      (await admin('subscriptions')).map(({ state, subscriptionToken }) => [state, subscriptionToken]),
    ).toEqual([
      ['ACTIVE', 'TOKEN'],
      ['FAILED', undefined],
    ]);
  });
});

describe('two accepted payments of one order', () => {
  it('are an item of attention until one is refunded', async () => {
    external.behave(answer('p1', { result: 'KO' }));
    await send('pay', body('order'));
    external.behave(answer('p2'));
    await send('pay', body('order'));
    expect(await admin('attention')).toEqual([]);
    external.behave(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=p1`, 'GET');
    const items = await admin('attention');
    expect(items).toMatchObject([{ kind: 'order-paid-twice', paymentId: 'p1', shopTransactionId: 'order' }]);
    expect(items[0]!['detail']).toMatch(/^Also accepted: pay_\S+, paymentId p2$/);
    await send('refund', { amount: 1299, currency: 'EUR', paymentId: 'p2' });
    expect(await admin('attention')).toEqual([]);
  });

  it('are counted, and an operator can confirm them', async () => {
    external.behave(answer('p2'));
    await send('pay', body('order'));
    external.behave(() => ({ status: 'ACCEPTED', shopTransactionId: 'order' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=p-elsewhere`, 'GET');
    const [item] = await admin('attention?kind=order-paid-twice');
    expect(item).toMatchObject({ paymentId: 'p-elsewhere' });
    expect(await metric(/^tollgate_orders_paid_twice\{external="acme"\} (\d+)/m)).toBe('1');
    const confirmed = await call(
      `${gateway.url}/admin/payments/${String(item!['id'])}/resolve`,
      'POST',
      { status: 'ACCEPTED', reason: 'both are wanted' },
      ADMIN,
    );
    expect(confirmed.status).toBe(200);
    expect(await admin('attention')).toEqual([]);
  });
});
