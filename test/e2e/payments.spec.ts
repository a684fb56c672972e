import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PaymentRepository } from '../../src/payments/payment.repository.js';
import { Store } from '../../src/persistence/store.js';
import { AT_ONCE, type Answer, call } from '../support/client.js';
import { webhookSecret } from '../support/config-problems.js';
import { fingerprintKey, type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';

let external: StubExternal;
let gateway: Gateway;
let count = 0;
const order = (): string => `order-${(count += 1)}`;
const pay = (more: object = {}): object => ({
  amount: 5_000,
  currency: 'EUR',
  shopTransactionId: order(),
  ...more,
});
const post = (operation: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  call(`${gateway.url}/v3/acme/${operation}`, 'POST', body, headers);
const told = ({ status, body }: Answer): unknown[] => [status, body['code'], body['outcome']];

beforeAll(async () => {
  external = await startStubExternal();
  gateway = await startGateway({
    externals: [
      {
        externalService: 'acme',
        baseUrl: external.url,
        timeoutMs: 2_000,
        circuitBreaker: { failures: 1_000 },
      },
      { externalService: 'many', baseUrl: external.url, duplicatePayments: 'allow' },
      { externalService: 'no-status', baseUrl: external.url, operations: { status: false } },
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

describe('the request to the external', () => {
  it('has the caller’s values unchanged', async () => {
    const body = pay({
      successRedirectUrl: 'https://shop.example/ok',
      providerData: {
        deep: { a: [1, 0.1, -0.5, 1e21, null, true, { ü: '€', '': {} }] },
        constructor: { prototype: 1 },
        text: 'line\nbreak \u0000 \ud83d\ude00',
      },
    });
    await post('pay', body);
    expect(JSON.parse(external.requests[0]!.body)).toEqual(body);
  });

  it('keeps own names such as __proto__', async () => {
    const providerData = '{"__proto__":{"admin":true},"a":1}';
    const shopTransactionId = order();
    await call(
      `${gateway.url}/v3/acme/pay`,
      'POST',
      `{"amount":1,"currency":"EUR","shopTransactionId":"${shopTransactionId}","providerData":${providerData}}`,
    );
    expect(external.requests[0]!.body).toContain(`"providerData":${providerData}`);
  });

  it('has one value for a duplicate name: the validated one', async () => {
    const body = `{"amount":1,"amount":2,"currency":"EUR","shopTransactionId":"${order()}"}`;
    await call(`${gateway.url}/v3/acme/pay`, 'POST', body);
    expect(external.requests[0]!.body.match(/"amount":/g)).toHaveLength(1);
    expect(JSON.parse(external.requests[0]!.body)).toMatchObject({ amount: 2 });
  });

  it('carries the ids of the request', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await post('pay', pay(), { 'x-request-id': 'r-1', traceparent });
    expect(external.requests[0]!.headers).toMatchObject({
      'x-request-id': 'r-1',
      'content-type': 'application/json',
    });
    expect(external.requests[0]!.headers['traceparent']).toMatch(
      /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/,
    );
    expect(answer.headers.get('x-request-id')).toBe('r-1');
  });

  it('has the path and query below the prefix, encoded', async () => {
    await call(`${gateway.url}/v3/acme/status?paymentId=${encodeURIComponent('a/b c&d=ü')}`, 'GET');
    await call(`${gateway.url}/v3/acme/subscription/update/${encodeURIComponent('t/1?x')}`, 'POST', {
      shopTransactionId: 'n',
    });
    await call(`${gateway.url}/v3/acme/subscription/expire/tok`, 'DELETE');
    expect(external.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /status?paymentId=a%2Fb%20c%26d%3D%C3%BC',
      'POST /subscription/update/t%2F1%3Fx',
      'DELETE /subscription/expire/tok',
    ]);
  });
});

describe('a second payment for one shopTransactionId', () => {
  it('is refused while the first is accepted, and names it', async () => {
    const body = pay();
    const first = await post('pay', body);
    const second = await post('pay', body);
    expect(told(second)).toEqual([409, 'duplicate-payment', 'not-executed']);
    expect(second.body).toMatchObject({ paymentId: first.body['paymentId'], paymentStatus: 'ACCEPTED' });
    expect(external.requests).toHaveLength(1);
  });

  it('is refused by the index of guards if the look-up does not see the first one yet', async () => {
    const body = pay();
    const first = await post('pay', body);
    // As on PostgreSQL while the first one's transaction has not been committed.
    const look = jest
      .spyOn(gateway.app.get(PaymentRepository), 'findDuplicate')
      .mockResolvedValueOnce(undefined);
    const second = await post('pay', body);
    expect(look).toHaveBeenCalledTimes(2);
    look.mockRestore();
    expect(told(second)).toEqual([409, 'duplicate-payment', 'not-executed']);
    expect(second.body['paymentId']).toBe(first.body['paymentId']);
    expect(external.requests).toHaveLength(1);
  });

  it('is refused while the first is pending, running or unknown', async () => {
    const pending = pay();
    external.behave(() => ({ result: 'PENDING', paymentId: order() }));
    await post('pay', pending);
    expect((await post('pay', pending)).body['paymentStatus']).toBe('PENDING');

    const unknown = pay();
    external.behave((_, response) => answerJson(response, 503, {}));
    await post('pay', unknown);
    expect((await post('pay', unknown)).body['paymentStatus']).toBe('UNKNOWN');

    const running = pay();
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    external.behave(async () => {
      arrived.resolve();
      await release.promise;
      return { result: 'OK', paymentId: order() };
    });
    const first = post('pay', running);
    await arrived.promise;
    expect(told(await post('pay', running))).toEqual([409, 'repeated-without-key', 'unknown']);
    const other = await post('pay', { ...running, amount: 1 });
    expect(told(other)).toEqual([409, 'duplicate-payment', 'unknown']);
    expect(other.body['paymentStatus']).toBe('PENDING');
    release.resolve();
    expect((await first).status).toBe(200);
  });

  it.each([
    ['declined', () => ({ result: 'KO' })],
    ['rejected', (_: unknown, response: never) => answerJson(response, 400, {})],
  ])('is allowed after the first was %s', async (_name, behaviour) => {
    const body = pay();
    external.behave(behaviour as never);
    await post('pay', body);
    external.behave(answerOk);
    expect((await post('pay', body)).status).toBe(200);
  });

  it('is refused after a late success of the first', async () => {
    const body = pay();
    external.behave(() => ({ result: 'KO', paymentId: 'pm-late-success' }));
    await post('pay', body);
    external.behave(() => ({ status: 'ACCEPTED' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=pm-late-success`, 'GET');
    external.behave(answerOk);
    const second = await post('pay', body);
    expect(told(second)).toEqual([409, 'duplicate-payment', 'not-executed']);
    expect(second.body).toMatchObject({ paymentId: 'pm-late-success', paymentStatus: 'ACCEPTED' });
  });

  it('is refused if the first was created elsewhere and is known from the external', async () => {
    const shopTransactionId = order();
    external.behave(() => ({ status: 'ACCEPTED', shopTransactionId }));
    await call(`${gateway.url}/v3/acme/check?paymentId=pm-elsewhere`, 'GET');
    external.behave(answerOk);
    const second = await post('pay', pay({ shopTransactionId }));
    expect(told(second)).toEqual([409, 'duplicate-payment', 'not-executed']);
    expect(second.body).toMatchObject({ paymentId: 'pm-elsewhere', paymentStatus: 'ACCEPTED' });
  });

  it('is recognised across operations that create a payment', async () => {
    const body = pay();
    await post('pay', body);
    const schedule = await post('subscription/start', {
      ...body,
      subscriptionInfo: { interval: 'DAY', intervalCount: 1 },
    });
    expect(told(schedule)).toEqual([409, 'duplicate-payment', 'not-executed']);
  });

  it('reaches the external once out of 50 concurrent requests', async () => {
    const body = pay();
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('pay', body)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(external.requests).toHaveLength(1);
  });

  it('is allowed by the configuration', async () => {
    const body = pay();
    await call(`${gateway.url}/v3/many/pay`, 'POST', body);
    expect((await call(`${gateway.url}/v3/many/pay`, 'POST', body)).status).toBe(200);
  });
});

describe('refunds', () => {
  const paid = async (): Promise<string> => String((await post('pay', pay())).body['paymentId']);
  const refund = (paymentId: string, amount: number, more: object = {}): Promise<Answer> =>
    post('refund', { amount, currency: 'EUR', paymentId, ...more }, { 'idempotency-key': randomUUID() });

  it('executes exactly as many concurrent refunds as fit, and a KO frees its share', async () => {
    const paymentId = await paid();
    external.requests.length = 0;
    external.behave(() => ({ result: 'OK' }));
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => refund(paymentId, 100)));
    expect(external.requests).toHaveLength(50);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(AT_ONCE - 50);
    expect(new Set(refused.map((answer) => told(answer).join()))).toEqual(
      new Set(['422,refund-exceeds-payment,not-executed']),
    );

    external.behave(answerOk);
    const other = await paid();
    external.behave(() => ({ result: 'KO' }));
    expect((await refund(other, 5_000)).body['result']).toBe('KO');
    external.behave(() => ({ result: 'PENDING' }));
    expect((await refund(other, 5_000)).body['result']).toBe('PENDING');
    expect(told(await refund(other, 1))).toEqual([422, 'refund-exceeds-payment', 'not-executed']);
  });

  it('keeps the share of one whose outcome is unknown', async () => {
    const paymentId = await paid();
    external.behave((_, response) => answerJson(response, 500, {}));
    expect(told(await refund(paymentId, 3_000))).toEqual([502, 'provider-error', 'unknown']);
    external.behave(() => ({ result: 'OK' }));
    expect(told(await refund(paymentId, 3_000))).toEqual([422, 'refund-exceeds-payment', 'not-executed']);
    expect((await refund(paymentId, 2_000)).status).toBe(200);
  });

  it('frees the share of one that was rejected', async () => {
    const paymentId = await paid();
    external.behave((_, response) => answerJson(response, 422, { message: 'not now' }));
    const rejected = await refund(paymentId, 5_000);
    expect([...told(rejected), rejected.body['detail']]).toEqual([
      422,
      'provider-rejected',
      'not-executed',
      'not now',
    ]);
    external.behave(() => ({ result: 'OK' }));
    expect((await refund(paymentId, 5_000)).status).toBe(200);
  });

  it('refuses another currency', async () => {
    const paymentId = await paid();
    expect(told(await refund(paymentId, 1, { currency: 'USD' }))).toEqual([
      422,
      'refund-exceeds-payment',
      'not-executed',
    ]);
  });

  it('queries the external once about a payment that is not accepted', async () => {
    external.behave(() => ({ result: 'PENDING', paymentId: 'pm-late' }));
    await post('pay', pay());
    external.requests.length = 0;
    external.behave(() => ({ status: 'PENDING' }));
    expect(told(await refund('pm-late', 1))).toEqual([422, 'refund-exceeds-payment', 'not-executed']);
    external.behave(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK' }));
    expect((await refund('pm-late', 1)).status).toBe(200);
    expect(external.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST']);
  });

  it('passes a refund of an unknown payment through', async () => {
    external.behave(() => ({ result: 'OK' }));
    expect((await refund('before-our-time', 999_999_999_999)).status).toBe(200);
  });
});

describe('subscriptions', () => {
  it('pass through their states', async () => {
    // Callers with one class for all endpoints send what they leave out as null.
    const info = { subscriptionInfo: { interval: 'MONTH', intervalCount: 1, expiresAfter: 12, token: null } };
    const scheduled = await post('subscription/schedule', { ...pay({ amount: 0 }), ...info });
    const token = String(scheduled.body['subscriptionToken']);
    expect(scheduled.body).toMatchObject({ result: 'OK', paymentId: expect.any(String) as unknown });
    const whole = { token, interval: 'MONTH', intervalCount: 1, expiresAfter: 12 };
    const paid = await post('subscription/pay', { ...pay(), subscriptionInfo: whole });
    expect(JSON.parse(external.requests.at(-1)!.body)).toMatchObject({ subscriptionInfo: whole });
    expect(paid.body).toMatchObject({ result: 'OK', subscriptionToken: expect.any(String) as unknown });
    external.behave(() => ({ result: 'OK' }));
    expect((await post(`subscription/update/${token}`, { amount: 1, currency: 'EUR' })).body).toEqual({
      result: 'OK',
      subscriptionToken: token,
    });
    external.behave(() => ({ status: 'ACTIVE', metadata: { plan: 1 } }));
    expect((await call(`${gateway.url}/v3/acme/subscription/status/${token}`, 'GET')).body).toEqual({
      status: 'ACTIVE',
      subscriptionToken: token,
      providerName: 'acme',
      metadata: { plan: 1 },
    });
    external.behave(() => ({ result: 'OK' }));
    expect((await call(`${gateway.url}/v3/acme/subscription/expire/${token}`, 'DELETE')).body).toEqual({
      result: 'OK',
      subscriptionToken: token,
    });
  });

  it('distinguish an unknown token', async () => {
    external.behave((_, response) => answerJson(response, 404, { message: 'no such token' }));
    expect(told(await post('subscription/update/tok', { shopTransactionId: 'n' }))).toEqual([
      404,
      'subscription-not-found',
      'not-executed',
    ]);
    expect(told(await call(`${gateway.url}/v3/acme/subscription/status/tok`, 'GET'))).toEqual([
      404,
      'subscription-not-found',
      undefined,
    ]);
  });

  it('refuse a token that would change the path', async () => {
    for (const token of ['%2E', '%2e%2E']) {
      const answer = await call(`${gateway.url}/v3/acme/subscription/expire/${token}`, 'DELETE');
      expect([400, 404]).toContain(answer.status);
    }
    expect(external.requests).toHaveLength(0);
  });
});

describe('in production', () => {
  it('redirect URLs must be https', async () => {
    const production = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url, callbackAuth: { type: 'none' } }],
      env: {
        NODE_ENV: 'production',
        API_AUTH: 'none',
        PAYMENT_CALLBACK_URL: 'https://shop.example/payments',
        NOTIFICATION_SECRET: webhookSecret(),
        FINGERPRINT_KEY: fingerprintKey(),
        WORKERS: 'off',
      },
    });
    const pointers = async (body: object): Promise<unknown> => {
      const answer = await call(`${production.url}/v3/acme/pay`, 'POST', body);
      const errors = (answer.body['errors'] ?? []) as { pointer: string }[];
      return [answer.status, ...errors.map(({ pointer }) => pointer).toSorted()];
    };
    try {
      const urls = {
        successRedirectUrl: 'http://shop.example/a',
        failureRedirectUrl: 'HTTP://shop.example/b',
      };
      expect(await pointers(pay(urls))).toEqual([400, '/failureRedirectUrl', '/successRedirectUrl']);
      expect(await pointers(pay({ ...urls, amount: 0, failureRedirectUrl: 'http://' }))).toEqual([
        400,
        '/amount',
        '/failureRedirectUrl',
        '/successRedirectUrl',
      ]);
      expect(external.requests).toHaveLength(0);
      expect(await pointers(pay({ successRedirectUrl: 'HTTPS://shop.example/a' }))).toEqual([200]);
    } finally {
      await production.close();
    }
  });
});

describe('status and check', () => {
  it('add fields that the external omits', async () => {
    const body = pay() as { shopTransactionId: string };
    const { paymentId } = (await post('pay', body)).body;
    external.behave(() => ({ status: 'ACCEPTED', metadata: { m: 1 }, action: { a: 1 }, extra: 1 }));
    for (const route of ['status', 'check']) {
      const answer = await call(`${gateway.url}/v3/acme/${route}?paymentId=${String(paymentId)}`, 'GET');
      expect([answer.status, answer.body]).toEqual([
        200,
        {
          status: 'ACCEPTED',
          paymentId,
          shopTransactionId: body.shopTransactionId,
          providerName: 'acme',
          metadata: { m: 1 },
          action: { a: 1 },
        },
      ]);
    }
  });

  it.each(['FAILED', 'PENDING'])(
    'an ACCEPTED payment stays so, though the external says %s',
    async (status) => {
      const { paymentId } = (await post('pay', pay())).body;
      external.behave(({ method }) => (method === 'GET' ? { status } : { result: 'OK' }));
      const check = await call(`${gateway.url}/v3/acme/check?paymentId=${String(paymentId)}`, 'GET');
      expect([check.status, check.body['status']]).toEqual([200, 'ACCEPTED']);
      const refund = { amount: 1, currency: 'EUR', paymentId };
      expect((await post('refund', refund)).body['result']).toBe('OK');
    },
  );

  it('a FAILED payment becomes ACCEPTED after a late success', async () => {
    external.behave(() => ({ result: 'KO', paymentId: 'pm-late-success' }));
    expect((await post('pay', pay())).body['result']).toBe('KO');
    external.behave(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK' }));
    const check = await call(`${gateway.url}/v3/acme/check?paymentId=pm-late-success`, 'GET');
    expect([check.status, check.body['status']]).toEqual([200, 'ACCEPTED']);
    external.requests.length = 0;
    const refund = { amount: 1, currency: 'EUR', paymentId: 'pm-late-success' };
    expect((await post('refund', refund)).body['result']).toBe('OK');
    expect(external.requests.map(({ method }) => method)).toEqual(['POST']);
  });

  it('answer payment-not-found if the external does not know the payment', async () => {
    external.behave((_, response) => answerJson(response, 404, {}));
    expect(told(await call(`${gateway.url}/v3/acme/status?paymentId=x`, 'GET'))).toEqual([
      404,
      'payment-not-found',
      undefined,
    ]);
  });

  it('answer from the ledger where the external offers no status, and check notifies', async () => {
    external.behave(() => ({ result: 'OK', paymentId: 'pm-of-the-ledger' }));
    const body = pay() as { shopTransactionId: string };
    await call(`${gateway.url}/v3/no-status/pay`, 'POST', body);
    external.requests.length = 0;
    for (const route of ['status', 'check']) {
      const at = `${gateway.url}/v3/no-status/${route}?paymentId`;
      const answer = await call(`${at}=pm-of-the-ledger`, 'GET');
      expect([answer.status, answer.body]).toEqual([
        200,
        {
          status: 'ACCEPTED',
          paymentId: 'pm-of-the-ledger',
          shopTransactionId: body.shopTransactionId,
          providerName: 'no-status',
        },
      ]);
      expect(told(await call(`${at}=of-nobody`, 'GET'))).toEqual([501, 'operation-not-supported', undefined]);
    }
    expect(external.requests).toHaveLength(0);
    const notified = await gateway.app
      .get(Store)
      .read((db) =>
        db.selectFrom('notifications').select('payload').where('external', '=', 'no-status').execute(),
      );
    expect(notified.map(({ payload }) => (JSON.parse(payload) as { status: string }).status)).toEqual([
      'ACCEPTED',
    ]);
  });

  it.each([
    '',
    '?paymentId=',
    '?paymentId=a&paymentId=b',
    '?paymentID=a',
    '?paymentId=%ff',
    '?paymentId=%zz',
  ])('refuse the query "%s"', async (query) => {
    expect(told(await call(`${gateway.url}/v3/acme/status${query}`, 'GET'))).toEqual([
      400,
      'validation-failed',
      undefined,
    ]);
    expect(external.requests).toHaveLength(0);
  });

  it.each([
    ['status?', '/query/paymentId', 'is missing: name the payment by paymentId or shopTransactionId'],
    [
      'status?paymentID=a',
      '/query/paymentID',
      'is not a parameter of this operation, which takes paymentId, shopTransactionId',
    ],
    [
      'check?paymentId=a&refundId=b',
      '/query/refundId',
      'is not a parameter of this operation, which takes paymentId, shopTransactionId',
    ],
    [
      'refund/status?refundId=a&payment=b',
      '/query/payment',
      'is not a parameter of this operation, which takes refundId, paymentId',
    ],
    [
      'subscription/status/sub_1?expand=all',
      '/query/expand',
      'is not a parameter of this operation, which takes none',
    ],
  ])('say what is wrong with %s', async (path, pointer, detail) => {
    const answer = await call(`${gateway.url}/v3/acme/${path}`, 'GET');
    expect(answer.body).toMatchObject({ code: 'validation-failed', errors: [{ pointer, detail }] });
    expect(external.requests).toHaveLength(0);
  });
});

describe('redirect URLs', () => {
  it.each([
    ['an app', 'myshop://paid', 200],
    ['a page', 'https://shop.example/paid', 200],
    ['a handler of the system', 'ms-msdt:/id', 400],
    ['user info', 'https://shop.example@evil.example', 400],
    ['a backslash', String.raw`https://shop.example\@evil.example`, 400],
    ['a scheme in a scheme', 'feed:javascript:alert(1)', 400],
  ])('of a caller: %s', async (_what, successRedirectUrl, status) => {
    const answer = await post('pay', pay({ successRedirectUrl }));
    expect([answer.status, answer.body['outcome']]).toEqual([
      status,
      status === 400 ? 'not-executed' : undefined,
    ]);
  });

  it.each([
    ['redirectToUrlMobile', 'bankapp://pay/7', 200],
    ['redirectToUrlMobile', 'view-source:https://bank.example', 502],
    ['redirectToUrlMobile', 'intent://pay#Intent;scheme=bankapp;end', 502],
    ['redirectToUrl', 'https://bank.example/pay', 200],
    ['redirectToUrl', 'https://bank.example:pw@evil.example/pay', 502],
    ['redirectToUrl', 'https://%62ank.example/pay', 502],
  ])('of an external: %s %s', async (field, url, status) => {
    external.behave(() => ({ result: 'REDIRECT_TO_URL', paymentId: `pm-${url}`, [field]: url }));
    const answer = await post('pay', pay());
    expect([answer.status, answer.body['code']]).toEqual([
      status,
      status === 502 ? 'invalid-provider-response' : undefined,
    ]);
  });
});
