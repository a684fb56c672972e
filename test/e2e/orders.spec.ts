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
      API_KEYS: `ops:${ADMIN['x-api-key']}:admin`,
    },
    externals: [
      { externalService: 'acme', baseUrl, timeoutMs, circuitBreaker, statusByShopTransactionId: true },
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
    clock.advance(1);
    await pay(id, () => ({ result: 'PENDING', paymentId: `${id}-b` }), 'by-id');
    expect((await ask(operation, id, () => ({ status: 'PENDING' }), 'by-id')).body).toMatchObject({
      status: 'PENDING',
      paymentId: `${id}-b`,
    });
    const failed = order();
    await pay(failed, () => ({ result: 'KO', paymentId: `${failed}-a` }), 'by-id');
    clock.advance(1);
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
    clock.advance(1);
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
    clock.advance(1);
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
