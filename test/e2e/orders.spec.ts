import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { ReconciliationWorker } from '../../src/reconciliation/reconciliation.worker.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerJson,
  answerOk,
  type StubBehaviour,
  startStubExternal,
  type StubExternal,
} from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';

const ADMIN = { 'x-api-key': 'orders-admin-key-0123456789' };
const SHOP = { 'x-api-key': 'orders-shop-key-01234567890' };
const clock = new TestClock();
let external: StubExternal;
let gateway: Gateway;
let count = 0;
const order = (): string => `asked-order-${(count += 1)}`;

beforeAll(async () => {
  external = await startStubExternal();
  const baseUrl = external.url;
  const timeoutMs = 500;
  const circuitBreaker = { failures: 100_000 };
  gateway = await startGateway({
    clock,
    env: {
      WORKERS: 'off',
      PAYMENT_CALLBACK_URL: 'http://127.0.0.1:9/receiver',
      API_AUTH: 'optional',
      API_KEYS: [`ops:${ADMIN['x-api-key']}:admin`, `shop:${SHOP['x-api-key']}`].join(','),
    },
    externals: [
      {
        externalService: 'acme',
        baseUrl,
        timeoutMs,
        circuitBreaker,
        statusByShopTransactionId: true,
        operations: { cancel: true },
      },
      { externalService: 'by-id', baseUrl, timeoutMs, circuitBreaker },
      { externalService: 'mute', baseUrl, timeoutMs, circuitBreaker, operations: { status: false } },
    ],
  });
});
afterEach(() => {
  external.requests.length = 0;
  external.behave(answerOk);
});
afterAll(async () => {
  await gateway.close();
  await external.close();
});

const failing: StubBehaviour = (_, response) => answerJson(response, 500, {});
const neverSeen: StubBehaviour = (_, response) => answerJson(response, 404, { message: 'never seen' });
const told = ({ status, body }: Answer): unknown[] => [status, body['code'], body['outcome']];

async function pay(
  shopTransactionId: string,
  behaviour: StubBehaviour,
  name = 'acme',
  more: object = {},
): Promise<Answer> {
  external.behave(behaviour);
  const body = { amount: 100, currency: 'EUR', shopTransactionId, ...more };
  const answer = await call(`${gateway.url}/v3/${name}/pay`, 'POST', body);
  external.requests.length = 0;
  // The next payment is a newer one.
  clock.advance(1);
  return answer;
}

async function ask(
  operation: 'status' | 'check',
  shopTransactionId: string,
  behaviour: StubBehaviour,
  name = 'acme',
): Promise<Answer> {
  external.behave(behaviour);
  const query = `shopTransactionId=${encodeURIComponent(shopTransactionId)}`;
  return call(`${gateway.url}/v3/${name}/${operation}?${query}`, 'GET');
}

const urls = (): string[] => external.requests.map(({ method, url }) => `${method} ${url}`);

/** The notifications of all payments of the order, oldest first. */
async function notified(shopTransactionId: string): Promise<Record<string, unknown>[]> {
  const rows = await gateway.app
    .get(Store)
    .read((db) =>
      db
        .selectFrom('notifications')
        .innerJoin('payments', 'payments.id', 'notifications.payment_ref')
        .select('notifications.payload')
        .where('payments.shop_transaction_id', '=', shopTransactionId)
        .orderBy('notifications.version')
        .execute(),
    );
  return rows.map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
}

async function states(shopTransactionId: string): Promise<[string, string | null][]> {
  const rows = await gateway.app
    .get(Store)
    .read((db) =>
      db
        .selectFrom('payments')
        .select(['state', 'payment_id'])
        .where('shop_transaction_id', '=', shopTransactionId)
        .orderBy('id')
        .execute(),
    );
  return rows.map(({ state, payment_id }) => [state, payment_id]);
}

const items = async (kind: string): Promise<Record<string, unknown>[]> =>
  (await call(`${gateway.url}/admin/attention?kind=${kind}`, 'GET', undefined, ADMIN)).body[
    'items'
  ] as Record<string, unknown>[];

