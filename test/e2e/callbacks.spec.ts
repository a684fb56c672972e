import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { CallbackRow } from '../../src/callbacks/callback.table.js';
import type { PaymentRow } from '../../src/payments/payment.table.js';
import { Store, type Trx } from '../../src/persistence/store.js';
import { type Simulator, startSimulator } from '@tollgate/simulator';
import { AT_ONCE, type Answer, call } from '../support/client.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerJson,
  startStubExternal,
  type StubBehaviour,
  type StubExternal,
} from '../support/stub-external.js';
import { RawClient } from '../support/raw-client.js';
import { type ReceivedNotification, startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** One callback is enough: the gateway queries the external and notifies the receiver (SPEC §5). */

let receiver: TestReceiver;
let gateway: Gateway;

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.stop());

function start(externals: readonly object[], env: Readonly<Record<string, string>> = {}): Promise<Gateway> {
  return startGateway({
    externals,
    env: {
      PAYMENT_CALLBACK_URL: receiver.url,
      NOTIFICATION_SECRET,
      NOTIFICATION_SCHEDULE: '200ms,200ms,200ms,200ms,200ms,200ms',
      ...env,
    },
  });
}

const read = <T>(query: (db: Trx) => Promise<T>): Promise<T> => gateway.app.get(Store).read(query);
const callbacks = (): Promise<CallbackRow[]> =>
  read((db) => db.selectFrom('callbacks').selectAll().orderBy('id').execute());
const payments = (): Promise<PaymentRow[]> =>
  read((db) => db.selectFrom('payments').selectAll().orderBy('id').execute());
const finished = (count = 1): Promise<void> =>
  until(
    async () => (await callbacks()).filter(({ finished_at }) => finished_at !== null).length >= count,
    `${count} callbacks verified`,
  );
const notified = (count = 1): Promise<void> =>
  until(() => receiver.received.length >= count, `${count} notifications`);

function told({ body, headers }: ReceivedNotification): unknown {
  return new Webhook(NOTIFICATION_SECRET).verify(body, headers as Record<string, string>);
}

describe('the simulator’s callbacks', () => {
  let simulator: Simulator;

  beforeEach(async () => {
    simulator = await startSimulator({
      port: 0,
      callbackUrl: () => `${gateway.url}/v3/shop-bank/callback`,
    });
    gateway = await start([{ externalService: 'shop-bank', baseUrl: simulator.url }]);
  });
  afterEach(async () => {
    await gateway.close();
    await simulator.close();
  });

  const pay = (providerData: object) =>
    call(`${gateway.url}/v3/shop-bank/pay`, 'POST', {
      amount: 1_299,
      currency: 'EUR',
      shopTransactionId: 'order-1',
      providerData,
    });

  it.each([
    ['GET', 'ACCEPTED'],
    ['POST', 'ACCEPTED'],
    ['POST', 'FAILED'],
  ])('a pending payment, over %s: %s', async (callbackMethod, finalStatus) => {
    const { body } = await pay({ scenario: 'pending', delayMs: 30, callbackMethod, finalStatus });
    await notified();
    expect(told(receiver.received[0]!)).toMatchObject({
      status: finalStatus,
      paymentId: body['paymentId'],
      shopTransactionId: 'order-1',
      providerName: 'shop-bank',
    });
    expect(receiver.received[0]!.headers['x-payment-version']).toBe('1');
    await finished();
    expect(await callbacks()).toMatchObject([{ state: 'VERIFIED', method: callbackMethod }]);
    expect(await payments()).toMatchObject([{ state: finalStatus, payment_id: body['paymentId'] }]);
  });

  it.each([
    ['GET', 'approve', 'ACCEPTED'],
    ['POST', 'decline', 'FAILED'],
  ])('a payer who was redirected, over %s: %s', async (callbackMethod, decision, status) => {
    const { body } = await pay({ scenario: 'redirect', callbackMethod });
    await fetch(body['redirectToUrl'] as string, {
      method: 'POST',
      body: new URLSearchParams({ decision }),
      redirect: 'manual',
    });
    await notified();
    expect(told(receiver.received[0]!)).toMatchObject({ status, paymentId: body['paymentId'] });
  });

  it('the same one three times at once: one notification', async () => {
    await pay({ scenario: 'duplicate-callback', delayMs: 10 });
    await finished();
    await notified();
    expect(await callbacks()).toMatchObject([{ state: 'VERIFIED', repeats: 2 }]);
    expect(receiver.received).toHaveLength(1);
  });

  it('one trace leads from the caller to the receiver', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await call(`${gateway.url}/v3/shop-bank/callback?paymentId=never-paid-here`, 'GET', undefined, {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    });
    const { body } = await pay({});
    await call(
      `${gateway.url}/v3/shop-bank/callback?paymentId=${body['paymentId'] as string}`,
      'GET',
      undefined,
      { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    );
    await notified();
    expect(receiver.received[0]!.headers['traceparent']).toContain(traceId);
  });
});

