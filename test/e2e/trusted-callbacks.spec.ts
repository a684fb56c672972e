import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { Secret } from '../../src/sensitive/secret.js';
import { signWebhook } from '../../src/webhooks/standard-webhooks.js';
import { type Answer, call } from '../support/client.js';
import { webhookSecret } from '../support/config-problems.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerOk,
  type StubBehaviour,
  startStubExternal,
  type StubExternal,
} from '../support/stub-external.js';
import { startSimulator } from '@tollgate/simulator';
import { until } from '../support/until.js';

/** `callbackStatus: "trusted"` (SPEC §2): an external without `/status` pushes the statuses of its payments. */

const ADMIN = { 'x-api-key': 'trusted-admin-key-0123456789' };
const secret = webhookSecret();
let external: StubExternal;
let gateway: Gateway;
let count = 0;
const order = (): string => `pushed-${(count += 1)}`;

beforeAll(async () => {
  external = await startStubExternal();
  const callbackAuth = { type: 'standard-webhooks', secret };
  const pushing = { baseUrl: external.url, callbackAuth, operations: { status: false } };
  gateway = await startGateway({
    externals: [
      { externalService: 'trusted', ...pushing, callbackStatus: 'trusted' },
      { externalService: 'queried', ...pushing, operations: {} },
    ],
    env: {
      PAYMENT_CALLBACK_URL: 'http://127.0.0.1:9/receiver',
      API_AUTH: 'optional',
      API_KEYS: `ops:${ADMIN['x-api-key']}:admin`,
    },
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

async function pay(
  id: string,
  behaviour: StubBehaviour,
  name = 'trusted',
  more: object = {},
): Promise<Answer> {
  external.behave(behaviour);
  const body = { amount: 100, currency: 'EUR', shopTransactionId: id, ...more };
  const answer = await call(`${gateway.url}/v3/${name}/pay`, 'POST', body);
  external.requests.length = 0;
  return answer;
}
const pending = async (): Promise<string> => {
  const id = order();
  await pay(id, () => ({ result: 'PENDING', paymentId: `pm-${id}` }));
  return id;
};

async function push(content: object | string, name = 'trusted', type = 'application/json'): Promise<Answer> {
  const body = typeof content === 'string' ? content : JSON.stringify(content);
  const id = `msg_${(count += 1)}`;
  const timestampS = Math.floor(Date.now() / 1_000);
  const signature = signWebhook({ id, timestampS, body, secrets: [new Secret(secret)] });
  return call(`${gateway.url}/v3/${name}/callback`, 'POST', body, {
    'content-type': type,
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': signature,
  });
}

async function states(id: string): Promise<unknown[]> {
  const rows = await gateway.app
    .get(Store)
    .read((db) =>
      db
        .selectFrom('payments')
        .select(['state', 'payment_id'])
        .where('shop_transaction_id', '=', id)
        .orderBy('created_at')
        .execute(),
    );
  return rows.map(({ state, payment_id }) => [state, payment_id]);
}

async function callbacks(paymentId: string): Promise<unknown[]> {
  const rows = await gateway.app
    .get(Store)
    .read((db) =>
      db
        .selectFrom('callbacks')
        .select(['state', 'last_error'])
        .where('payment_id', '=', paymentId)
        .orderBy('received_at')
        .execute(),
    );
  return rows.map(({ state, last_error }) => [state, last_error]);
}

async function notified(id: string): Promise<unknown[]> {
  const rows = await gateway.app
    .get(Store)
    .read((db) =>
      db
        .selectFrom('notifications')
        .innerJoin('payments', 'payments.id', 'notifications.payment_ref')
        .select('notifications.payload')
        .where('payments.shop_transaction_id', '=', id)
        .orderBy('notifications.version')
        .execute(),
    );
  return rows.map(({ payload }) => (JSON.parse(payload) as { status: unknown }).status);
}

describe('a status that a trusted external pushes', () => {
  it('is believed at once, without a query, and notified', async () => {
    const id = await pending();
    const answer = await push({
      paymentId: `pm-${id}`,
      status: 'ACCEPTED',
      amount: 100,
      currency: 'EUR',
      x: 1,
    });
    expect([answer.status, answer.body]).toEqual([200, { received: true, paymentId: `pm-${id}` }]);
    expect(await states(id)).toEqual([['ACCEPTED', `pm-${id}`]]);
    expect(await callbacks(`pm-${id}`)).toEqual([['VERIFIED', null]]);
    expect(await notified(id)).toEqual(['ACCEPTED']);
    expect(external.requests).toEqual([]);
  });

  it('goes through the state table: never from ACCEPTED to FAILED, from FAILED to ACCEPTED', async () => {
    const id = await pending();
    for (const status of ['FAILED', 'PENDING', 'ACCEPTED', 'FAILED', 'PENDING'])
      expect((await push({ paymentId: `pm-${id}`, status })).status).toBe(200);
    expect(await states(id)).toEqual([['ACCEPTED', `pm-${id}`]]);
    expect(await notified(id)).toEqual(['FAILED', 'FAILED', 'ACCEPTED', 'ACCEPTED', 'ACCEPTED']);
  });

  it('may come before the answer of its call, and for a payment of unknown outcome', async () => {
    const early = order();
    await pay(early, async () => {
      await push({ paymentId: `pm-${early}`, shopTransactionId: early, status: 'ACCEPTED', amount: 100 });
      return { result: 'PENDING', paymentId: `pm-${early}` };
    });
    expect(await states(early)).toEqual([['ACCEPTED', `pm-${early}`]]);
    const unknown = order();
    await pay(unknown, () => ({ result: 'no such result' }));
    await push({ paymentId: `pm-${unknown}`, shopTransactionId: unknown, status: 'FAILED' });
    expect(await states(unknown)).toEqual([['FAILED', `pm-${unknown}`]]);
  });

  it.each([
    ['amount', { amount: 99 }],
    ['currency', { currency: 'USD' }],
    ['shopTransactionId', { shopTransactionId: 'another' }],
  ])('is not believed with another %s: it changes nothing, and an operator sees it', async (name, wrong) => {
    const id = await pending();
    expect((await push({ paymentId: `pm-${id}`, status: 'ACCEPTED', ...wrong })).status).toBe(200);
    expect(await states(id)).toEqual([['PENDING', `pm-${id}`]]);
    expect(await notified(id)).toEqual([]);
    expect(await callbacks(`pm-${id}`)).toEqual([['UNCONFIRMED', `The ${name} is not that of the payment.`]]);
    const { text } = await call(
      `${gateway.url}/admin/attention?kind=callback-unconfirmed`,
      'GET',
      undefined,
      ADMIN,
    );
    expect(text).toContain(`pm-${id}`);
  });

  it.each([
    ['amount', { amount: 99 }],
    ['currency', { currency: 'USD' }],
    ['amount in the second push', { amount: 99 }, [{ status: 'PENDING' }]],
  ])(
    'is not believed with another %s where it came before the answer and named no order: an operator sees it',
    async (_, wrong, before: object[] = []) => {
      const id = order();
      const answer = await pay(id, async () => {
        for (const content of before) await push({ paymentId: `pm-${id}`, ...content });
        await push({ paymentId: `pm-${id}`, status: 'ACCEPTED', ...wrong });
        return { result: 'PENDING', paymentId: `pm-${id}` };
      });
      expect([answer.status, answer.body['code']]).toEqual([502, 'invalid-provider-response']);
      await push({ paymentId: `pm-${id}`, shopTransactionId: id, status: 'ACCEPTED', amount: 100 });
      expect(await states(id)).toEqual([['UNKNOWN', null]]);
      const { text } = await call(`${gateway.url}/admin/attention`, 'GET', undefined, ADMIN);
      expect(text).toContain(`pm-${id}`);
    },
  );

  it('is believed where it came before the answer and named the amount, but no order', async () => {
    const id = order();
    await pay(id, async () => {
      await push({ paymentId: `pm-${id}`, status: 'ACCEPTED', amount: 100, currency: 'EUR' });
      return { result: 'PENDING', paymentId: `pm-${id}` };
    });
    expect(await states(id)).toEqual([['ACCEPTED', `pm-${id}`]]);
  });

  it('links no id to an order whose amount it contradicts', async () => {
    const id = order();
    await pay(id, () => ({ result: 'no such result' }));
    await push({ paymentId: `pm-${id}`, shopTransactionId: id, status: 'ACCEPTED', amount: 1 });
    expect(await states(id)).toEqual([['UNKNOWN', null]]);
  });

  it.each([
    ['another status', { status: 'PAID' }, '/status'],
    ['an amount as text', { status: 'ACCEPTED', amount: '100' }, '/amount'],
    ['two statuses', '{"paymentId":"p","status":"FAILED","status":"ACCEPTED"}', '/status'],
  ])('is refused with %s', async (_, content, pointer) => {
    const body = typeof content === 'string' ? content : { paymentId: 'p', ...content };
    const { status, body: problem } = await push(body);
    expect([status, problem['errors']]).toMatchObject([400, [{ pointer }]]);
  });
});

describe('the simulator', () => {
  it('pushes the final status of a payment that was pending', async () => {
    const simulator = await startSimulator({
      port: 0,
      callbackUrl: `${gateway.url}/v3/trusted/callback`,
      callbackSecrets: [secret],
    });
    try {
      const id = order();
      await pay(
        id,
        async ({ body }) => {
          const response = await fetch(`${simulator.url}/pay`, { method: 'POST', body });
          return (await response.json()) as object;
        },
        'trusted',
        { providerData: { scenario: 'pending', delayMs: 1 } },
      );
      await until(async () => String(await states(id)).startsWith('ACCEPTED'), 'the pushed status');
    } finally {
      await simulator.close();
    }
  });
});

describe('what is not believed', () => {
  it.each([
    ['a refund', { refundId: 're-1' }],
    ['a subscription', { subscriptionToken: 'sub-1' }],
  ])('a status beside %s, whose status it may be', async (_, named) => {
    const id = await pending();
    expect((await push({ paymentId: `pm-${id}`, status: 'ACCEPTED', ...named })).status).toBe(200);
    expect(await states(id)).toEqual([['PENDING', `pm-${id}`]]);
  });

  it('a signed status of an external that is not trusted: it is queried', async () => {
    const id = order();
    await pay(id, () => ({ result: 'PENDING', paymentId: `pm-${id}` }), 'queried');
    external.behave(() => ({ status: 'FAILED' }));
    await push({ paymentId: `pm-${id}`, status: 'ACCEPTED' }, 'queried');
    await until(async () => String(await states(id)).startsWith('FAILED'), 'the verification');
  });

  it('a status in the query, and one without a valid signature', async () => {
    const id = await pending();
    const target = `/v3/trusted/callback?paymentId=pm-${id}&status=ACCEPTED`;
    const timestampS = Math.floor(Date.now() / 1_000);
    const signature = signWebhook({ id: 'get', timestampS, body: target, secrets: [new Secret(secret)] });
    const headers = {
      'webhook-id': 'get',
      'webhook-timestamp': String(timestampS),
      'webhook-signature': signature,
    };
    expect((await call(gateway.url + target, 'GET', undefined, headers)).status).toBe(200);
    const forged = { paymentId: `pm-${id}`, status: 'ACCEPTED' };
    const url = `${gateway.url}/v3/trusted/callback`;
    expect((await call(url, 'POST', forged, { ...headers, 'webhook-id': 'forged' })).status).toBe(401);
    expect(await states(id)).toEqual([['PENDING', `pm-${id}`]]);
  });
});