describe.each(['status', 'check'] as const)('%s by shopTransactionId', (operation) => {
  it('queries by the paymentId that the ledger has', async () => {
    const id = order();
    await pay(id, () => ({ result: 'PENDING', paymentId: `pm ${id}` }), 'by-id');
    const answer = await ask(operation, id, () => ({ status: 'ACCEPTED', metadata: { a: 1 } }), 'by-id');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      status: 'ACCEPTED',
      paymentId: `pm ${id}`,
      shopTransactionId: id,
      providerName: 'by-id',
      metadata: { a: 1 },
    });
    expect(urls()).toEqual([`GET /status?paymentId=${encodeURIComponent(`pm ${id}`)}`]);
  });

  it('queries by the order where the ledger has no paymentId: the caller got a 504', async () => {
    const id = order();
    expect(told(await pay(id, () => undefined))).toEqual([504, 'provider-timeout', 'unknown']);
    const answer = await ask(operation, id, () => ({ status: 'ACCEPTED', paymentId: `found-${id}` }));
    expect(answer.body).toMatchObject({ status: 'ACCEPTED', paymentId: `found-${id}` });
    expect(urls()).toEqual([`GET /status?shopTransactionId=${id}`]);
  });

  it('answers from the ledger what the external cannot be asked: PENDING for an unknown outcome', async () => {
    const id = order();
    await pay(id, failing, 'by-id');
    const answer = await ask(operation, id, failing, 'by-id');
    expect(answer.body).toEqual({ status: 'PENDING', shopTransactionId: id, providerName: 'by-id' });
    expect(urls()).toEqual([]);
    const mute = order();
    await pay(mute, () => ({ result: 'OK', paymentId: `pm-${mute}` }), 'mute');
    expect((await ask(operation, mute, failing, 'mute')).body).toMatchObject({
      status: 'ACCEPTED',
      paymentId: `pm-${mute}`,
    });
  });

  it('answers from the ledger what the external has never seen', async () => {
    const id = order();
    await pay(id, failing);
    const answer = await ask(operation, id, neverSeen);
    expect(answer.body).toEqual({ status: 'PENDING', shopTransactionId: id, providerName: 'acme' });
  });

  it('is the newest payment that has not failed, else the newest', async () => {
    const id = order();
    await pay(id, () => ({ result: 'KO', paymentId: `${id}-a` }), 'by-id');
    await pay(id, () => ({ result: 'PENDING', paymentId: `${id}-b` }), 'by-id');
    expect((await ask(operation, id, () => ({ status: 'PENDING' }), 'by-id')).body).toMatchObject({
      status: 'PENDING',
      paymentId: `${id}-b`,
    });
    const failed = order();
    await pay(failed, () => ({ result: 'KO', paymentId: `${failed}-a` }), 'by-id');
    await pay(failed, () => ({ result: 'KO', paymentId: `${failed}-b` }), 'by-id');
    expect((await ask(operation, failed, () => ({ status: 'FAILED' }), 'by-id')).body).toMatchObject({
      status: 'FAILED',
      paymentId: `${failed}-b`,
    });
  });

  it('lets an ACCEPTED of the external beat a FAILED of the ledger, and nothing an ACCEPTED of the ledger', async () => {
    const id = order();
    await pay(id, () => ({ result: 'KO', paymentId: `${id}-a` }));
    const beaten = await ask(operation, id, () => ({ status: 'ACCEPTED', paymentId: `${id}-b` }));
    expect(beaten.body).toMatchObject({ status: 'ACCEPTED', paymentId: `${id}-b` });
    const paid = order();
    await pay(paid, () => ({ result: 'OK', paymentId: `${paid}-a` }));
    const stays = await ask(operation, paid, () => ({ status: 'FAILED', paymentId: `${paid}-a` }));
    expect(stays.body).toMatchObject({ status: 'ACCEPTED', paymentId: `${paid}-a` });
  });

  it('keeps the ledger’s newer payment if the external names an older one', async () => {
    const id = order();
    await pay(id, () => ({ result: 'KO', paymentId: `${id}-a` }));
    await pay(id, failing);
    const answer = await ask(operation, id, () => ({ status: 'FAILED', paymentId: `${id}-a` }));
    expect(answer.body).toEqual({ status: 'PENDING', shopTransactionId: id, providerName: 'acme' });
    expect(await states(id)).toEqual([
      ['FAILED', `${id}-a`],
      ['UNKNOWN', null],
    ]);
  });

  it('passes through an order that the gateway has never seen', async () => {
    const id = order();
    const answer = await ask(operation, id, () => ({ status: 'ACCEPTED', paymentId: `old-${id}` }));
    expect(answer.body).toMatchObject({ status: 'ACCEPTED', paymentId: `old-${id}`, shopTransactionId: id });
  });

  it('is 404 for an order that neither knows', async () => {
    expect(told(await ask(operation, order(), neverSeen))).toEqual([404, 'payment-not-found', undefined]);
    const unasked = await ask(operation, order(), failing, 'by-id');
    expect(told(unasked)).toEqual([404, 'payment-not-found', undefined]);
    expect(urls().filter((url) => url.includes('status'))).toHaveLength(1);
  });

  it('says that the external failed where it does', async () => {
    const id = order();
    await pay(id, failing);
    expect(told(await ask(operation, id, failing))).toEqual([502, 'provider-error', undefined]);
  });

  it('refuses an answer about a payment of another order', async () => {
    const [first, second] = [order(), order()];
    await pay(first, () => ({ result: 'OK', paymentId: `pm-${first}` }));
    await pay(second, failing);
    const answer = await ask(operation, second, () => ({ status: 'ACCEPTED', paymentId: `pm-${first}` }));
    expect(told(answer)).toEqual([502, 'invalid-provider-response', undefined]);
    const third = await ask(operation, order(), () => ({ status: 'ACCEPTED', paymentId: `pm-${first}` }));
    expect(told(third)).toEqual([502, 'invalid-provider-response', undefined]);
  });

  it('finds an order however its id was written', async () => {
    const id = order();
    await pay(`${id} `, () => ({ result: 'PENDING', paymentId: `pm-${id}` }));
    const answer = await ask(operation, id, () => ({ status: 'PENDING' }));
    expect(answer.body).toMatchObject({ paymentId: `pm-${id}` });
  });

  it('takes exactly one of the two parameters', async () => {
    const query = (text: string): Promise<Answer> =>
      call(`${gateway.url}/v3/acme/${operation}${text}`, 'GET');
    const pointers = async (text: string): Promise<unknown> =>
      ((await query(text)).body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(await pointers('')).toEqual(['/query/paymentId']);
    expect(await pointers('?paymentId=a&shopTransactionId=b')).toEqual(['/query']);
    expect(await pointers('?shopTransactionId=a&shopTransactionId=b')).toEqual(['/query/shopTransactionId']);
    expect(await pointers('?shopTransactionId=4111111111111111')).toEqual(['/query/shopTransactionId']);
    expect(await pointers('?shopTransactionId=')).toEqual(['/query/shopTransactionId']);
  });
});

