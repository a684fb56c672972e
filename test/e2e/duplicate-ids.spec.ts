import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN,
  adminItems,
  byText,
  payment as body,
  paymentStates,
  post,
  told,
  useAcme,
  WATCHED,
} from '../support/acme.js';
import { type Answer, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway } from '../support/gateway.js';
import { scrape } from '../support/scrape.js';
import { answerJson, type StubBehaviour } from '../support/stub-external.js';
import { until } from '../support/until.js';

const TAKEN = [502, 'invalid-provider-response', 'unknown'];
const SUBSCRIPTION = { interval: 'MONTH', intervalCount: 1 };
const OPERATIONS: readonly (readonly [string, object])[] = [
  ['pay', {}],
  ['pay-by-link', {}],
  ['subscription/schedule', { subscriptionInfo: SUBSCRIPTION }],
  ['subscription/start', { subscriptionInfo: SUBSCRIPTION }],
  ['subscription/pay', { subscriptionInfo: { token: 'tok' } }],
];

const acme = useAcme();
let gateway: Gateway;
let tokens = 0;

beforeEach(async () => {
  gateway = await acme.start({ env: WATCHED });
});

/** Restarts with another configuration of the external. */
async function configure(config: object): Promise<void> {
  gateway = await acme.start({ env: WATCHED }, config);
}

const send = (operation: string, request: object, headers?: Record<string, string>): Promise<Answer> =>
  post(gateway, operation, request, headers);
const admin = (path: string): Promise<Record<string, unknown>[]> => adminItems(gateway, path);
const states = (): Promise<unknown[]> => paymentStates(gateway);
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
      acme.external.behave(
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
      acme.external.behave(() => ({ result: 'OK' }));
      expect((await send('refund', refund, { 'idempotency-key': 'r' })).status).toBe(200);
      const [first] = (await admin('payments?shopTransactionId=first')) as [Record<string, unknown>];
      expect(first['refundedAmount']).toBe(1299);
    },
  );

  it('ends the item when an operator has recorded the outcome', async () => {
    acme.external.behave(answer('SAME'));
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
    gateway = await acme.start({
      externals: ['acme', 'other'].map((externalService) => ({
        externalService,
        baseUrl: acme.external.url,
      })),
      env: WATCHED,
    });
    acme.external.behave(answer('SAME'));
    expect((await send('pay', body('first'))).status).toBe(200);
    expect((await call(`${gateway.url}/v3/other/pay`, 'POST', body('second'))).status).toBe(200);
  });

  it('is found in two answers at the same moment, on PostgreSQL by two replicas', async () => {
    const urls = [gateway.url];
    if (postgresUrl()) {
      const other = await acme.start({ env: WATCHED, database: gateway.database });
      urls.push(other.url);
    }
    const arrived: (() => void)[] = [];
    acme.external.behave(
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
    acme.external.behave(() => ({ status: 'ACCEPTED', shopTransactionId: 'first' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=SAME`, 'GET');
    acme.external.behave(answer('SAME'));
    expect(told(await send('pay', body('second')))).toEqual(TAKEN);
    expect((await admin('attention?kind=payment-id-taken'))[0]!['detail']).toContain('order first');
    expect(await states()).toEqual([
      ['first', 'ACCEPTED', 'SAME'],
      ['second', 'UNKNOWN', undefined],
    ]);
  });

  it('is found in the answer to a query by shopTransactionId, which settles nothing', async () => {
    await configure({ statusByShopTransactionId: true });
    acme.external.behave(answer('SAME'));
    await send('pay', body('first', { amount: 1 }));
    acme.external.behave(({ method }, response) =>
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
    acme.external.behave(answer('SAME'));
    await send('pay', body('first'));
    const key = { 'idempotency-key': 'k' };
    expect(told(await send('pay', body('second'), key))).toEqual(TAKEN);
    expect(told(await send('pay', body('second'), key))).toEqual(TAKEN);
    expect(await metric(/^tollgate_taken_ids_total\{external="acme",field="paymentId"\} (\d+)/m)).toBe('1');
    acme.external.behave(answer('OWN'));
    expect((await send('pay', body('second'), key)).status).toBe(200);
    expect(await admin('attention')).toEqual([]);
  });

  it('replays the stored answer where the external does not honour keys', async () => {
    acme.external.behave(answer('SAME'));
    await send('pay', body('first'));
    const key = { 'idempotency-key': 'k' };
    await send('pay', body('second'), key);
    const repeat = await send('pay', body('second'), key);
    expect([...told(repeat), repeat.headers.get('idempotency-replayed')]).toEqual([...TAKEN, 'true']);
  });

  it('keeps a decline a decline', async () => {
    acme.external.behave(answer('0'));
    await send('pay', body('first'));
    acme.external.behave(answer('0', { result: 'KO' }));
    expect((await send('pay', body('second'))).body['result']).toBe('KO');
    expect(await admin('attention')).toEqual([]);
  });
});

describe('one paymentId for two attempts of one order', () => {
  it.each(['OK', 'PENDING'])('is adopted by the attempt that follows a decline and is %s', async (result) => {
    acme.external.behave(answer('SAME', { result: 'KO' }));
    await send('pay', body('order', { amount: 1000 }));
    acme.external.behave(answer('SAME', { result }));
    expect((await send('pay', body('order'))).body).toMatchObject({ result, paymentId: 'SAME' });
    expect(await states()).toEqual(
      [
        ['order', result === 'OK' ? 'ACCEPTED' : 'PENDING', 'SAME'],
        ['order', 'FAILED', undefined],
      ].toSorted(byText),
    );
    acme.external.behave(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=SAME`, 'GET');
    const refund = { amount: 1299, currency: 'EUR', paymentId: 'SAME' };
    expect((await send('refund', refund)).status).toBe(200);
    expect(await admin('attention')).toEqual([]);
  });

  it('is one payment where duplicates are allowed', async () => {
    await configure({ duplicatePayments: 'allow' });
    acme.external.behave(answer('SAME'));
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
      acme.external.behave(answer('SAME', token));
      expect((await send(operation, request)).status).toBe(200);
      acme.external.behave(violating(token));
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
    acme.external.behave(answer(paymentId, { subscriptionToken: token, ...more }));
    return send('subscription/start', body(order, { subscriptionInfo: SUBSCRIPTION }));
  };

  it('makes the second unknown, and an item of attention that names both', async () => {
    expect((await start2('first', 'p1', 'TOKEN')).status).toBe(200);
    const behaviour = answer('p2', { subscriptionToken: 'TOKEN' });
    acme.external.behave((arrived, response) =>
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
    acme.external.behave(answer('p1', { result: 'KO' }));
    await send('pay', body('order'));
    acme.external.behave(answer('p2'));
    await send('pay', body('order'));
    expect(await admin('attention')).toEqual([]);
    acme.external.behave(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=p1`, 'GET');
    const items = await admin('attention');
    expect(items).toMatchObject([{ kind: 'order-paid-twice', paymentId: 'p1', shopTransactionId: 'order' }]);
    expect(items[0]!['detail']).toMatch(/^Also accepted: pay_\S+, paymentId p2$/);
    await send('refund', { amount: 1299, currency: 'EUR', paymentId: 'p2' });
    expect(await admin('attention')).toEqual([]);
  });

  it('are counted, and an operator can confirm them', async () => {
    acme.external.behave(answer('p2'));
    await send('pay', body('order'));
    acme.external.behave(() => ({ status: 'ACCEPTED', shopTransactionId: 'order' }));
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
