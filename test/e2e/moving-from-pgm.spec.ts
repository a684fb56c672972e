import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** Every row of docs/moving-from-pgm.md, with the requests that PGM 12 documents. */

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/moving-from-pgm.md', import.meta.url)), 'utf8');

/** The first and the other cells of each row of the table below a heading. */
function rowsBelow(heading: string): [string, string[]][] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .map(([first, ...others]) => [first!, others]);
}

const INFO = { interval: 'MONTH', intervalCount: 1, expiresAfter: 12 };

let external: StubExternal;
let receiver: TestReceiver;
let gateway: Gateway;
let count = 0;

beforeAll(async () => {
  receiver = await startReceiver();
  external = await startStubExternal(({ method, url }) => {
    const [path] = url.split('?') as [string];
    const ids = { paymentId: `pgm_${count}` };
    if (path === '/pay-by-link') return { resultCode: 'OK', ...ids, link: 'https://bank.example/l/1' };
    if (path === '/status') return { status: 'ACCEPTED', ...ids };
    if (path.startsWith('/subscription/status/')) return { status: 'UNKNOWN' };
    if (path.startsWith('/subscription/expire/') && method !== 'DELETE') return { result: 'KO' };
    return { result: 'OK', ...ids, ...(path.startsWith('/subscription/') && { subscriptionToken: 'tok' }) };
  });
  const bank = { externalService: 'bank', baseUrl: external.url };
  gateway = await startGateway({
    // As in a config map of PGM 12; `plain` is the same without compatibility.
    externals: [
      { ...bank, compatibility: 'pgm-12' },
      { ...bank, externalService: 'plain' },
    ],
    env: {
      LOG_LEVEL: 'FATAL',
      HTTP_LOG_LEVEL: 'none',
      ENABLED_PROVIDERS: 'bank,plain',
      PAYMENT_CALLBACK_URL: receiver.url,
      FLOW_MANAGER_URL: 'http://flow-manager',
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([external.close(), receiver.stop()]);
});
beforeEach(() => {
  count += 1;
  external.requests.length = 0;
});

const send = (name: string, method: string, path: string, body?: object): Promise<Answer> =>
  call(`${gateway.url}/v3/${name}${path}`, method, body);
const payment = (): Record<string, unknown> => ({
  amount: 500,
  currency: 'EUR',
  shopTransactionId: `order-${count}`,
  successRedirectUrl: 'http://shop.example/ok',
  failureRedirectUrl: 'http://shop.example/ko',
  providerData: { buyer: { email: 'buyer@shop.example' } },
});
const update = { amount: 200, currency: 'EUR', shopTransactionId: 'order', subscriptionInfo: INFO };

type Check = (name: string) => Promise<unknown>;

/** What each row sends, and the members of the answer that it must have; `true` where more was checked. */
const REQUESTS: Readonly<Record<string, Check>> = {
  '`POST /pay`': async (name) => (await send(name, 'POST', '/pay', payment())).body['result'],
  '`POST /pay-by-link`, answered with `resultCode`': async (name) => {
    const { status, body } = await send(name, 'POST', '/pay-by-link', payment());
    return status === 200 ? body['result'] : body['code'];
  },
  '`POST /refund`': async (name) => {
    const { body } = await send(name, 'POST', '/refund', {
      amount: 500,
      currency: 'EUR',
      paymentId: 'of-pgm',
    });
    expect(typeof body['refundId']).toBe('string');
    return body['result'];
  },
  '`GET /status?paymentId=`': async (name) =>
    (await send(name, 'GET', `/status?paymentId=pgm_${count}`)).body['status'] === 'ACCEPTED' && 'OK',
  '`GET /check?paymentId=`': async (name) => {
    const before = receiver.received.length;
    const { body } = await send(name, 'GET', `/check?paymentId=pgm_${count}`);
    await until(() => receiver.received.length > before, 'the notification');
    expect(JSON.parse(receiver.received.at(-1)!.body)).toMatchObject({ status: 'ACCEPTED', version: 1 });
    return body['status'] === 'ACCEPTED' && 'OK';
  },
  '`GET /callback?paymentId=`': async (name) =>
    (await send(name, 'GET', `/callback?paymentId=pgm_${count}`)).body['received'] === true && 'OK',
  '`POST /callback` with `paymentId` in the body': async (name) =>
    (await send(name, 'POST', '/callback', { paymentId: `pgm_${count}`, shop: 1 })).body['received'] ===
      true && 'OK',
  '`POST /subscription/schedule`': async (name) =>
    (await send(name, 'POST', '/subscription/schedule', { ...payment(), subscriptionInfo: INFO })).body[
      'result'
    ],
  '`POST /subscription/start`': async (name) => {
    const { body } = await send(name, 'POST', '/subscription/start', {
      ...payment(),
      subscriptionInfo: INFO,
    });
    return body['code'] === 'invalid-provider-response' ? 'OK' : body['result'];
  },
  '`POST /subscription/pay`': async (name) =>
    (await send(name, 'POST', '/subscription/pay', { ...payment(), subscriptionInfo: { token: 'tok' } }))
      .body['result'],
  '`POST /subscription/update/{subscriptionToken}`': async (name) =>
    (await send(name, 'POST', '/subscription/update/tok', update)).body['result'],
  '`GET /subscription/status/{subscriptionToken}`, `UNKNOWN`': async (name) => {
    const { status, body } = await send(name, 'GET', '/subscription/status/tok');
    return status === 200 ? body['status'] === 'UNKNOWN' && 'OK' : body['code'];
  },
  '`DELETE /subscription/expire/{subscriptionToken}`': async (name) =>
    (await send(name, 'DELETE', '/subscription/expire/tok-1')).body['result'],
  '`POST /subscription/expire/{subscriptionToken}`': async (name) => {
    const { status, body } = await send(name, 'POST', '/subscription/expire/tok-2');
    return status === 200 ? body['result'] : body['code'];
  },
  '`?shopTransactionId=` and `?reference=` with an expiry': async (name) => {
    await send(
      name,
      'DELETE',
      '/subscription/expire/tok-3?shopTransactionId=order%201&reference=r-1&other=x',
    );
    // Not the first: a verification of an earlier callback may come in between.
    const query = external.requests
      .map(({ url }) => url.split('/expire/tok-3')[1])
      .find((rest) => rest !== undefined);
    return query === '?shopTransactionId=order%201&reference=r-1'
      ? 'passed on'
      : query === '' && 'not passed on';
  },
  '`POST /status`': async (name) =>
    (await send(name, 'POST', `/status?paymentId=pgm_${count}`, {})).body['code'],
};

const BEHAVIOUR: Readonly<Record<string, () => Promise<string>>> = {
  'A second payment of the same `shopTransactionId`': async () => {
    const body = payment();
    await send('bank', 'POST', '/pay', body);
    return String((await send('bank', 'POST', '/pay', body)).body['code']);
  },
  'A currency other than EUR': async () => {
    const { body } = await send('bank', 'POST', '/pay', { ...payment(), currency: 'JPY' });
    expect(body['result']).toBe('OK');
    return 'every ISO 4217 currency';
  },
  'A field that the contract does not have': async () =>
    String((await send('bank', 'POST', '/pay', { ...payment(), buyer: 'x' })).body['code']),
  'A refund of more than the payment': async () => {
    const { paymentId } = (await send('bank', 'POST', '/pay', payment())).body;
    const refund = { amount: 501, currency: 'EUR', paymentId };
    return String((await send('bank', 'POST', '/refund', refund)).body['code']);
  },
  Errors: async () => {
    const { headers, body } = await send('bank', 'POST', '/pay', {});
    expect(body).toMatchObject({ code: 'validation-failed', outcome: 'not-executed' });
    return headers.get('content-type')!.split(';')[0]!;
  },
  'A built-in provider: `POST /{provider}/{payment-method}/pay`': async () =>
    String((await send('adyen', 'POST', '/credit-cards/pay', payment())).status),
  '`POST /saga/pay` (Flow Manager)': async () =>
    String((await send('saga', 'POST', '/pay', payment())).status),
};

describe('docs/moving-from-pgm.md', () => {
  const requests = rowsBelow('Requests');
  const behaviour = rowsBelow('Behaviour');

  it('has a row for each check, and none besides', () => {
    expect(requests.map(([first]) => first)).toEqual(Object.keys(REQUESTS));
    expect(behaviour.map(([first]) => first)).toEqual(Object.keys(BEHAVIOUR));
  });

  it.each(requests)('%s', async (request, [compatible, plain]) => {
    for (const [name, cell] of [
      ['bank', compatible!],
      ['plain', plain!],
    ] as const) {
      count += 1;
      external.requests.length = 0;
      const result = await REQUESTS[request]!(name);
      const code = /`([a-z-]+)`/.exec(cell)?.[1];
      const expected = cell.startsWith('same') ? 'OK' : /passed on/.test(cell) ? cell : code;
      expect([name, result]).toEqual([name, expected]);
      for (const { method, url } of external.requests)
        if (url.startsWith('/subscription/expire')) expect(method).toBe('DELETE');
    }
  });

  it.each(behaviour)('%s', async (what, [, cell]) => {
    expect(cell).toContain(await BEHAVIOUR[what]!());
  });

  it('the configuration of the page is valid', async () => {
    const { externalServices } = JSON.parse(/```json\n(.*?)```/s.exec(PAGE)![1]!) as {
      externalServices: object[];
    };
    const own = await startGateway({ externals: externalServices });
    await own.close();
  });
});