describe('what a query by order leaves behind', () => {
  it('status changes nothing', async () => {
    const id = order();
    await pay(id, failing);
    await ask('status', id, () => ({ status: 'ACCEPTED', paymentId: `pm-${id}` }));
    expect(await states(id)).toEqual([['UNKNOWN', null]]);
    expect(await notified(id)).toEqual([]);
  });

  it('check updates the ledger and queues one notification, of the status that it answers', async () => {
    const id = order();
    await pay(id, failing);
    await ask('check', id, neverSeen);
    await ask('check', id, () => ({ status: 'ACCEPTED', paymentId: `pm-${id}`, metadata: { x: 1 } }));
    await ask('check', id, () => ({ status: 'ACCEPTED', paymentId: `pm-${id}` }));
    expect(await states(id)).toEqual([['ACCEPTED', `pm-${id}`]]);
    const about = { shopTransactionId: id, providerName: 'acme' };
    expect(await notified(id)).toEqual([
      { ...about, status: 'PENDING' },
      { ...about, status: 'ACCEPTED', paymentId: `pm-${id}`, metadata: { x: 1 } },
      { ...about, status: 'ACCEPTED', paymentId: `pm-${id}` },
    ]);
  });

  it('two accepted payments of the order are an item of attention', async () => {
    const id = order();
    await pay(id, () => ({ result: 'KO', paymentId: `${id}-a` }));
    await pay(id, failing);
    await ask('check', id, () => ({ status: 'ACCEPTED', paymentId: `${id}-a` }));
    await gateway.app.get(ReconciliationWorker).reconcileDue();
    await ask('check', id, () => ({ status: 'ACCEPTED', paymentId: `${id}-b` }));
    expect(await states(id)).toEqual([
      ['ACCEPTED', `${id}-a`],
      ['ACCEPTED', `${id}-b`],
    ]);
    expect(await items('order-paid-twice')).toMatchObject([{ paymentId: `${id}-a`, shopTransactionId: id }]);
  });
});

