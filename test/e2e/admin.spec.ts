import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { Clock } from '../../src/shared/clock.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const KEYS = { shop: 'shop-secret-11', ops: 'ops-secret-22' };
const SECRETS = {
  bearer: 'acme-outbound-token-33',
  basic: 'beta-outbound-password-44',
  header: 'gamma-outbound-header-55',
  client: 'delta-client-secret-66',
  callbackBearer: 'acme-callback-token-77',
  callbackBasic: 'beta-callback-password-88',
  callbackSigning: 'whsec_Z2FtbWEtY2FsbGJhY2stc2lnbmluZy1zZWNyZXQ5OQ==',
  notification: 'whsec_bm90aWZpY2F0aW9uLXNpZ25pbmctc2VjcmV0LTAw',
};
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
/** No network issues it, but it looks like a card number. */
const CARD = '4111111111111111';

/** Every reading is later than the one before, as on a busy machine. */
class RestlessClock extends Clock {
  #nowMs = Date.now();

  now(): number {
    return (this.#nowMs += 1);
  }
}

let external: StubExternal;
let receiver: TestReceiver;
let gateway: Gateway;
let count = 0;

const order = (): string => `order-${(count += 1)}`;
const asShop = (
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  call(`${gateway.url}${path}`, method, body, { authorization: `Bearer ${KEYS.shop}`, ...headers });
const admin = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  call(`${gateway.url}/admin/${path}`, 'GET', undefined, { 'x-api-key': KEYS.ops, ...headers });
const adminPost = (path: string, body?: object): Promise<Answer> =>
  call(`${gateway.url}/admin/${path}`, 'POST', body, { 'x-api-key': KEYS.ops });
const items = ({ body }: Answer): Record<string, unknown>[] => body['items'] as Record<string, unknown>[];
const pay = async (
  more: object = {},
  at = 'acme',
): Promise<{ shopTransactionId: string; answer: Answer }> => {
  const shopTransactionId = order();
  const body = { amount: 5_000, currency: 'EUR', shopTransactionId, ...more };
  return { shopTransactionId, answer: await asShop('POST', `/v3/${at}/pay`, body) };
};
const found = async (shopTransactionId: string): Promise<Record<string, unknown>> =>
  items(await admin(`payments?shopTransactionId=${shopTransactionId}`))[0]!;
const unavailable: Parameters<StubExternal['behave']>[0] = (_, response) => answerJson(response, 503, {});

beforeAll(async () => {
  external = await startStubExternal();
  receiver = await startReceiver();
  const at = { baseUrl: external.url, timeoutMs: 2_000, circuitBreaker: { failures: 1_000 } };
  gateway = await startGateway({
    externals: [
      {
        ...at,
        externalService: 'acme',
        auth: { type: 'bearer', token: SECRETS.bearer },
        callbackAuth: { type: 'bearer', token: SECRETS.callbackBearer },
        callbackAllowedIps: ['127.0.0.0/8'],
      },
      {
        ...at,
        externalService: 'beta',
        statusByShopTransactionId: true,
        auth: { type: 'basic', username: 'tollgate', password: SECRETS.basic },
        callbackAuth: { type: 'basic', username: 'beta', password: SECRETS.callbackBasic },
      },
      {
        ...at,
        externalService: 'gamma',
        auth: { type: 'header', name: 'X-Gamma-Key', value: SECRETS.header },
        callbackAuth: { type: 'standard-webhooks', secret: SECRETS.callbackSigning },
        operations: { 'pay-by-link': false },
      },
      {
        ...at,
        externalService: 'delta',
        auth: {
          type: 'oauth2-client-credentials',
          tokenUrl: `${external.url}/token`,
          clientId: 'tollgate',
          clientSecret: SECRETS.client,
        },
      },
    ],
    env: {
      API_AUTH: 'required',
      API_KEYS: `shop:${KEYS.shop},on-call:${KEYS.ops}:admin`,
      PAYMENT_CALLBACK_URL: receiver.url,
      NOTIFICATION_SECRET: SECRETS.notification,
      NOTIFICATION_SCHEDULE: '20ms,20ms',
      RECONCILIATION_SCHEDULE: '30m',
    },
  });
});
afterEach(() => {
  external.behave(answerOk);
  receiver.answers(200);
});
afterAll(async () => {
  await gateway.close();
  await receiver.stop();
  await external.close();
});

describe('the history of a payment', () => {
  it('contains a redirect, a callback, a failed and a repeated notification and a refund in one answer', async () => {
    external.behave(({ url, method }) => {
      if (method === 'GET') return { status: 'ACCEPTED' };
      if (url === '/refund') return { result: 'OK' };
      return { result: 'REDIRECT_TO_URL', paymentId: 'pm-story', redirectToUrl: 'https://pay.example/r/1' };
    });
    receiver.answers(503, 200);
    const shopTransactionId = order();
    const headers = { traceparent: TRACEPARENT, 'x-request-id': 'req-of-the-story' };
    await asShop('POST', '/v3/acme/pay', { amount: 5_000, currency: 'EUR', shopTransactionId }, headers);
    await call(
      `${gateway.url}/v3/acme/callback`,
      'POST',
      { paymentId: 'pm-story', note: `card ${CARD}` },
      { authorization: `Bearer ${SECRETS.callbackBearer}` },
    );
    const { id } = await found(shopTransactionId);
    await until(
      async () => (await admin(`notifications?payment=${String(id)}&state=DELIVERED`)).text.includes('"ntf_'),
      'the delivery',
    );
    const refund = { amount: 1_000, currency: 'EUR', paymentId: 'pm-story' };
    await asShop('POST', '/v3/acme/refund', refund, { traceparent: TRACEPARENT });

    const { status, body, text } = await admin(`payments/${String(id)}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      external: 'acme',
      state: 'ACCEPTED',
      paymentId: 'pm-story',
      shopTransactionId,
      amount: 5_000,
      currency: 'EUR',
      refundedAmount: 1_000,
      caller: 'shop',
      traceId: TRACE_ID,
      refunds: [{ state: 'OK', amount: 1_000, payment: id }],
      operations: [
        {
          operation: 'pay',
          state: 'completed',
          requestId: 'req-of-the-story',
          traceId: TRACE_ID,
          answerStatus: 200,
        },
        { operation: 'refund', state: 'completed' },
      ],
      events: [
        { source: 'call', before: 'CREATED', after: 'PENDING' },
        { source: 'callback', before: 'PENDING', after: 'ACCEPTED' },
        { source: 'call', before: 'PENDING', after: 'OK' },
      ],
      callbacks: [{ state: 'VERIFIED', method: 'POST' }],
      notifications: [
        {
          state: 'DELIVERED',
          version: 1,
          payload: { status: 'ACCEPTED', paymentId: 'pm-story', shopTransactionId, providerName: 'acme' },
          deliveries: [
            { attempt: 1, status: 503 },
            { attempt: 2, status: 200 },
          ],
        },
      ],
      truncated: [],
    });
    const story = body['story'] as { at: string; what: string; text: string; traceId?: string }[];
    // The end of the verification is recorded concurrently with the delivery.
    expect(story.map(({ what }) => what)).toContain('callback-ended');
    expect(story.map(({ what }) => what).filter((what) => what !== 'callback-ended')).toEqual([
      'payment-created',
      'operation-begun',
      'operation-ended',
      'payment-changed',
      'callback-received',
      'payment-queried',
      'payment-changed',
      'notification-queued',
      'notification-attempted',
      'notification-attempted',
      'refund-reserved',
      'operation-begun',
      'operation-ended',
      'refund-changed',
    ]);
    expect(story.map(({ at }) => at)).toEqual(story.map(({ at }) => at).toSorted());
    expect(story[0]!.text).toBe('pay by shop: 5000 EUR (minor units)');
    const attempts = story.filter(({ what }) => what === 'notification-attempted');
    expect(attempts.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^attempt 1: answered 503 in \d+ ms$/),
      expect.stringMatching(/^attempt 2: answered 200 in \d+ ms$/),
    ]);
    expect(story.map(({ what, traceId }) => [what, traceId])).toEqual(
      story.map(({ what }) => [what, TRACE_ID]),
    );
    expect(text).not.toContain(CARD);
  });

  it('is 404 for an unknown id and 400 for an invalid one', async () => {
    for (const id of [
      'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
      'pm-story',
      'ref_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
    ]) {
      expect([(await admin(`payments/${id}`)).body['code'], id]).toEqual(['not-found', id]);
    }
  });
});

describe('the list of payments', () => {
  it('finds a payment by each of its properties', async () => {
    const { shopTransactionId, answer } = await pay({ amount: 4_711 });
    const id = (await found(shopTransactionId))['id'];
    const hour = (await found(shopTransactionId))['createdAt'] as string;
    for (const query of [
      `shopTransactionId=${shopTransactionId}`,
      `paymentId=${String(answer.body['paymentId'])}`,
      'minAmount=4711&maxAmount=4711',
      `external=acme&state=ACCEPTED&minAmount=4711&currency=EUR&from=${hour}`,
    ]) {
      expect([query, items(await admin(`payments?${query}`)).map((item) => item['id'])]).toEqual([
        query,
        [id],
      ]);
    }
  });

  it('has a row in the range of its own time, regardless of the time of the write', async () => {
    const slow = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: { API_KEYS: `all:${KEYS.shop}:subscriptions+admin` },
      clock: new RestlessClock(),
    });
    const at = (path: string, body?: object): Promise<Answer> =>
      call(`${slow.url}/${path}`, body ? 'POST' : 'GET', body, { 'x-api-key': KEYS.shop });
    try {
      const body = { amount: 5_000, currency: 'EUR', shopTransactionId: order() };
      const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
      await at('v3/acme/subscription/start', { ...body, subscriptionInfo });
      for (const list of ['payments', 'subscriptions']) {
        const [{ id, createdAt }] = items(await at(`admin/${list}`)) as [{ id: string; createdAt: string }];
        const next = new Date(Date.parse(createdAt) + 1).toISOString();
        const within = items(await at(`admin/${list}?from=${createdAt}&to=${next}`));
        expect([list, within.map((item) => item['id'])]).toEqual([list, [id]]);
        expect(items(await at(`admin/${list}?to=${createdAt}`))).toEqual([]);
      }
    } finally {
      await slow.close();
    }
  });

  it('is paged by a cursor, each payment once, newest first', async () => {
    for (let i = 0; i < 5; i += 1) await pay({}, 'gamma');
    const all = items(await admin('payments?external=gamma')).map(({ id }) => String(id));
    expect(all).toHaveLength(5);
    const paged: unknown[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await admin(`payments?external=gamma&limit=2${cursor ? `&cursor=${cursor}` : ''}`);
      paged.push(...items(page).map(({ id }) => id));
      cursor = page.body['nextCursor'] as string | null;
    } while (cursor !== null);
    expect(paged).toEqual(all);
    expect(all).toEqual(all.toSorted().toReversed());
  });

  it.each([
    ['payments?stat=FAILED', '/query/stat'],
    ['payments?limit=0', '/query/limit'],
    ['payments?cursor=bm90IGEgY3Vyc29y', '/query/cursor'],
    ['payments?minAmount=2&maxAmount=1', '/query/maxAmount'],
    ['payments?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', '/query/to'],
    ['payments/pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10?verbose=1', '/query/verbose'],
    ['externals?state=open', '/query/state'],
    ['attention?kind=everything', '/query/kind'],
    ['operations?outcome=completed', '/query/outcome'],
  ])('refuses %s and names the error', async (path, pointer) => {
    const { status, body } = await admin(path);
    expect([status, body['code'], body['errors']]).toEqual([
      400,
      'validation-failed',
      [{ pointer, detail: expect.any(String) }],
    ]);
  });

  it('is CSV on request, without formulas', async () => {
    const shopTransactionId = `=HYPERLINK("https://evil.example/${order()}")`;
    const second = `,"${order()}`;
    for (const each of [shopTransactionId, second]) {
      await asShop('POST', '/v3/delta/pay', { amount: 1, currency: 'EUR', shopTransactionId: each });
    }
    const { headers, text } = await admin('payments?external=delta&limit=1', { accept: 'text/csv' });
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const [names, line] = text.split('\r\n');
    expect(names).toBe(
      'id,external,state,origin,paymentId,shopTransactionId,subscriptionToken,amount,currency,refundedAmount,caller,createdAt,updatedAt,parkedAt',
    );
    expect(line).toContain(`,"${second.replaceAll('"', '""')}",`);
    const next = /^<(.+)>; rel="next"$/.exec(headers.get('link')!)![1]!;
    const rest = await admin(next.replace('/admin/', ''), { accept: 'text/csv' });
    expect(rest.text).toContain(`"'${shopTransactionId.replaceAll('"', '""')}"`);
    expect(rest.headers.get('link')).toBeNull();
  });

  it.each([
    ['text/csv', 'csv'],
    ['text/csv; charset=utf-8', 'csv'],
    ['text/*', 'csv'],
    ['application/json;q=0.5, text/csv', 'csv'],
    ['text/csv;q=0.5, application/json', 'json'],
    ['text/csv;q=0', 'json'],
    ['text/html', 'json'],
    ['*/*', 'json'],
  ])('for Accept: %s is %s', async (accept, kind) => {
    const { headers } = await admin('payments?limit=1', { accept });
    expect([headers.get('content-type'), headers.get('vary')]).toEqual([
      expect.stringContaining(kind),
      'Accept',
    ]);
  });

  it('shows ids of an external whole, also those that look like card numbers', async () => {
    external.behave(() => ({ result: 'OK', paymentId: CARD, metadata: { pan: CARD } }));
    const { shopTransactionId } = await pay();
    const { id, paymentId } = await found(shopTransactionId);
    expect(paymentId).toBe(CARD);
    expect((await admin(`payments/${String(id)}`)).text).toContain(CARD);
    expect(items(await admin(`payments?paymentId=${CARD}`)).map((item) => item['id'])).toEqual([id]);
  });
});

describe('the attention list', () => {
  const kinds = async (query = ''): Promise<string[]> =>
    items(await admin(`attention?limit=200${query}`)).map(({ kind, id }) => `${String(kind)} ${String(id)}`);

  it('has a payment of unknown outcome until the external can be queried', async () => {
    external.behave(unavailable);
    const { shopTransactionId, answer } = await pay({}, 'beta');
    expect(answer.body['outcome']).toBe('unknown');
    const { id } = await found(shopTransactionId);
    expect(await kinds('&external=beta')).toEqual([`payment-unknown ${String(id)}`]);
    expect(items(await admin('operations?external=beta'))).toMatchObject([
      { operation: 'pay', state: 'unknown', payment: id, paymentState: 'UNKNOWN' },
    ]);

    external.behave(() => ({ status: 'ACCEPTED', paymentId: 'pm-beta' }));
    const checked = await adminPost(`payments/${String(id)}/check`);
    expect([checked.status, checked.body['state'], checked.body['paymentId']]).toEqual([
      200,
      'ACCEPTED',
      'pm-beta',
    ]);
    expect(await kinds('&external=beta')).toEqual([]);
    expect(items(await admin('operations?external=beta'))).toMatchObject([{ paymentState: 'ACCEPTED' }]);
    const { body } = await admin(`payments/${String(id)}`);
    expect(body['events']).toMatchObject([
      { after: 'UNKNOWN' },
      { source: 'check', before: 'UNKNOWN', after: 'ACCEPTED', cause: 'operator on-call' },
    ]);
  });

  it('has a notification that the receiver does not accept', async () => {
    receiver.answers(410);
    external.behave(({ method }) =>
      method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK', paymentId: 'pm-dead' },
    );
    const { shopTransactionId } = await pay();
    await asShop('GET', '/v3/acme/check?paymentId=pm-dead');
    await until(
      async () => (await admin('notifications?state=DEAD')).text.includes('pm-dead'),
      'the end of it',
    );
    const { id } = await found(shopTransactionId);
    const item = items(await admin('attention?kind=notification-dead')).find(({ detail }) => detail === id);
    expect(item).toMatchObject({
      state: 'DEAD',
      external: 'acme',
      payment: id,
      shopTransactionId,
      amount: 5_000,
      currency: 'EUR',
      lastDelivery: { attempt: 1, status: 410 },
    });
    receiver.answers(200);
    await adminPost(`notifications/${String(item!['id'])}/replay`);
    await until(async () => !(await admin('attention')).text.includes(String(item!['id'])), 'the replay');
    const { body } = await admin(`payments/${String(id)}`);
    expect(body['notifications']).toMatchObject([{ replays: [{ requestedBy: 'on-call' }] }]);
  });
});

describe('resolving', () => {
  const unknown = async (
    at = 'acme',
  ): Promise<{ id: string; body: object; headers: Record<string, string> }> => {
    external.behave(unavailable);
    const body = { amount: 700, currency: 'EUR', shopTransactionId: order() };
    const headers = { 'idempotency-key': `key-${body.shopTransactionId}` };
    await asShop('POST', `/v3/${at}/pay`, body, headers);
    external.behave(answerOk);
    return { id: String((await found(body.shopTransactionId))['id']), body, headers };
  };
  const resolve = (id: string, body: object): Promise<Answer> => adminPost(`payments/${id}/resolve`, body);

  it('makes a payment ACCEPTED, with the name and the reason, and notifies the receiver', async () => {
    const { id, body } = await unknown();
    const reason = 'Confirmed by phone, ticket 4711';
    const before = receiver.received.length;
    const answer = await resolve(id, { status: 'ACCEPTED', reason, paymentId: `pm-found-${count}` });
    expect([answer.status, answer.body['state'], answer.body['paymentId']]).toEqual([
      200,
      'ACCEPTED',
      `pm-found-${count}`,
    ]);
    await until(() => receiver.received.length > before, 'the notification');
    expect(JSON.parse(receiver.received.at(-1)!.body)).toEqual({
      status: 'ACCEPTED',
      paymentId: `pm-found-${count}`,
      shopTransactionId: (body as { shopTransactionId: string }).shopTransactionId,
      providerName: 'acme',
      version: 1,
    });
    const { body: detail } = await admin(`payments/${id}`);
    expect((detail['events'] as object[]).at(-1)).toMatchObject({
      source: 'operator',
      before: 'UNKNOWN',
      after: 'ACCEPTED',
      cause: `on-call: ${reason}; paymentId pm-found-${count}`,
    });
    const refund = { amount: 700, currency: 'EUR', paymentId: `pm-found-${count}` };
    expect((await asShop('POST', '/v3/acme/refund', refund)).body['result']).toBe('OK');
  });

  it('leaves a payment that was ACCEPTED without its paymentId to be linked', async () => {
    const { id, body } = await unknown();
    const { shopTransactionId } = body as { shopTransactionId: string };
    await resolve(id, { status: 'ACCEPTED', reason: 'In the settlement file', paymentId: null });
    const paymentId = `pm-${shopTransactionId}`;
    external.behave(() => ({ status: 'ACCEPTED', paymentId, shopTransactionId }));
    expect((await asShop('GET', `/v3/acme/check?paymentId=${paymentId}`)).status).toBe(200);
    expect(items(await admin(`payments?shopTransactionId=${shopTransactionId}`))).toMatchObject([
      { id, state: 'ACCEPTED', paymentId },
    ]);
  });

  it('makes one FAILED, and a repeat with its key is a new attempt', async () => {
    const { id, body, headers } = await unknown();
    expect((await asShop('POST', '/v3/acme/pay', body, headers)).body['outcome']).toBe('unknown');
    expect(
      (await resolve(id, { status: 'FAILED', reason: 'Not in the settlement file' })).body['state'],
    ).toBe('FAILED');
    const again = await asShop('POST', '/v3/acme/pay', body, headers);
    expect([again.status, again.body['result'], again.headers.get('idempotency-replayed')]).toEqual([
      200,
      'OK',
      null,
    ]);
    expect(
      items(
        await admin(
          `payments?shopTransactionId=${(body as { shopTransactionId: string }).shopTransactionId}`,
        ),
      ),
    ).toMatchObject([{ state: 'ACCEPTED' }, { state: 'FAILED', id }]);
  });

  it('is refused if the payment has a final state or the id belongs to another payment', async () => {
    const paid = await pay();
    const { id: acceptedId } = await found(paid.shopTransactionId);
    const settled = await resolve(String(acceptedId), { status: 'FAILED', reason: 'x' });
    expect([settled.status, settled.body['code']]).toEqual([409, 'conflict']);
    expect(settled.body['detail']).toBe('The payment is ACCEPTED: there is nothing to resolve.');

    const { id } = await unknown();
    const taken = await resolve(id, {
      status: 'ACCEPTED',
      reason: 'x',
      paymentId: String(paid.answer.body['paymentId']),
    });
    expect([taken.status, taken.body['detail']]).toEqual([
      409,
      `This paymentId belongs to the payment ${String(acceptedId)}.`,
    ]);
    expect(
      (await resolve(id.replace(/.$/, 'f').replace(/^(.*)..$/, '$1ff'), { status: 'FAILED', reason: 'x' }))
        .status,
    ).toBe(404);
  });

  it('is refused for a payment that is PENDING, until it is parked', async () => {
    external.behave(() => ({ result: 'PENDING', paymentId: `pm-pending-${count}` }));
    const { shopTransactionId } = await pay();
    const { id } = await found(shopTransactionId);
    const answer = await resolve(String(id), { status: 'FAILED', reason: 'x' });
    expect([answer.status, answer.body['code']]).toEqual([409, 'conflict']);

    await gateway.app
      .get(Store)
      .transaction((trx) =>
        trx
          .updateTable('payments')
          .set({ next_ask_at: null, parked_at: 1 })
          .where('id', '=', String(id))
          .execute(),
      );
    expect(items(await admin('attention?kind=payment-parked')).map((item) => item['id'])).toEqual([id]);
    expect((await resolve(String(id), { status: 'FAILED', reason: 'x' })).body['state']).toBe('FAILED');
    expect(items(await admin('attention?kind=payment-parked'))).toEqual([]);
  });

  it('demands the paymentId of an ACCEPTED payment, or null', async () => {
    const { id } = await unknown();
    const answer = await resolve(id, { status: 'ACCEPTED', reason: 'x' });
    expect([answer.status, answer.body['errors']]).toEqual([
      400,
      [
        {
          pointer: '/paymentId',
          detail:
            'is missing: send the external’s id of the payment, or null if it is unknown (the payment then cannot be refunded)',
        },
      ],
    ]);
    const without = await resolve(id, { status: 'ACCEPTED', reason: 'x', paymentId: null });
    expect([without.status, without.body['state']]).toEqual([200, 'ACCEPTED']);
  });

  /** The event that a correction has to name. */
  const correctsOf = ({ body }: Answer): string =>
    /"corrects": "(evt_[^"]+)"/.exec(String(body['detail']))![1]!;
  const eventsOf = async (id: string): Promise<unknown[]> =>
    ((await admin(`payments/${id}`)).body['events'] as Record<string, unknown>[])
      .filter(({ source }) => source === 'operator')
      .map(({ before, after, cause }) => [before, after, cause]);

  it('can be corrected by an operator who names the resolution; both stay in the story', async () => {
    const { id } = await unknown();
    await resolve(id, { status: 'ACCEPTED', reason: 'first look', paymentId: `pm-wrong-${id}` });
    const refused = await resolve(id, { status: 'FAILED', reason: 'second look' });
    expect([refused.status, refused.body['detail']]).toEqual([
      409,
      expect.stringMatching(/^The payment was resolved as ACCEPTED at .+ \(on-call: first look/),
    ]);
    const corrects = correctsOf(refused);
    const corrected = await resolve(id, { status: 'FAILED', reason: 'second look', corrects });
    expect([corrected.status, corrected.body['state']]).toEqual([200, 'FAILED']);
    // One that has been corrected is not the latest any more.
    const outdated = await resolve(id, { status: 'ACCEPTED', reason: 'late', corrects, paymentId: null });
    expect(outdated.status).toBe(409);
    const again = await resolve(id, {
      status: 'ACCEPTED',
      reason: 'third look',
      corrects: correctsOf(outdated),
      paymentId: `pm-right-${id}`,
    });
    expect([again.status, again.body['state'], again.body['paymentId']]).toEqual([
      200,
      'ACCEPTED',
      `pm-right-${id}`,
    ]);
    expect(await eventsOf(id)).toEqual([
      ['UNKNOWN', 'ACCEPTED', `on-call: first look; paymentId pm-wrong-${id}`],
      ['ACCEPTED', 'FAILED', 'on-call: second look'],
      ['FAILED', 'ACCEPTED', `on-call: third look; paymentId pm-right-${id}`],
    ]);
    const { body } = await admin(`payments/${id}`);
    const story = body['story'] as { what: string; text: string }[];
    expect(story.filter(({ text }) => text.includes('look'))).toHaveLength(3);
    expect(
      story.filter(({ what }) => what === 'payment-changed').map(({ text }) => text.split(',')[0]),
    ).toEqual(['CREATED → UNKNOWN', 'UNKNOWN → ACCEPTED', 'ACCEPTED → FAILED', 'FAILED → ACCEPTED']);
    await until(
      async () =>
        (await admin(`notifications?payment=${id}&state=DELIVERED`)).text.includes(`pm-right-${id}`),
      'the notification of the correction',
    );
  });

  it('by two operators at once succeeds for one, and the other gets the event of the first', async () => {
    const { id } = await unknown();
    const both = await Promise.all([
      resolve(id, { status: 'FAILED', reason: 'one' }),
      resolve(id, { status: 'ACCEPTED', reason: 'two', paymentId: null }),
    ]);
    expect(both.map(({ status }) => status)).toEqual(expect.arrayContaining([200, 409]));
    const { body } = both.find(({ status }) => status === 409)!;
    expect(body['detail']).toMatch(/^The payment was resolved as (ACCEPTED|FAILED) at .+"corrects": "evt_/);
  });

  it('is never corrected against what the external has answered since', async () => {
    const { id } = await unknown();
    const paymentId = `pm-confirmed-${id}`;
    await resolve(id, { status: 'ACCEPTED', reason: 'x', paymentId });
    external.behave(() => ({ status: 'ACCEPTED' }));
    await asShop('GET', `/v3/acme/status?paymentId=${paymentId}`);
    const corrects = correctsOf(await resolve(id, { status: 'FAILED', reason: 'y' }));
    const failed = await resolve(id, { status: 'FAILED', reason: 'y', corrects });
    expect([failed.status, failed.body['detail']]).toEqual([
      409,
      expect.stringMatching(/^The external answered ACCEPTED at .+, after the resolution\.$/),
    ]);
    const renamed = await resolve(id, {
      status: 'ACCEPTED',
      reason: 'y',
      corrects,
      paymentId: `${paymentId}-2`,
    });
    expect(renamed.status).toBe(409);
    external.behave(answerOk);
    const paid = await pay();
    const { id: byExternal } = await found(paid.shopTransactionId);
    const notResolved = await resolve(String(byExternal), { status: 'FAILED', reason: 'y', corrects });
    expect([notResolved.status, notResolved.body['detail']]).toEqual([
      409,
      'The payment is ACCEPTED, and not by a resolution: there is nothing to correct.',
    ]);
  });

  it('is not corrected to FAILED once the payment has refunds', async () => {
    const { id } = await unknown();
    const paymentId = `pm-refunded-${id}`;
    await resolve(id, { status: 'ACCEPTED', reason: 'x', paymentId });
    await asShop('POST', '/v3/acme/refund', { amount: 1, currency: 'EUR', paymentId });
    const corrects = correctsOf(await resolve(id, { status: 'FAILED', reason: 'y' }));
    const answer = await resolve(id, { status: 'FAILED', reason: 'y', corrects });
    expect([answer.status, answer.body['detail']]).toEqual([
      409,
      'The payment has refunds: it cannot become FAILED.',
    ]);
  });

  it.each([
    [{ status: 'PENDING', reason: 'x' }, '/status'],
    [{ status: 'ACCEPTED', reason: 'x', corrects: 'pay_1' }, '/corrects'],
    [{ status: 'ACCEPTED' }, '/reason'],
    [{ status: 'ACCEPTED', reason: '' }, '/reason'],
    [{ status: 'ACCEPTED', reason: '  ' }, '/reason'],
    [{ status: 'ACCEPTED', reason: 'two\nlines' }, '/reason'],
    [{ status: 'ACCEPTED', reason: 'x', force: true }, '/force'],
  ])('refuses %j', async (body, pointer) => {
    const { body: problem } = await resolve('pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10', body);
    expect(problem['errors']).toMatchObject([{ pointer }]);
  });

  it('frees the amount that an unknown refund has reserved, or keeps it', async () => {
    const { answer } = await pay({ amount: 1_000 });
    const paymentId = String(answer.body['paymentId']);
    const refund = { amount: 1_000, currency: 'EUR', paymentId };
    const headers = { 'idempotency-key': `refund-${paymentId}` };
    external.behave(unavailable);
    await asShop('POST', '/v3/acme/refund', refund, headers);
    external.behave(answerOk);
    expect((await asShop('POST', '/v3/acme/refund', refund)).body['code']).toBe('refund-exceeds-payment');
    const stuck = (): Promise<Record<string, unknown> | undefined> =>
      admin('attention?kind=refund-stuck').then((page) =>
        items(page).find((item) => item['paymentId'] === paymentId),
      );

    const first = await stuck();
    const freed = await adminPost(`refunds/${String(first!['id'])}/resolve`, {
      status: 'KO',
      reason: 'Card closed',
    });
    expect([freed.status, freed.body['state']]).toEqual([200, 'KO']);
    const again = await adminPost(`refunds/${String(first!['id'])}/resolve`, { status: 'OK', reason: 'x' });
    expect([again.status, again.body['code']]).toEqual([409, 'conflict']);
    expect(await stuck()).toBeUndefined();
    const repeated = await asShop('POST', '/v3/acme/refund', refund, headers);
    expect([repeated.body['result'], repeated.headers.get('idempotency-replayed')]).toEqual(['OK', null]);
    expect(items(await admin(`payments?paymentId=${paymentId}`))).toMatchObject([{ refundedAmount: 1_000 }]);
  });

  it('settles a subscription, and a change of one', async () => {
    external.behave(unavailable);
    const shopTransactionId = order();
    const start = {
      amount: 999,
      currency: 'EUR',
      shopTransactionId,
      subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
    };
    await asShop('POST', '/v3/acme/subscription/start', start);
    await asShop('DELETE', '/v3/acme/subscription/expire/tok-of-before');
    const parked = items(await admin('attention?kind=subscription-parked'))[0]!;
    const change = items(await admin('attention?kind=operation-unknown'))[0]!;
    expect(change['detail']).toBe('subscription/expire: server-error');

    const subscription = await adminPost(`subscriptions/${String(parked['id'])}/resolve`, {
      status: 'ACTIVE',
      reason: 'Seen in the back office',
      subscriptionToken: 'tok-found',
    });
    expect(subscription.body).toMatchObject({ state: 'ACTIVE', subscriptionToken: 'tok-found' });
    const operation = await adminPost(`operations/${String(change['id'])}/resolve`, {
      outcome: 'executed',
      reason: 'Seen in the back office',
    });
    expect(operation.body).toMatchObject({ state: 'completed', reason: 'operator' });
    expect(items(await admin('attention?kind=subscription-parked'))).toEqual([]);
    expect(items(await admin('attention?kind=operation-unknown'))).toEqual([]);
    expect(items(await admin('subscriptions?subscriptionToken=tok-found'))).toMatchObject([
      { shopTransactionId },
    ]);
    const again = await adminPost(`subscriptions/${String(parked['id'])}/resolve`, {
      status: 'FAILED',
      reason: 'x',
    });
    expect([again.status, again.body['detail']]).toEqual([
      409,
      expect.stringMatching(
        /^The subscription was resolved as ACTIVE at .+ \(on-call: Seen in the back office\)/,
      ),
    ]);
    const pays = items(await admin('operations?external=acme')).find(
      (item) => item['subscription'] === parked['id'],
    );
    const foreign = await adminPost(`operations/${String(pays!['id'])}/resolve`, {
      outcome: 'executed',
      reason: 'x',
    });
    expect([foreign.status, foreign.body['detail']]).toEqual([
      409,
      `It is resolved with its payment: resolve ${String(pays!['payment'])}.`,
    ]);
  });

  it('stores no card number of an operator’s request', async () => {
    const { id } = await unknown();
    await resolve(id, { status: 'FAILED', reason: `card ${CARD} was blocked` });
    const { text } = await admin(`payments/${id}`);
    expect(text).toContain('was blocked');
    expect(text).not.toContain(CARD);
  });
});

describe('the externals', () => {
  it('are listed with their health and without their secrets', async () => {
    external.behave(unavailable);
    await pay({}, 'gamma');
    external.behave(answerOk);
    await pay({}, 'gamma');
    const shown = items(await admin('externals'));
    expect(shown.map(({ external: name }) => name)).toEqual(['acme', 'beta', 'delta', 'gamma']);
    expect(shown[3]).toMatchObject({
      circuit: 'closed',
      inFlight: 0,
      auth: 'header',
      callbackAuth: 'standard-webhooks',
      lastFailure: expect.stringContaining('server-error'),
      latency: { calls: expect.any(Number) },
    });
    expect(shown[3]!['operations']).not.toContain('pay-by-link');
    expect(shown[0]).toMatchObject({ callbackAllowedIps: ['127.0.0.0/8'] });
    const first = await admin('externals?limit=3');
    const rest = await admin(`externals?limit=3&cursor=${String(first.body['nextCursor'])}`);
    const names = [first, rest].map((page) => items(page).map(({ external: name }) => name));
    expect([names, rest.body['nextCursor']]).toEqual([[['acme', 'beta', 'delta'], ['gamma']], null]);
  });
});

describe('callers without a scope of /admin', () => {
  it.each([
    'payments',
    'subscriptions',
    'notifications',
    'callbacks',
    'operations',
    'attention',
    'audit',
    'externals',
  ])('cannot read %s', async (list) => {
    const answers = await Promise.all([
      call(`${gateway.url}/admin/${list}`, 'GET'),
      asShop('GET', `/admin/${list}`),
      admin(list),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 200]);
  });

  it('receive no secret from any route', async () => {
    const paths = [
      'payments',
      'subscriptions',
      'notifications',
      'callbacks',
      'operations',
      'attention',
      'audit',
      'externals',
    ];
    const lists = await Promise.all(
      paths.map((path) => admin(`${path}?limit=200`.replace('externals?limit=200', 'externals'))),
    );
    const ids = items(lists[0]!).map(({ id }) => String(id));
    const details = await Promise.all(ids.map((id) => admin(`payments/${id}`)));
    const rest = await Promise.all(
      ['/metrics', '/health/ready'].map((path) => call(`${gateway.url}${path}`, 'GET')),
    );
    expect(details.length).toBeGreaterThan(10);
    const said = [...lists, ...details, ...rest].map(({ text }) => text).join('\n');
    for (const secret of [...Object.values(SECRETS), ...Object.values(KEYS)])
      expect(said).not.toContain(secret);
  });
});
