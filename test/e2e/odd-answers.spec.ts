import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { RawExternal, type RawRequest } from '../support/raw-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** What an odd answer does to the money and to the values: through the whole gateway, over real sockets. */

const ADMIN = { 'x-api-key': 'operator-secret' };
const DEEP = '['.repeat(5_000) + ']'.repeat(5_000);
const METADATA =
  '{"createdAt":1795787386469,"id":1152921506151679042,"n":[1e400,-0,1.0,1E2],"ref":"8515131751004933"}';

let external: RawExternal;
let receiver: TestReceiver;
let gateway: Gateway;
/** The answer's JSON to each request. */
let respond: (request: RawRequest) => string;

beforeEach(async () => {
  external = await RawExternal.listen({
    script: (socket, request) => {
      const body = respond(request);
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
      socket.write(`${head}\r\n\r\n${body}`);
    },
  });
  receiver = await startReceiver();
  gateway = await startGateway({
    externals: [{ externalService: 'acme', baseUrl: external.baseUrl }],
    env: {
      API_KEYS: 'shop:shop-secret,operator:operator-secret:admin',
      PAYMENT_CALLBACK_URL: receiver.url,
      RECONCILIATION_SCHEDULE: '50ms,100ms,200ms,1s',
    },
  });
});
afterEach(async () => {
  await gateway.close();
  await receiver.stop();
  await external.close();
});

const order = (shopTransactionId: string, more: object = {}): object => ({
  amount: 100,
  currency: 'EUR',
  shopTransactionId,
  ...more,
});
const at = (path: string): string => `${gateway.url}/v3/acme/${path}`;

interface AdminPayment {
  readonly id: string;
  readonly state: string;
  readonly paymentId?: string;
}

async function adminPayments(shopTransactionId: string): Promise<readonly AdminPayment[]> {
  const url = `${gateway.url}/admin/payments?shopTransactionId=${shopTransactionId}`;
  return (await call(url, 'GET', undefined, ADMIN)).body['items'] as readonly AdminPayment[];
}

describe('an answer that violates the contract and names the payment', () => {
  it.each([
    ['metadata of 5,000 levels', `{"result":"OK","paymentId":"kept-1","metadata":${DEEP}}`],
    ['action of 5,000 levels', `{"action":${DEEP},"result":"OK","paymentId":"kept-1","metadata":${DEEP}}`],
    ['1 MiB of metadata', `{"result":"OK","paymentId":"kept-1","metadata":"${'4%20'.repeat(250_000)}"}`],
    ['two results', '{"result":"OK","result":"KO","paymentId":"kept-1"}'],
    ['an unknown result', '{"result":"MAYBE","paymentId":"kept-1"}'],
    ['more than 1 MiB', `{"result":"OK","paymentId":"kept-1","metadata":"${'x'.repeat(1_100_000)}"}`],
  ])('%s: is unknown, and a query settles it', async (_what, body) => {
    respond = ({ method }) => (method === 'GET' ? '{"status":"ACCEPTED","paymentId":"kept-1"}' : body);
    const answer = await call(at('pay'), 'POST', order('order-1'), { 'idempotency-key': 'k1' });
    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({ code: 'invalid-provider-response', outcome: 'unknown' });

    const settled = async (): Promise<boolean> => (await adminPayments('order-1'))[0]?.state === 'ACCEPTED';
    await until(settled, 'the payment to be settled by a query');
    expect(await adminPayments('order-1')).toMatchObject([{ paymentId: 'kept-1' }]);
    const again = await call(at('pay'), 'POST', order('order-1'), { 'idempotency-key': 'k1' });
    expect(again).toMatchObject({ status: 200, body: { result: 'OK', paymentId: 'kept-1' } });
  });

  it('is invalid to a status query, a check and a callback’s query too', async () => {
    respond = ({ method }) =>
      method === 'GET' ? `{"status":"ACCEPTED","action":${DEEP}}` : '{"result":"PENDING","paymentId":"p1"}';
    expect((await call(at('pay'), 'POST', order('order-2'))).status).toBe(200);
    for (const path of ['status', 'check']) {
      const answer = await call(at(`${path}?paymentId=p1`), 'GET');
      expect([path, answer.status, answer.body['code']]).toEqual([path, 502, 'invalid-provider-response']);
    }
    expect((await call(at('callback?paymentId=p1'), 'POST', { paymentId: 'p1' })).status).toBe(200);
    await until(async () => {
      const url = `${gateway.url}/admin/callbacks?paymentId=p1`;
      const [item] = (await call(url, 'GET', undefined, ADMIN)).body['items'] as { lastError?: string }[];
      return item?.lastError?.includes('levels') === true;
    }, 'the failed query of the callback');
    expect(await adminPayments('order-2')).toMatchObject([{ state: 'PENDING' }]);
  });
});

