import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { LogLines } from '../support/log-lines.js';
import {
  answerJson,
  answerOk,
  startStubExternal,
  type StubBehaviour,
  type StubExternal,
} from '../support/stub-external.js';
import { until } from '../support/until.js';

const DOCUMENT = readFileSync('docs/writing-an-external.md', 'utf8');
const KEYS = { shop: 'key-of-the-shop-0123456789', ops: 'key-of-the-operator-0123456789' };

/** A line of the table, without its quotes. */
interface Mistake {
  readonly caller: string;
  readonly detail: string;
  readonly log: string;
  readonly externals: string;
}

const TABLE = new Map(
  DOCUMENT.slice(DOCUMENT.indexOf('<!-- mistakes:'))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line): [string, Mistake] => {
      const cells = line.split('|').slice(1, -1);
      const [mistake, caller, detail, log, externals] = cells.map((cell) => cell.replaceAll('`', '').trim());
      return [mistake!, { caller: caller!, detail: detail!, log: log!, externals: externals! }];
    }),
);

const page =
  (status: number): StubBehaviour =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end('<h1>Hello</h1>');
    return undefined;
  };
const as =
  (type: string, status: number, value: unknown): StubBehaviour =>
  (_, response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(JSON.stringify(value));
    return undefined;
  };

describe('the mistakes of docs/writing-an-external.md', () => {
  const log = new LogLines();
  let external: StubExternal;
  let gateway: Gateway;
  let count = 0;

  const asShop = (method: string, path: string, body?: object): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/${path}`, method, body, { 'x-api-key': KEYS.shop });
  const pay = (): Promise<Answer> =>
    asShop('POST', 'pay', { amount: 1_299, currency: 'EUR', shopTransactionId: `order-${(count += 1)}` });
  const status = async (behaviour: StubBehaviour): Promise<Answer> => {
    external.behave(() => ({ result: 'PENDING', paymentId: `pm-${(count += 1)}` }));
    const { paymentId } = (await pay()).body;
    log.clear();
    external.behave(behaviour);
    return asShop('GET', `status?paymentId=${String(paymentId)}`);
  };
  const refundStatus = async (behaviour: StubBehaviour): Promise<Answer> => {
    external.behave(({ url }) =>
      url === '/pay'
        ? { result: 'OK', paymentId: `pm-${(count += 1)}` }
        : { result: 'PENDING', refundId: `re-${count}` },
    );
    const { paymentId } = (await pay()).body;
    const { refundId } = (await asShop('POST', 'refund', { amount: 500, currency: 'EUR', paymentId })).body;
    log.clear();
    external.behave(behaviour);
    return asShop('GET', `refund/status?refundId=${String(refundId)}`);
  };
  /** The callback comes while the external answers `/pay`, and its `/status` does not know the payment. */
  const earlyCallback = async (behaviour: StubBehaviour): Promise<Answer> => {
    const paymentId = `pm-${(count += 1)}`;
    let receipt: Answer | undefined;
    let known = false;
    external.behave(async (arrived, response) => {
      if (arrived.method === 'GET') return known ? { status: 'ACCEPTED' } : behaviour(arrived, response);
      receipt = await call(`${gateway.url}/v3/acme/callback?paymentId=${paymentId}`, 'GET');
      return { result: 'PENDING', paymentId };
    });
    await pay();
    expect(receipt).toMatchObject({ status: 200, body: { received: true } });
    log.clear();
    const answer = await asShop('GET', `status?paymentId=${paymentId}`);
    known = true;
    await until(async () => {
      const { text } = await call(`${gateway.url}/admin/payments?paymentId=${paymentId}`, 'GET', undefined, {
        'x-api-key': KEYS.ops,
      });
      return text.includes('"ACCEPTED"');
    }, 'the callback to be verified');
    return answer;
  };

  const afterPay = (behaviour: StubBehaviour): Promise<Answer> => {
    external.behave(behaviour);
    return pay();
  };

  const MISTAKES: Readonly<Record<string, [(behaviour: StubBehaviour) => Promise<Answer>, StubBehaviour]>> = {
    'payment_id in place of paymentId': [afterPay, () => ({ result: 'OK', payment_id: 'pm-1' })],
    'An amount as text: "5.00"': [refundStatus, () => ({ status: 'ACCEPTED', amount: '5.00' })],
    '201 in place of 200': [
      afterPay,
      (_, response) => answerJson(response, 201, { result: 'OK', paymentId: `pm-${(count += 1)}` }),
    ],
    'No paymentId with PENDING': [afterPay, () => ({ result: 'PENDING' })],
    'A page with 200': [afterPay, page(200)],
    'A page with 500': [afterPay, page(500)],
    'ok in lower case': [afterPay, () => ({ result: 'ok', paymentId: 'pm-1' })],
    'No route for /pay: a page with 404': [afterPay, page(404)],
    'No route for /status: a page with 404': [status, page(404)],
    '404 to /status while a payment is pending': [
      status,
      (_, response) => answerJson(response, 404, { message: 'It is not paid yet' }),
    ],
    'A callback before the payment is stored': [
      earlyCallback,
      (_, response) => answerJson(response, 404, { message: 'No such payment' }),
    ],
    'JSON as text/plain': [afterPay, as('text/plain', 200, { result: 'OK', paymentId: 'pm-1' })],
    'An exception that ends without an answer': [
      afterPay,
      (_, response) => {
        response.destroy();
        return undefined;
      },
    ],
    'An array around the answer': [
      afterPay,
      as('application/json', 200, [{ result: 'OK', paymentId: 'pm-1' }]),
    ],
  };

  beforeAll(async () => {
    external = await startStubExternal();
  });
  afterEach(async () => {
    await gateway.close();
    log.clear();
  });
  afterAll(() => external.close());

  it('are those that this test makes', async () => {
    gateway = await startGateway();
    expect([...TABLE.keys()].toSorted()).toEqual(Object.keys(MISTAKES).toSorted());
  });

  it.each(Object.entries(MISTAKES))('%s', async (name, [make, behaviour]) => {
    external.behave(answerOk);
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url, operations: { 'refund/status': true } }],
      logOutput: log,
      env: {
        LOG_LEVEL: 'info',
        API_KEYS: `shop:${KEYS.shop},ops:${KEYS.ops}:admin`,
        NOTIFICATION_SCHEDULE: '20ms,20ms,20ms,20ms,1s,1s,1s,1s',
        RECONCILIATION_SCHEDULE: '1h',
      },
    });
    const answer = await make(behaviour);
    const externals = await call(`${gateway.url}/admin/externals`, 'GET', undefined, {
      'x-api-key': KEYS.ops,
    });
    const { lastFailure } = (externals.body['items'] as [{ lastFailure?: string }])[0];
    const [line] = log.lines('external call');
    const { detail, reason } = (line ?? {}) as { detail?: string; reason?: string };
    const pointers = (line?.['pointers'] ?? []) as string[];
    const shown: Mistake = {
      caller: `${answer.status} ${(answer.body['code'] as string | undefined) ?? ''}`.trim(),
      detail: detail ?? 'none: every 2xx is read as 200',
      log: reason === undefined ? 'none' : [reason, ...pointers].join(' '),
      externals:
        lastFailure === undefined
          ? 'no failure'
          : lastFailure === `${reason}: ${detail}`
            ? 'the reason and the detail'
            : lastFailure,
    };
    expect(shown).toEqual(TABLE.get(name));
    if (detail !== undefined) expect(answer.body['detail']).toBe(detail);
  });
});