describe('a custom external', () => {
  let external: StubExternal;

  beforeEach(async () => {
    external = await startStubExternal();
  });
  afterEach(async () => {
    await gateway.close();
    await external.close();
  });

  const up = (more: object = {}, env = {}): Promise<Gateway> =>
    start([{ externalService: 'acme', baseUrl: external.url, timeoutMs: 1_000, ...more }], env);
  const callback = (paymentId = 'pm_1') =>
    call(`${gateway.url}/v3/acme/callback?paymentId=${paymentId}`, 'POST');
  const questions = (): number => external.requests.filter(({ url }) => url.startsWith('/status')).length;

  const payAnsweredAfterCallback =
    (status: object): StubBehaviour =>
    async ({ method }) => {
      if (method === 'GET') return status;
      await callback();
      await finished();
      return { result: 'PENDING', paymentId: 'pm_1' };
    };

  it.each([
    ['which names the shop’s id', { status: 'ACCEPTED', paymentId: 'pm_1', shopTransactionId: 'order-1' }],
    ['which names nothing', { status: 'ACCEPTED' }],
  ])('a callback before the answer of /pay, confirmed by a status %s, ends linked', async (_, status) => {
    external.behave(payAnsweredAfterCallback(status));
    gateway = await up();
    const paid = await call(`${gateway.url}/v3/acme/pay`, 'POST', {
      amount: 100,
      currency: 'EUR',
      shopTransactionId: 'order-1',
    });
    expect(paid.body).toEqual({ result: 'PENDING', paymentId: 'pm_1' });
    expect(await payments()).toMatchObject([
      { state: 'ACCEPTED', payment_id: 'pm_1', shop_transaction_id: 'order-1', origin: 'pay' },
    ]);
    await notified();
    expect(told(receiver.received[0]!)).toMatchObject({ status: 'ACCEPTED', paymentId: 'pm_1' });
    expect(receiver.received).toHaveLength(1);
  });

  it('a callback for an unknown payment is stored, verified and notified', async () => {
    external.behave(() => ({ status: 'ACCEPTED', shopTransactionId: 'order-of-old' }));
    gateway = await up();
    expect((await callback('pm_old')).body).toEqual({ received: true, paymentId: 'pm_old' });
    await notified();
    expect(told(receiver.received[0]!)).toMatchObject({
      paymentId: 'pm_old',
      shopTransactionId: 'order-of-old',
    });
    expect(await payments()).toMatchObject([{ origin: 'learned', state: 'ACCEPTED', payment_id: 'pm_old' }]);
    await finished();
    expect(await callbacks()).toMatchObject([{ state: 'VERIFIED', shop_transaction_id: 'order-of-old' }]);
  });

  it('20 equal callbacks at once: one query, one notification', async () => {
    external.behave(() => ({ status: 'PENDING' }));
    gateway = await up();
    const answers = await Promise.all(Array.from({ length: 20 }, () => callback()));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    await finished();
    await notified();
    expect(questions()).toBe(1);
    expect(receiver.received).toHaveLength(1);
    expect(await callbacks()).toMatchObject([{ state: 'VERIFIED', repeats: 19 }]);
  });

  it('one that arrives during a query causes one more query', async () => {
    let status = 'PENDING';
    external.behave(async () => {
      const asked = status;
      if (asked === 'PENDING') {
        status = 'ACCEPTED';
        await callback();
        await callback();
      }
      return { status: asked };
    });
    gateway = await up();
    await callback();
    await finished();
    await until(() => receiver.received.some(({ body }) => body.includes('ACCEPTED')), 'ACCEPTED');
    expect(questions()).toBe(2);
    expect(await callbacks()).toMatchObject([{ state: 'VERIFIED', repeats: 2 }]);
    expect(await payments()).toMatchObject([{ state: 'ACCEPTED' }]);
  });

  it.each<[string, StubBehaviour]>([
    ['fails', (_, response) => answerJson(response, 503, {})],
    ['has never seen the payment', (_, response) => answerJson(response, 404, { message: 'unknown' })],
    ['cuts the connection', (_, response) => void response.destroy()],
    ['answers nonsense', () => ({ status: 'PERHAPS' })],
  ])('while the external %s it is not confirmed, and is later', async (_, trouble) => {
    external.behave(trouble);
    gateway = await up();
    await callback();
    await until(async () => (await callbacks())[0]!.last_error !== null, 'the first failure');
    expect(receiver.received).toHaveLength(0);
    external.behave(() => ({ status: 'ACCEPTED' }));
    await finished();
    await notified();
    expect(await callbacks()).toMatchObject([{ state: 'VERIFIED', last_error: null }]);
    expect(receiver.received).toHaveLength(1);
  });

  it('a callback that is never confirmed is stored and changes nothing', async () => {
    external.behave((_, response) => answerJson(response, 404, { message: 'unknown' }));
    gateway = await up({}, { NOTIFICATION_SCHEDULE: '10ms' });
    await callback('pm_forged');
    await finished();
    expect(await callbacks()).toMatchObject([
      {
        state: 'UNCONFIRMED',
        attempts: 2,
        next_attempt_at: null,
        last_error: 'the external does not know this payment',
      },
    ]);
    expect(await payments()).toEqual([]);
    expect(receiver.received).toHaveLength(0);
  });

  it('one of an external that is no longer configured waits for its configuration', async () => {
    external.behave(() => ({ status: 'ACCEPTED' }));
    const other = { externalService: 'other', baseUrl: external.url };
    const acme = { externalService: 'acme', baseUrl: external.url };
    const before = await start([acme, other], { WORKERS: 'off' });
    gateway = before;
    await callback();
    await before.app.close();
    const { database } = before;
    const env = { PAYMENT_CALLBACK_URL: receiver.url, NOTIFICATION_SECRET, NOTIFICATION_SCHEDULE: '50ms,1s' };
    try {
      gateway = await startGateway({ externals: [other], env, database });
      await until(
        async () => (await callbacks())[0]!.last_error === 'no external of this name is configured',
        'the first try',
      );
      await gateway.close();
      gateway = await startGateway({ externals: [acme, other], env, database });
      await finished();
      expect(await callbacks()).toMatchObject([{ state: 'VERIFIED' }]);
      await gateway.close();
    } finally {
      gateway = before;
    }
  });

  it('the content of a callback changes nothing', async () => {
    external.behave(({ method }) =>
      method === 'GET' ? { status: 'PENDING' } : { result: 'PENDING', paymentId: 'pm_1' },
    );
    gateway = await up();
    await call(`${gateway.url}/v3/acme/pay`, 'POST', {
      amount: 100,
      currency: 'EUR',
      shopTransactionId: 'order-1',
    });
    const claim = { paymentId: 'pm_1', status: 'ACCEPTED', result: 'OK', shopTransactionId: 'order-2' };
    await call(`${gateway.url}/v3/acme/callback`, 'POST', claim);
    await notified();
    expect(told(receiver.received[0]!)).toMatchObject({ status: 'PENDING', shopTransactionId: 'order-1' });
    expect(await payments()).toMatchObject([{ state: 'PENDING', shop_transaction_id: 'order-1' }]);
  });

  it('an external that hangs does not delay others', async () => {
    const held: (() => void)[] = [];
    external.behave(({ url }, response) => {
      if (url.includes('slow')) held.push(() => answerJson(response, 200, { status: 'PENDING' }));
      else answerJson(response, 200, { status: 'ACCEPTED' });
      return undefined;
    });
    gateway = await start([
      { externalService: 'acme', baseUrl: external.url, timeoutMs: 60_000 },
      { externalService: 'other', baseUrl: external.url, timeoutMs: 60_000 },
    ]);
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => callback(`slow_${i}`)));
    await until(() => questions() >= 8, 'the slow ones to be asked');
    await call(`${gateway.url}/v3/other/callback?paymentId=pm_fast`, 'GET');
    await until(() => receiver.received.some(({ body }) => body.includes('pm_fast')), 'the fast one');
    // Meanwhile, no query about the slow ones was answered.
    expect(receiver.received.map(({ body }) => body.includes('slow'))).toEqual([false]);
    for (const answer of held) answer();
  });
});