describe('an answer of 5,000 levels', () => {
  const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
  const amount = { amount: 1, currency: 'EUR' };
  const deep = (members: string): string => `{${members},"metadata":${DEEP}}`;

  it.each([
    ['POST', 'pay-by-link', order('o'), 'unknown'],
    ['POST', 'subscription/schedule', order('o', { subscriptionInfo }), 'unknown'],
    ['POST', 'subscription/start', order('o', { subscriptionInfo }), 'unknown'],
    ['POST', 'subscription/pay', order('o', { subscriptionInfo: { token: 't' } }), 'unknown'],
    ['POST', 'subscription/update/t', amount, 'unknown'],
    ['GET', 'subscription/status/t', undefined, undefined],
    ['DELETE', 'subscription/expire/t', undefined, 'unknown'],
  ])('to %s %s is invalid', async (method, path, body, outcome) => {
    respond = () =>
      deep('"result":"OK","status":"ACTIVE","paymentId":"p","subscriptionToken":"t","link":"a:b"');
    const answer = await call(at(path), method, body);
    expect([answer.status, answer.body['code'], answer.body['outcome']]).toEqual([
      502,
      'invalid-provider-response',
      outcome,
    ]);
  });

  it('to a refund leaves its outcome unknown, and its share reserved', async () => {
    respond = ({ method }) =>
      method === 'GET' ? '{"status":"ACCEPTED"}' : '{"result":"OK","paymentId":"p1"}';
    await call(at('pay'), 'POST', order('order-1'));
    respond = () => deep('"result":"OK"');
    const refund = (units: number): ReturnType<typeof call> =>
      call(at('refund'), 'POST', { amount: units, currency: 'EUR', paymentId: 'p1' });
    expect((await refund(60)).body).toMatchObject({ code: 'invalid-provider-response', outcome: 'unknown' });
    respond = () => '{"result":"OK"}';
    expect((await refund(41)).body['code']).toBe('refund-exceeds-payment');
    expect((await refund(40)).status).toBe(200);
  });

  it('of a receiver is a delivery like any other', async () => {
    receiver.answers((response) => response.end(DEEP.repeat(100)));
    respond = () => '{"status":"ACCEPTED"}';
    await call(at('check?paymentId=p1'), 'GET');
    await until(async () => {
      const url = `${gateway.url}/admin/notifications`;
      const [item] = (await call(url, 'GET', undefined, ADMIN)).body['items'] as { state: string }[];
      return item?.state === 'DELIVERED';
    }, 'the delivery');
    expect(receiver.received).toHaveLength(1);
  });
});

describe('a refund of a payment whose answer was invalid', () => {
  it.each([
    ['ACCEPTED', 200],
    ['PENDING', 422],
    ['FAILED', 422],
  ])('queries the external, which says %s: %i', async (status, expected) => {
    respond = () => '{"result":"MAYBE","paymentId":"p1"}';
    expect((await call(at('pay'), 'POST', order('order-1'))).body['outcome']).toBe('unknown');
    respond = ({ method }) => (method === 'GET' ? `{"status":"${status}"}` : '{"result":"OK"}');
    const answer = await call(at('refund'), 'POST', { amount: 100, currency: 'EUR', paymentId: 'p1' });
    expect(answer.status).toBe(expected);
    const refunds = external.requests.filter(({ target }) => target.includes('refund'));
    expect(refunds).toHaveLength(expected === 200 ? 1 : 0);
  });
});

