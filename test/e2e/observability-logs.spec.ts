import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type LogLine, LogLines } from '../support/log-lines.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const KEY = 'a-caller-key-of-some-length';
const OPERATOR_KEY = 'an-operator-key-of-some-length';
const TOKEN = 'token-towards-the-external';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const CARD = '4111111111111111';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

describe('logs', () => {
  const log = new LogLines();
  let external: StubExternal;
  let receiver: TestReceiver;
  let gateway: Gateway;
  let count = 0;

  async function start(env: Readonly<Record<string, string>> = {}): Promise<Gateway> {
    return startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url, auth: { type: 'bearer', token: TOKEN } }],
      logOutput: log,
      env: {
        LOG_LEVEL: 'info',
        API_KEYS: `shop:${KEY},on-call:${OPERATOR_KEY}:admin`,
        PAYMENT_CALLBACK_URL: receiver.url,
        NOTIFICATION_SECRET: SECRET,
        NOTIFICATION_SCHEDULE: '20ms,20ms,20ms',
        ...env,
      },
    });
  }

  const headers = { authorization: `Bearer ${KEY}`, traceparent: TRACEPARENT };
  const payment = (): object => ({
    amount: 1299,
    currency: 'EUR',
    shopTransactionId: `order-${(count += 1)}`,
    providerData: { cardToken: 'tok_never_to_be_seen', number: CARD },
  });
  const pay = (at: Gateway): ReturnType<typeof call> =>
    call(`${at.url}/v3/acme/pay`, 'POST', payment(), headers);

  beforeAll(async () => {
    external = await startStubExternal();
    receiver = await startReceiver();
    gateway = await start();
  });
  beforeEach(() => {
    external.behave(answerOk);
    log.clear();
  });
  afterAll(async () => {
    await gateway.close();
    await external.close();
    await receiver.stop();
  });

  it('name no paymentId where an operator says that it is unknown', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    await pay(gateway);
    const operator = { 'x-api-key': OPERATOR_KEY };
    const unknown = await call(
      `${gateway.url}/admin/attention?kind=payment-unknown`,
      'GET',
      undefined,
      operator,
    );
    const [{ id }] = unknown.body['items'] as [{ id: string }];
    log.clear();
    const resolution = { status: 'ACCEPTED', reason: 'In the settlement file', paymentId: null };
    await call(`${gateway.url}/admin/payments/${id}/resolve`, 'POST', resolution, operator);
    await until(() => log.lines('request').length === 1, 'the line');
    expect(log.lines('request')[0]).not.toHaveProperty('paymentId');
  });

  it('have one line per request, with the fields of SPEC §8', async () => {
    const answer = await call(`${gateway.url}/v3/acme/pay`, 'POST', payment(), {
      ...headers,
      'x-request-id': 'req-of-the-caller',
    });
    await until(() => log.lines('request').length === 1, 'the line');
    expect(log.lines('request')).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        requestId: 'req-of-the-caller',
        traceId: TRACE_ID,
        method: 'POST',
        route: '/v3/:external/pay',
        status: 200,
        durationMs: expect.any(Number),
        external: 'acme',
        operation: 'pay',
        paymentId: answer.body['paymentId'],
        shopTransactionId: `order-${count}`,
        outcome: 'executed',
        caller: 'shop',
        msg: 'request',
      },
    ]);
  });

  it('have one line per call, connected by ids', async () => {
    await pay(gateway);
    const [callLine] = log.lines('external call');
    expect(callLine).toMatchObject({
      traceId: TRACE_ID,
      external: 'acme',
      operation: 'pay',
      outcome: 'completed',
      attempts: 1,
    });
    await until(() => log.lines('request').length === 1, 'the line');
    expect(callLine!['requestId']).toBe(log.lines('request')[0]!['requestId']);
  });

  it('contain the code, the outcome and the level of errors', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    await pay(gateway);
    await until(() => log.lines('request').length === 1, 'the line');
    expect(log.lines('request')[0]).toMatchObject({
      level: 'warn',
      status: 502,
      code: 'provider-error',
      outcome: 'unknown',
    });
    expect(log.lines('external call')[0]).toMatchObject({
      level: 'warn',
      outcome: 'unknown',
      reason: 'server-error',
    });
  });

  it('say what the external did wrong, as its caller gets it, and where', async () => {
    external.behave(() => ({ result: 'ok' }));
    const { detail } = (await pay(gateway)).body;
    expect(detail).toContain('/result must be one of');
    expect(log.lines('external call')[0]).toMatchObject({
      reason: 'invalid-answer',
      detail,
      pointers: ['/result', '/paymentId'],
    });
    log.clear();
    external.behave((_, response) => answerJson(response, 422, { message: `No card ${CARD}` }));
    await pay(gateway);
    expect(log.lines('external call')[0]).toMatchObject({ reason: 'refused' });
    expect(log.text).not.toContain(CARD);
  });

  it('contain a path only without a route, masked and without its query', async () => {
    await call(`${gateway.url}/v3/acme/nothing/${CARD}?token=secret-of-the-query`, 'GET', undefined, headers);
    await until(() => log.lines('request').length === 1, 'the line');
    expect(log.lines('request')[0]).toMatchObject({
      route: '/v3/*',
      path: '/v3/acme/nothing/************1111',
    });
    expect(log.text).not.toContain('secret-of-the-query');
  });

  it('contain the action of an operator and its subject', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    await pay(gateway);
    const operator = { 'x-api-key': OPERATOR_KEY };
    const list = await call(`${gateway.url}/admin/attention`, 'GET', undefined, operator);
    const [{ id }] = list.body['items'] as [{ id: string }];
    const before = receiver.received.length;
    log.clear();
    const body = { status: 'FAILED', reason: 'Not in the settlement file' };
    await call(`${gateway.url}/admin/payments/${id}/resolve`, 'POST', body, operator);
    await until(() => log.lines('delivery').length === 1, 'the delivery');
    expect(log.lines('request')).toMatchObject([
      { route: '/admin/payments/:id/resolve', ref: id, status: 200, caller: 'on-call' },
    ]);
    expect(log.lines('Payment resolved by an operator')).toMatchObject([
      { payment: id, status: 'FAILED', cause: 'on-call: Not in the settlement file' },
    ]);
    // The notification continues the payment's trace: the operator's request has none.
    expect(log.lines('delivery')[0]).toMatchObject({ traceId: TRACE_ID, subjectRef: id });
    expect(receiver.received.slice(before)[0]!.headers['traceparent']).toContain(TRACE_ID);
  });

  it('omit probes and scrapes', async () => {
    await call(`${gateway.url}/health/ready`, 'GET');
    await call(`${gateway.url}/metrics`, 'GET');
    await pay(gateway);
    await until(() => log.lines('request').length > 0, 'the line of the payment');
    expect(log.lines('request').map(({ route }) => route)).toEqual(['/v3/:external/pay']);
  });

  it('follow a payment through callback, failed and repeated notification and refund by one trace id', async () => {
    external.behave(({ url }, response) => {
      if (url.startsWith('/pay')) {
        return { result: 'REDIRECT_TO_URL', paymentId: 'pm-story', redirectToUrl: 'https://pay.example/1' };
      }
      return url.startsWith('/status')
        ? { status: 'ACCEPTED', paymentId: 'pm-story' }
        : answerJson(response, 200, { result: 'OK' });
    });
    receiver.answers(500, 200);
    await pay(gateway);
    // Externals send callbacks without a trace.
    await call(`${gateway.url}/v3/acme/callback?paymentId=pm-story`, 'POST', {});
    await until(() => log.lines('delivery').length === 1, 'the delivery');
    await call(
      `${gateway.url}/v3/acme/refund`,
      'POST',
      { amount: 100, currency: 'EUR', paymentId: 'pm-story' },
      headers,
    );
    await until(() => log.lines('request').length === 3, 'the line of the refund');
    const lines = log.lines();
    expect(lines.map(summary)).toEqual([
      'external call pay',
      'request pay',
      'request callback',
      'external call status',
      'verification',
      'The receiver did not accept a notification',
      'delivery',
      'external call refund',
      'request refund',
    ]);
    expect(new Set(lines.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
    expect(lines.filter((line) => 'paymentId' in line).map(({ paymentId }) => paymentId)).toEqual([
      'pm-story',
      'pm-story',
      'pm-story',
      'pm-story',
    ]);
  });

  it.each(['none', 'basic', 'headers', 'body'])(
    'never has a secret in it, at HTTP_LOG_LEVEL=%s',
    async (level) => {
      const verbose = await start({ HTTP_LOG_LEVEL: level, LOG_LEVEL: 'trace' });
      external.behave(({ body }) => ({
        result: 'OK',
        paymentId: `pm-${level}`,
        resultDescription: `paid with ${CARD}`,
        metadata: { echoed: JSON.parse(body) as object, providerData: { token: 'tok_sent_back' } },
      }));
      const answer = await call(`${verbose.url}/v3/acme/pay`, 'POST', payment(), {
        ...headers,
        'idempotency-key': `key-${level}`,
      });
      expect(answer.status).toBe(200);
      await verbose.close();
      for (const secret of [KEY, OPERATOR_KEY, TOKEN, SECRET, CARD, 'tok_never_to_be_seen']) {
        expect(log.text).not.toContain(secret);
      }
      const attempts = log.lines('external attempt');
      expect(attempts).toHaveLength(level === 'none' ? 0 : 1);
      if (level === 'none') return;
      expect(attempts[0]).toMatchObject({ attempt: 1, method: 'POST', path: '/pay', status: 200 });
      expect(Object.keys(attempts[0]!).filter((name) => /Headers|Body/.test(name))).toEqual(
        { basic: [], headers: ['requestHeaders', 'responseHeaders'] }[level] ?? [
          'requestHeaders',
          'responseHeaders',
          'requestBody',
          'responseBody',
        ],
      );
    },
  );

  it('have one line for each entry, whatever is in it', async () => {
    const verbose = await start({ HTTP_LOG_LEVEL: 'body', LOG_LEVEL: 'trace' });
    const odd = 'x\r\n{"level":"info","msg":"forged"}\n\u001b[2J\u0085\u2028\u2029\u0000';
    external.behave((_arrived, response) => answerJson(response, 422, { detail: odd, [odd]: odd }));
    const encoded = encodeURIComponent(odd);
    await call(`${verbose.url}/v3/acme/pay`, 'POST', payment(), { ...headers, 'x-request-id': encoded });
    await call(`${verbose.url}/v3/acme/pay`, 'POST', { [odd]: odd }, headers);
    await call(`${verbose.url}/v3/acme/${encoded}?${encoded}`, 'GET', undefined, headers);
    await call(`${verbose.url}/v3/acme/callback?paymentId=pm-1&${encoded}=1`, 'POST', {
      paymentId: 'pm-1',
      odd,
    });
    await until(() => log.lines('request').length === 4, 'the lines');
    await verbose.close();
    // Each parses, and none has a character that a reader of lines or a terminal acts on.
    expect(log.lines('forged')).toEqual([]);
    expect(log.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  });

  it('respect LOG_LEVEL', async () => {
    const quiet = await start({ LOG_LEVEL: 'ERROR' });
    await pay(quiet);
    await call(`${quiet.url}/v3/acme/pay`, 'POST', {}, headers);
    await quiet.close();
    expect(log.text).toBe('');
  });
});

function summary({ msg, operation }: LogLine): string {
  return operation === undefined ? msg : `${msg} ${operation as string}`;
}