describe('requests accepted as callbacks', () => {
  const log: string[] = [];
  beforeAll(async () => {
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: 'http://127.0.0.1:9' }],
      env: { WORKERS: 'off', LOG_LEVEL: 'info' },
      logOutput: { write: (line) => void log.push(line), flushSync: () => {}, close: () => {} },
    });
  });
  afterEach(() =>
    gateway.app
      .get(Store)
      .transaction((trx) => trx.deleteFrom('callbacks').execute())
      .catch(() => {}),
  );
  afterAll(() => gateway.close());

  const at = (suffix = ''): string => `${gateway.url}/v3/acme/callback${suffix}`;
  const post = (body: string, contentType?: string, suffix = '') =>
    call(at(suffix), 'POST', body, contentType === undefined ? {} : { 'content-type': contentType });
  /** Each character is one byte. */
  async function raw(suffix: string, body: string, contentType?: string): Promise<Answer> {
    const client = new RawClient(gateway.url);
    try {
      const headers = contentType === undefined ? [] : ['Content-Type', contentType];
      const answer = await client.send({
        method: 'POST',
        target: `/v3/acme/callback${suffix}`,
        headers,
        body: Buffer.from(body, 'latin1'),
      });
      return {
        status: answer.status,
        headers: new Headers(answer.headers as Record<string, string>),
        text: answer.text,
        body: JSON.parse(answer.text) as Answer['body'],
      };
    } finally {
      client.close();
    }
  }
  const postBytes = (body: string, contentType: string) => raw('', body, contentType);
  const FORM = 'application/x-www-form-urlencoded';
  const JSON_TYPE = 'application/json';

  it.each<[string, () => ReturnType<typeof call>]>([
    ['GET', () => call(at('?paymentId=pm_1'), 'GET')],
    ['GET with more in its query', () => call(at('?paymentId=pm_1&hash=1'), 'GET')],
    ['POST without a body', () => call(at('?paymentId=pm_1'), 'POST')],
    ['JSON', () => post('{"paymentId":"pm_1","amount":12345678901234567890,"more":[{}]}', JSON_TYPE)],
    ['JSON beside the query', () => post('{"event":"paid"}', JSON_TYPE, '?paymentId=pm_1')],
    [
      'JSON that says the same as the query',
      () => post('{"paymentId":"pm_1"}', JSON_TYPE, '?paymentId=pm_1'),
    ],
    ['a JSON subtype', () => post('{"paymentId":"pm_1"}', 'application/vnd.acme+json; charset=utf-8')],
    ['a form', () => post('a=1&paymentId=pm%5F1&a=2', FORM)],
    ['a form beside the query', () => post('event=paid', `${FORM};charset=UTF-8`, '?paymentId=pm_1')],
    ['null beside the query', () => post('{"paymentId":null}', JSON_TYPE, '?paymentId=pm_1')],
    ['the same twice', () => call(at('?paymentId=pm_1&paymentId=pm%5F1'), 'GET')],

    // Bytes that nobody needs.
    ['a form with bytes', () => postBytes('paymentId=pm_1&first_name=Jos\xe9', FORM)],
    ['a form in ISO-8859-1', () => postBytes('a=\xe9&paymentId=pm_1', `${FORM};charset=ISO-8859-1`)],
    ['a form with encoded bytes', () => postBytes('a=%E9&paymentId=pm_1&b%E9=', FORM)],
    ['a form with a broken escape', () => post('a=100%&paymentId=pm_1', FORM)],
    ['a form with a BOM', () => postBytes('\xef\xbb\xbfpaymentId=pm_1', FORM)],
    ['JSON with bytes', () => postBytes('{"name":"Jos\xe9","paymentId":"pm_1"}', JSON_TYPE)],
    [
      'JSON in ISO-8859-1',
      () => postBytes('{"n":"\xe9","paymentId":"pm_1"}', `${JSON_TYPE}; charset="iso-8859-1"`),
    ],
    ['JSON with a BOM', () => postBytes('\xef\xbb\xbf{"paymentId":"pm_1"}', JSON_TYPE)],
    ['JSON with another field twice', () => post('{"a":1,"a":2,"paymentId":"pm_1"}', JSON_TYPE)],
    ['a query with encoded bytes', () => call(at('?name=Jos%E9&paymentId=pm_1&%E9=1'), 'GET')],

    // A body that is not needed.
    ['XML beside the query', () => post('<paid/>', 'text/xml', '?paymentId=pm_1')],
    ['broken JSON beside the query', () => post('{"paymentId":', JSON_TYPE, '?paymentId=pm_1')],
    [
      'multipart beside the query',
      () => post('--x\r\n', 'multipart/form-data; boundary=x', '?paymentId=pm_1'),
    ],
    ['a body without a type beside the query', () => raw('?paymentId=pm_1', '\0\x01')],

    // Separators of senders that write links by hand.
    ['a second question mark', () => call(at('?paymentId=pm_1?status=paid'), 'GET')],
    ['a second question mark before more', () => call(at('?paymentId=pm_1?a=b&c=d'), 'GET')],
    ['an appended paymentId', () => call(at('?from=shop?paymentId=pm_1'), 'GET')],
    ['an appended paymentId, the same', () => call(at('?paymentId=pm_1?paymentId=pm_1'), 'GET')],
    ['&amp; after it', () => call(at('?paymentId=pm_1&amp;status=paid'), 'GET')],
    ['&amp; before it', () => call(at('?status=paid&amp;paymentId=pm_1'), 'GET')],
    ['&amp;amp; before it', () => call(at('?status=paid&amp;amp;paymentId=pm_1'), 'GET')],
    ['semicolons', () => call(at('?status=paid;paymentId=pm_1;hash=7'), 'GET')],
    ['a semicolon after it', () => call(at('?paymentId=pm_1;status=paid'), 'GET')],
    ['a form with semicolons', () => post('status=paid;paymentId=pm_1', FORM)],
    ['a form with &amp;', () => post('status=paid&amp;paymentId=pm_1', FORM)],
    ['a link in another field', () => call(at('?back=http://shop/?paymentId=other&paymentId=pm_1'), 'GET')],
  ])('%s', async (_, send) => {
    const answer = await send();
    expect(answer).toMatchObject({ status: 200, body: { received: true, paymentId: 'pm_1' } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await callbacks()).toMatchObject([{ external: 'acme', payment_id: 'pm_1', state: 'PENDING' }]);
  });

  it.each<[string, number, string, string | undefined, () => ReturnType<typeof call>]>([
    ['no paymentId', 400, 'validation-failed', '/query/paymentId', () => call(at(), 'GET')],
    ['an empty one', 400, 'validation-failed', '/query/paymentId', () => call(at('?paymentId='), 'GET')],
    ['two', 400, 'validation-failed', '/query/paymentId', () => call(at('?paymentId=a&paymentId=b'), 'GET')],
    [
      'two, of which one is appended',
      400,
      'validation-failed',
      '/query/paymentId',
      () => call(at('?x=1;paymentId=a?paymentId=b'), 'GET'),
    ],
    ['bytes', 400, 'validation-failed', '/query/paymentId', () => call(at('?paymentId=a%E9'), 'GET')],
    ['bytes in a form', 400, 'validation-failed', '/paymentId', () => postBytes('paymentId=a\xe9', FORM)],
    [
      'encoded bytes in a form',
      400,
      'validation-failed',
      '/paymentId',
      () => postBytes('paymentId=a%E9&b=\xe9', FORM),
    ],
    [
      'bytes in JSON',
      400,
      'validation-failed',
      '/paymentId',
      () => postBytes('{"paymentId":"a\xe9"}', JSON_TYPE),
    ],
    [
      'two in JSON',
      400,
      'validation-failed',
      '/paymentId',
      () => post('{"paymentId":"a","paymentId":"b"}', JSON_TYPE),
    ],
    ['UTF-16', 400, 'validation-failed', '', () => postBytes('\xff\xfe{\0}\0', JSON_TYPE)],
    [
      '256 characters',
      400,
      'validation-failed',
      '/query/paymentId',
      () => call(at(`?paymentId=${'x'.repeat(256)}`), 'GET'),
    ],
    [
      'a control character',
      400,
      'validation-failed',
      '/query/paymentId',
      () => call(at('?paymentId=a%00'), 'GET'),
    ],
    ['neither query nor body', 400, 'validation-failed', '/query/paymentId', () => post('{}', JSON_TYPE)],
    ['a number', 400, 'validation-failed', '/paymentId', () => post('{"paymentId":1}', JSON_TYPE)],
    [
      'another one in the query',
      400,
      'validation-failed',
      '/paymentId',
      () => post('{"paymentId":"pm_2"}', JSON_TYPE, '?paymentId=pm_1'),
    ],
    ['two in a form', 400, 'validation-failed', '/paymentId', () => post('paymentId=a&paymentId=b', FORM)],
    ['an array', 400, 'validation-failed', '', () => post('["pm_1"]', JSON_TYPE)],
    ['broken JSON', 400, 'validation-failed', '', () => post('{"paymentId":', JSON_TYPE)],
    ['deep JSON', 400, 'validation-failed', '', () => post('['.repeat(100_000), JSON_TYPE)],
    [
      'more than 1,000 levels',
      400,
      'validation-failed',
      '',
      () => post(`{"paymentId":"pm_1","x":${'['.repeat(1_000)}${']'.repeat(1_000)}}`, JSON_TYPE),
    ],
    [
      'an inherited one',
      400,
      'validation-failed',
      '/query/paymentId',
      () => post('{"__proto__":{"paymentId":"pm_1"}}', JSON_TYPE),
    ],
    ['text', 415, 'unsupported-media-type', undefined, () => post('paymentId=pm_1', 'text/plain')],
    ['XML', 415, 'unsupported-media-type', undefined, () => post('<paid/>', 'text/xml')],
    ['too much', 413, 'payload-too-large', undefined, () => post(`paymentId=${'x'.repeat(131_072)}`, FORM)],
    ['HEAD', 405, 'method-not-allowed', undefined, () => call(at('?paymentId=pm_1'), 'HEAD')],
    ['PUT', 405, 'method-not-allowed', undefined, () => call(at('?paymentId=pm_1'), 'PUT')],
  ])('not: %s', async (what, status, code, pointer, send) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    // The answer to a HEAD has no body to name it.
    expect(answer.body['code']).toBe(what === 'HEAD' ? undefined : code);
    if (pointer !== undefined) expect(answer.body['errors']).toMatchObject([{ pointer }]);
    if (status === 405) expect(answer.headers.get('allow')).toBe('GET, POST');
    expect(answer.body['outcome']).toBeUndefined();
    expect(await callbacks()).toEqual([]);
  });

  it('not without an id, and says which it may name', async () => {
    const detail = 'is missing: a callback names a paymentId, a refundId or a subscriptionToken';
    expect((await call(at(), 'GET')).body['errors']).toEqual([{ pointer: '/query/paymentId', detail }]);
  });

  it.each([
    ['a question mark without a name after it', 'pm_1?', 'pm_1?'],
    ['a semicolon without a name after it', 'pm;1', 'pm;1'],
    ['what is encoded', 'pm_1%3Fstatus%3Dpaid%3Ba%3Db%26c', 'pm_1?status=paid;a=b&c'],
  ])('takes %s for a part of the id', async (_what, encoded, paymentId) => {
    expect((await call(at(`?paymentId=${encoded}`), 'GET')).body['paymentId']).toBe(paymentId);
    expect((await post(`paymentId=${encoded}`, FORM)).body['paymentId']).toBe(paymentId);
  });

  it('reads a paymentId in the charset that its form announces', async () => {
    const latin1 = `${FORM}; charset=ISO-8859-1`;
    expect((await postBytes('paymentId=a\xe9', latin1)).body['paymentId']).toBe('aé');
    expect((await postBytes('paymentId=a%E9', latin1)).body['paymentId']).toBe('aé');
    expect((await postBytes('paymentId=a%C3%A9', latin1)).body['paymentId']).toBe('aé');
  });

  it('logs what was received, without its values, and how it was read', async () => {
    log.length = 0;
    await call(at('?paymentId=pm_1?status=paid&card=4111111111111111'), 'GET');
    await call(at('?payment_id=pm_1'), 'GET');
    await post('<paid/>', 'text/xml', '?token=s3cret');
    const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ msg }) => String(msg).startsWith('A callback'))).toMatchObject([
      {
        msg: 'A callback is not as documented',
        level: 'warn',
        external: 'acme',
        received: 'query paymentId=pm_1?status=…&card=…',
        paymentId: 'pm_1',
        detail: 'the query has other separators than &',
      },
      { msg: 'A callback cannot be read', received: 'query payment_id=…' },
      {
        msg: 'A callback cannot be read',
        received: 'query token=…, Content-Type text/xml',
        detail: expect.stringContaining('application/json'),
      },
    ]);
    expect(log.join()).not.toContain('s3cret');
  });

  it('its body is stored, masked, at most 16 KiB', async () => {
    const body = JSON.stringify({ paymentId: 'pm_1', pan: '4111 1111 1111 1111', note: 'é'.repeat(20_000) });
    await post(body, JSON_TYPE);
    const [row] = await callbacks();
    expect(row!.body).toContain('"pan":"**** **** **** 1111"');
    expect(Buffer.byteLength(row!.body!)).toBeGreaterThan(16_380);
    expect(Buffer.byteLength(row!.body!)).toBeLessThanOrEqual(16_384);
  });

  it.each([
    [
      'JSON',
      String.raw`{"paymentId":"pm_1","pan":"\u0034111111111111\u0031\u0031\u0031"}`,
      '"************1111"',
    ],
    ['a form', 'paymentId=pm_1&pan=%34111%20111111111111', 'pan=****%20********1111'],
  ])('its card numbers are masked, escaped or not: %s', async (_, body, masked) => {
    await post(body, body.startsWith('{') ? JSON_TYPE : FORM);
    const [row] = await callbacks();
    expect(row!.body).toContain(masked);
  });

  it('its escapes are stored unchanged if they contain no card number', async () => {
    const body = String.raw`{"paymentId":"pm_1","a":"\u0034\\u0031","b":"%34"}`;
    await post(body, JSON_TYPE);
    expect((await callbacks())[0]!.body).toBe(body);
  });

  it('none that cannot be stored', async () => {
    // The last of these tests: it removes the database.
    await gateway.app.get(Store).close();
    const answer = await call(at('?paymentId=pm_1'), 'POST');
    expect(answer).toMatchObject({ status: 503, body: { code: 'storage-unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});