/** How a request differs from the usual one. */
interface Sending {
  readonly name?: string;
  readonly more?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

const redirect =
  (paymentId: string, more: object = {}): StubBehaviour =>
  () => ({
    result: 'REDIRECT_TO_URL',
    paymentId,
    redirectToUrl: `https://pay.example/${paymentId}`,
    ...more,
  });

describe('a checkout that was abandoned', () => {
  const retry = async (
    id: string,
    status: StubBehaviour,
    { name = 'acme', operation = 'pay', more = {}, headers = {} }: Sending & { operation?: string } = {},
  ): Promise<Answer> => {
    external.behave((arrived, response) =>
      arrived.method === 'GET'
        ? status(arrived, response)
        : {
            result: 'OK',
            paymentId: `second-${id}`,
            subscriptionToken: `sub-${id}`,
            link: 'https://pay.example/l',
          },
    );
    const body = { amount: 100, currency: 'EUR', shopTransactionId: id, ...more };
    return call(`${gateway.url}/v3/${name}/${operation}`, 'POST', body, headers);
  };
  const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };

  it.each([
    ['pay', {}],
    ['pay-by-link', {}],
    ['subscription/schedule', { subscriptionInfo }],
    ['subscription/start', { subscriptionInfo }],
    ['subscription/pay', { subscriptionInfo: { token: 'tok' } }],
  ])('and has failed meanwhile blocks no %s: it is queried first', async (operation, more) => {
    const id = order();
    await pay(id, redirect(`first-${id}`));
    const status: StubBehaviour = () => ({ status: 'FAILED' });
    const answer = await retry(id, status, { operation, more: { ...more } });
    if (operation === 'subscription/pay') expect(answer.status).not.toBe(409);
    else expect(answer.body).toMatchObject({ paymentId: `second-${id}` });
    expect(urls()[0]).toBe(`GET /status?paymentId=first-${id}`);
    expect((await states(id))[0]).toEqual(['FAILED', `first-${id}`]);
    expect(await notified(id)).toMatchObject([{ status: 'FAILED', paymentId: `first-${id}` }]);
  });

  it('and is still pending is refused, with the URL of its payer and the way out', async () => {
    const id = order();
    await pay(id, redirect(`first-${id}`, { redirectToUrlMobile: 'bankapp://x' }));
    const answer = await retry(id, () => ({ status: 'PENDING' }));
    expect(told(answer)).toEqual([409, 'duplicate-payment', 'not-executed']);
    expect(answer.body).toMatchObject({
      paymentId: `first-${id}`,
      paymentStatus: 'PENDING',
      redirectToUrl: `https://pay.example/first-${id}`,
      redirectToUrlMobile: 'bankapp://x',
      detail: expect.stringContaining('/cancel'),
    });
    expect(urls()).toEqual([`GET /status?paymentId=first-${id}`]);
    const link = order();
    external.behave(() => ({ result: 'OK', paymentId: `l-${link}`, link: 'https://pay.example/l' }));
    await call(`${gateway.url}/v3/by-id/pay-by-link`, 'POST', {
      amount: 1,
      currency: 'EUR',
      shopTransactionId: link,
    });
    const other = await retry(link, () => ({ status: 'PENDING' }), { name: 'by-id' });
    expect(other.body).toMatchObject({ link: 'https://pay.example/l', paymentStatus: 'PENDING' });
    expect(other.body['detail']).not.toContain('cancel');
  });

  it('shows its URL to no other caller', async () => {
    const id = order();
    await pay(id, redirect(`first-${id}`));
    const answer = await retry(id, () => ({ status: 'PENDING' }), { headers: SHOP });
    expect(answer.body).toMatchObject({ code: 'duplicate-payment', paymentId: `first-${id}` });
    expect(answer.text).not.toContain('https://');
  });

  it('and was paid meanwhile is refused as ACCEPTED, without a URL', async () => {
    const id = order();
    await pay(id, redirect(`first-${id}`));
    const answer = await retry(id, () => ({ status: 'ACCEPTED' }));
    expect(answer.body).toMatchObject({ code: 'duplicate-payment', paymentStatus: 'ACCEPTED' });
    expect(answer.body).not.toHaveProperty('redirectToUrl');
    const [row] = await gateway.app
      .get(Store)
      .read((db) =>
        db.selectFrom('payments').select('checkout').where('shop_transaction_id', '=', id).execute(),
      );
    expect(row).toEqual({ checkout: null });
  });

  it('is not paid anew by the very request that made it, which a proxy repeats', async () => {
    const id = order();
    external.behave(redirect(`first-${id}`));
    const body = { amount: 100, currency: 'EUR', shopTransactionId: id };
    const headers = { 'x-request-id': `req-${id}` };
    await call(`${gateway.url}/v3/acme/pay`, 'POST', body, headers);
    external.requests.length = 0;
    const answer = await retry(id, () => ({ status: 'FAILED' }), { headers });
    expect(told(answer)).toEqual([409, 'duplicate-payment', 'unknown']);
    expect(urls()).toEqual([]);
  });

  it.each([
    ['fails', failing],
    ['has never seen it', neverSeen],
  ])('is refused where the external %s', async (_, behaviour) => {
    const id = order();
    await pay(id, redirect(`first-${id}`));
    const answer = await retry(id, behaviour);
    expect(answer.body).toMatchObject({ code: 'duplicate-payment', paymentStatus: 'PENDING' });
    expect(urls().filter((url) => url.startsWith('POST'))).toEqual([]);
  });
});