describe('values', () => {
  it('are the same in the answer, its replay, the status, the notification and for operators', async () => {
    respond = ({ method }) =>
      method === 'GET'
        ? `{"status":"ACCEPTED","paymentId":"p1","metadata":${METADATA},"action":${METADATA}}`
        : `{"result":"PENDING","paymentId":"p1","metadata":${METADATA}}`;
    const key = { 'idempotency-key': 'k1' };
    const first = await call(at('pay'), 'POST', order('order-1'), key);
    expect(first.text).toContain(`"metadata":${METADATA}`);
    expect((await call(at('pay'), 'POST', order('order-1'), key)).text).toBe(first.text);
    expect((await call(at('status?paymentId=p1'), 'GET')).text).toContain(
      `"metadata":${METADATA},"action":${METADATA}`,
    );
    expect((await call(at('check?paymentId=p1'), 'GET')).text).toContain(`"metadata":${METADATA}`);
    await until(() => receiver.received.length > 0, 'the notification');
    expect(receiver.received[0]!.body).toContain(`"metadata":${METADATA},"action":${METADATA}`);
    const notifications = await call(`${gateway.url}/admin/notifications`, 'GET', undefined, ADMIN);
    expect(notifications.text).toContain(`"metadata":${METADATA}`);
    const [payment] = await adminPayments('order-1');
    const story = await call(`${gateway.url}/admin/payments/${payment!.id}`, 'GET', undefined, ADMIN);
    expect(story.text).toContain(`"metadata":${METADATA}`);
  });

  it('that are card numbers are masked in texts, and dropped as numbers', async () => {
    respond = () =>
      '{"result":"OK","paymentId":"p1","metadata":{"pan":4111111111111111,"text":"card 4111111111111111","n":1}}';
    const { text } = await call(at('pay'), 'POST', order('order-1'));
    expect(text).toContain('"metadata":{"text":"card ************1111","n":1}');
  });
});

describe('an id of the external that looks like a card number', () => {
  const ID = '4314276176872769';

  it('is taken in every request, notified, and found by operators', async () => {
    respond = ({ method, target }) => {
      if (target.includes('subscription/status')) return `{"status":"ACTIVE","subscriptionToken":"${ID}"}`;
      if (method === 'GET') return `{"status":"ACCEPTED","paymentId":"${ID}"}`;
      return `{"result":"OK","paymentId":"${ID}","subscriptionToken":"${ID}"}`;
    };
    const paid = await call(at('pay'), 'POST', order('order-1'));
    expect(paid).toMatchObject({ status: 200, body: { paymentId: ID } });
    for (const path of [`status?paymentId=${ID}`, `check?paymentId=${ID}`]) {
      expect(await call(at(path), 'GET')).toMatchObject({ status: 200, body: { paymentId: ID } });
    }
    const refund = { amount: 1, currency: 'EUR', paymentId: ID };
    expect(await call(at('refund'), 'POST', refund)).toMatchObject({ status: 200, body: { result: 'OK' } });
    expect(await call(at(`callback?paymentId=${ID}`), 'GET')).toMatchObject({ body: { paymentId: ID } });
    expect(await call(at('callback'), 'POST', { paymentId: ID })).toMatchObject({ body: { paymentId: ID } });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await call(at('callback'), 'POST', `paymentId=${ID}`, form)).status).toBe(200);

    const again = await call(at('pay'), 'POST', order('order-1'));
    expect(again).toMatchObject({ status: 409, body: { code: 'duplicate-payment', paymentId: ID } });
    await until(() => receiver.received.length > 0, 'the notification');
    expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({ paymentId: ID });
    expect(await adminPayments('order-1')).toMatchObject([{ paymentId: ID }]);
    for (const list of [`payments?paymentId=${ID}`, `callbacks?paymentId=${ID}`, 'notifications'])
      expect((await call(`${gateway.url}/admin/${list}`, 'GET', undefined, ADMIN)).text).toContain(ID);
  });

  it('is taken as the token of a subscription', async () => {
    respond = ({ method }) =>
      method === 'GET'
        ? `{"status":"ACTIVE","subscriptionToken":"${ID}"}`
        : `{"result":"OK","paymentId":"p-${external.requests.length}","subscriptionToken":"${ID}"}`;
    const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
    const started = await call(at('subscription/start'), 'POST', order('sub-1', { subscriptionInfo }));
    expect(started).toMatchObject({ status: 200, body: { subscriptionToken: ID } });
    const pay = order('sub-2', { subscriptionInfo: { token: ID } });
    expect((await call(at('subscription/pay'), 'POST', pay)).status).toBe(200);
    expect((await call(at(`subscription/status/${ID}`), 'GET')).body).toMatchObject({ status: 'ACTIVE' });
    const update = { amount: 1, currency: 'EUR' };
    expect((await call(at(`subscription/update/${ID}`), 'POST', update)).status).toBe(200);
    expect((await call(at(`subscription/expire/${ID}`), 'DELETE')).status).toBe(200);
  });

  it('is still refused as a shopTransactionId', async () => {
    respond = () => '{"result":"OK","paymentId":"p1"}';
    const answer = await call(at('pay'), 'POST', order(ID));
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/shopTransactionId' }] } });
  });
});