describe('cancel', () => {
  const cancel = async (
    paymentId: string,
    behaviour: StubBehaviour,
    { name = 'acme', headers = {}, more = {} }: Sending = {},
  ): Promise<Answer> => {
    external.behave(behaviour);
    external.requests.length = 0;
    return call(`${gateway.url}/v3/${name}/cancel`, 'POST', { paymentId, ...more }, headers);
  };
  const pending = async (): Promise<string> => {
    const id = order();
    await pay(id, redirect(`pm-${id}`));
    return id;
  };
  const settle = async (behaviour: StubBehaviour): Promise<void> => {
    external.behave(behaviour);
    external.requests.length = 0;
    await gateway.app.get(ReconciliationWorker).reconcileDue();
  };

  it('OK makes the payment FAILED, notifies the receiver, and frees the order', async () => {
    const id = await pending();
    const answer = await cancel(`pm-${id}`, () => ({ result: 'OK' }), {
      more: { providerData: { why: 'x' } },
    });
    expect([answer.status, answer.body]).toEqual([200, { result: 'OK' }]);
    expect(urls()).toEqual(['POST /cancel']);
    expect(JSON.parse(external.requests[0]!.body)).toEqual({
      paymentId: `pm-${id}`,
      providerData: { why: 'x' },
    });
    expect(external.requests[0]!.headers['idempotency-key']).toMatch(/^idk_/);
    expect(await states(id)).toEqual([['FAILED', `pm-${id}`]]);
    expect(await notified(id)).toMatchObject([{ status: 'FAILED', paymentId: `pm-${id}` }]);
    const again = await pay(id, () => ({ result: 'OK', paymentId: `second-${id}` }));
    expect(again.body).toMatchObject({ result: 'OK' });
  });

  it.each([
    ['KO', () => ({ result: 'KO', resultDescription: 'The payer is paying' }), [200, undefined, undefined]],
    ['PENDING', () => ({ result: 'PENDING' }), [200, undefined, undefined]],
    ['unknown', failing, [502, 'provider-error', 'unknown']],
    ['without an answer', () => undefined, [504, 'provider-timeout', 'unknown']],
    [
      'rejected',
      (_, response) => answerJson(response, 422, { detail: 'no' }),
      [422, 'provider-rejected', 'not-executed'],
    ],
    ['without a payment', neverSeen, [404, 'payment-not-found', 'not-executed']],
  ] as [string, StubBehaviour, unknown[]][])(
    'that ends %s changes nothing, and its status is queried at once',
    async (_, behaviour, end) => {
      const id = await pending();
      expect(told(await cancel(`pm-${id}`, behaviour))).toEqual(end);
      expect(await states(id)).toEqual([['PENDING', `pm-${id}`]]);
      await settle(() => ({ status: 'ACCEPTED' }));
      expect(urls()).toEqual([`GET /status?paymentId=pm-${id}`]);
      expect(await states(id)).toEqual([['ACCEPTED', `pm-${id}`]]);
    },
  );

  it('is 409 for a payment that is not pending, which it names', async () => {
    const id = order();
    await pay(id, () => ({ result: 'OK', paymentId: `pm-${id}` }));
    const answer = await cancel(`pm-${id}`, () => ({ result: 'OK' }));
    expect(told(answer)).toEqual([409, 'payment-not-pending', 'not-executed']);
    expect(answer.body).toMatchObject({ paymentId: `pm-${id}`, paymentStatus: 'ACCEPTED' });
    const unknown = order();
    await pay(unknown, () => ({ result: 'REDIRECT_TO_URL', paymentId: `pm-${unknown}` }));
    const refused = await cancel(`pm-${unknown}`, () => ({ result: 'OK' }));
    expect(refused.body).toMatchObject({ code: 'payment-not-pending', paymentStatus: 'UNKNOWN' });
    expect(urls()).toEqual([]);
  });

  it('is off unless the configuration offers it', async () => {
    const answer = await cancel('pm-x', () => ({ result: 'OK' }), { name: 'by-id' });
    expect(told(answer)).toEqual([501, 'operation-not-supported', 'not-executed']);
    expect(urls()).toEqual([]);
  });

  it('passes through a payment that the gateway has never seen', async () => {
    const answer = await cancel('from-before', () => ({ result: 'OK' }));
    expect(answer.body).toEqual({ result: 'OK' });
  });

  it('needs the scope payments', async () => {
    const answer = await cancel('pm-x', () => ({ result: 'OK' }), { headers: ADMIN });
    expect(told(answer)).toEqual([403, 'forbidden', 'not-executed']);
  });

  it('is executed once for a key, and an unknown one is answered by the payment’s status', async () => {
    const id = await pending();
    const headers = { 'idempotency-key': `cancel-${id}` };
    await cancel(`pm-${id}`, failing, { headers });
    const open = await cancel(`pm-${id}`, () => ({ status: 'PENDING' }), { headers });
    expect([open.status, open.headers.get('idempotency-replayed')]).toEqual([502, 'true']);
    expect(urls()).toEqual([`GET /status?paymentId=pm-${id}`]);
    const ended = await cancel(`pm-${id}`, () => ({ status: 'FAILED' }), { headers });
    expect(ended.body).toEqual({ result: 'OK' });
    expect(urls()).toEqual([`GET /status?paymentId=pm-${id}`]);
  });

  it('without a key is refused while an identical one may have been executed', async () => {
    const id = await pending();
    await cancel(`pm-${id}`, failing);
    const answer = await cancel(`pm-${id}`, () => ({ result: 'OK' }));
    expect(told(answer)).toEqual([409, 'repeated-without-key', 'unknown']);
    expect(answer.body['paymentId']).toBe(`pm-${id}`);
  });

  it('followed by a late success is an item of attention, counted where the order has a second payment', async () => {
    const id = await pending();
    await cancel(`pm-${id}`, () => ({ result: 'OK' }));
    await ask('check', id, () => ({ status: 'ACCEPTED', paymentId: `pm-${id}` }));
    expect(await states(id)).toEqual([['ACCEPTED', `pm-${id}`]]);
    const [item] = await items('canceled-payment-accepted');
    expect(item).toMatchObject({ paymentId: `pm-${id}`, shopTransactionId: id });
    const story = await call(`${gateway.url}/admin/payments/${String(item!['id'])}`, 'GET', undefined, ADMIN);
    expect(story.text).toContain('cancel to acme');
    expect(story.body['canceledAt']).toMatch(/^2026-01-15T/);
    const resolve = { status: 'ACCEPTED', reason: 'wanted' };
    const url = `${gateway.url}/admin/payments/${String(item!['id'])}/resolve`;
    expect((await call(url, 'POST', resolve, ADMIN)).status).toBe(200);
    expect(await items('canceled-payment-accepted')).toEqual([]);

    const twice = await pending();
    await cancel(`pm-${twice}`, () => ({ result: 'OK' }));
    await pay(twice, () => ({ result: 'OK', paymentId: `second-${twice}` }));
    external.behave(() => ({ status: 'ACCEPTED' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=pm-${twice}`, 'GET');
    expect(await items('canceled-payment-accepted')).toEqual([]);
    expect(await items('order-paid-twice')).toContainEqual(
      expect.objectContaining({ paymentId: `pm-${twice}`, shopTransactionId: twice }),
    );
  });

  it('that is answered OK after the payment was accepted is an item of attention too', async () => {
    const id = await pending();
    const answer = await cancel(`pm-${id}`, async ({ method }) => {
      if (method === 'GET') return { status: 'ACCEPTED' };
      await call(`${gateway.url}/v3/acme/check?paymentId=pm-${id}`, 'GET');
      return { result: 'OK' };
    });
    expect(answer.body).toEqual({ result: 'OK' });
    expect(await states(id)).toEqual([['ACCEPTED', `pm-${id}`]]);
    expect(await items('canceled-payment-accepted')).toMatchObject([{ paymentId: `pm-${id}` }]);
  });
});