describe('Retry-After of a 429', () => {
  it.each([
    ['99999999999', '3600'],
    ['99999999999999999999999', '3600'],
    ['Thu, 31 Dec 2099 23:59:59 GMT', '3600'],
    ['Thursday, 31-Dec-40 23:59:59 GMT', '3600'],
    ['120.5', '121'],
    ['120 seconds', '120'],
    ['soon', '1'],
    ['-1', '1'],
  ])('%s is passed on as %s', async (given, expected) => {
    external.script = (socket) =>
      socket.write(`HTTP/1.1 429 Slow down\r\nretry-after: ${given}\r\ncontent-length: 0\r\n\r\n`);
    const answer = await call(at('pay'), 'POST', order('order-1'));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expected]);
  });
});

describe('null in a request', () => {
  it('counts as left out in an optional field, and is not sent on', async () => {
    respond = () => `{"result":"OK","paymentId":"p-${external.requests.length}"}`;
    const nulls = { successRedirectUrl: null, failureRedirectUrl: null, providerData: null };
    const key = { 'idempotency-key': 'k1' };
    expect((await call(at('pay'), 'POST', order('order-1', nulls), key)).status).toBe(200);
    expect(JSON.parse(external.requests[0]!.body)).toEqual(order('order-1'));
    const repeat = await call(at('pay'), 'POST', order('order-1'), key);
    expect(repeat.headers.get('idempotency-replayed')).toBe('true');
    const inner = order('order-2', { providerData: { a: null } });
    expect((await call(at('pay'), 'POST', inner)).status).toBe(200);
    expect(external.requests.at(-1)!.body).toContain('"providerData":{"a":null}');
    const info = { subscriptionInfo: { interval: 'DAY', intervalCount: 1, expiresAfter: null } };
    await call(at('subscription/schedule'), 'POST', order('sub-1', info));
    expect(external.requests.at(-1)!.body).toContain(
      '"subscriptionInfo":{"interval":"DAY","intervalCount":1}',
    );
  });

  it.each([
    ['a required field', { amount: null }, '/amount'],
    ['an unknown field', { note: null }, '/note'],
  ])('is refused in %s', async (_what, more, pointer) => {
    const answer = await call(at('pay'), 'POST', order('order-1', more));
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  it('is nothing to update', async () => {
    const nulls = { amount: null, currency: null, providerData: null };
    expect((await call(at('subscription/update/t1'), 'POST', nulls)).status).toBe(400);
  });
});
