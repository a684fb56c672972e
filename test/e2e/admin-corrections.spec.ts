import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OperationRecovery } from '../../src/operations/operation.recovery.js';
import { Store } from '../../src/persistence/store.js';
import { Clock } from '../../src/shared/clock.js';
import { type Answer, call } from '../support/client.js';
import { type DatabasePlace, postgresSchema, postgresUrl, sqliteFile } from '../support/databases.js';
import { type Gateway, startGateway, variablesOf } from '../support/gateway.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const KEYS = { shop: 'shop-secret-of-22-letters', ops: 'ops-secret-of-22-letters' };
const TIMEOUT_MS = 20_000;
const MARGIN_MS = 5_000;
const LEASE_MS = 60_000;

/** The machine's clock, which a test may advance. */
class MovableClock extends Clock {
  #aheadMs = 0;

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  advance(byMs: number): void {
    this.#aheadMs += byMs;
  }
}

type Item = Record<string, unknown>;

let external: StubExternal;
let receiver: TestReceiver;
let gateway: Gateway;
let clock: MovableClock;
/** Of the gateway that the requests go to. */
let url: string;
let count = 0;

const externals = (): object[] => [
  {
    externalService: 'acme',
    baseUrl: external.url,
    timeoutMs: TIMEOUT_MS,
    circuitBreaker: { failures: 1_000 },
    operations: { 'refund/status': true },
  },
];
const receivers = (): object[] => [
  {
    receiver: 'erp',
    url: receiver.url,
    secret: `whsec_${'A'.repeat(32)}`,
    events: ['payment', 'refund', 'subscription'],
  },
];
const ENVIRONMENT = {
  API_AUTH: 'required',
  API_KEYS: `shop:${KEYS.shop},on-call:${KEYS.ops}:admin`,
  NOTIFICATION_SCHEDULE: '20ms,20ms',
  RECONCILIATION_SCHEDULE: '30m',
};

const unavailable: Parameters<StubExternal['behave']>[0] = (_, response) => answerJson(response, 503, {});
const asShop = (method: string, path: string, body?: object, key?: string): Promise<Answer> =>
  call(`${url}/v3/acme/${path}`, method, body, {
    authorization: `Bearer ${KEYS.shop}`,
    ...(key !== undefined && { 'idempotency-key': key }),
  });
const admin = (path: string): Promise<Answer> =>
  call(`${url}/admin/${path}`, 'GET', undefined, { 'x-api-key': KEYS.ops });
const resolve = (kind: string, id: unknown, body: object): Promise<Answer> =>
  call(`${url}/admin/${kind}/${String(id)}/resolve`, 'POST', body, { 'x-api-key': KEYS.ops });
const itemsOf = async (path: string): Promise<Item[]> => (await admin(path)).body['items'] as Item[];
/** The event that a correction has to name. */
const resolutionOf = ({ body }: Answer): string => String(body['resolution']);
const changesOf = async (payment: unknown, by: (event: Item) => boolean): Promise<unknown[]> =>
  ((await admin(`payments/${String(payment)}`)).body['events'] as Item[])
    .filter((event) => event['source'] === 'operator' && by(event))
    .map(({ before, after, cause }) => [before, after, cause]);
/** Status and version of what the receiver has got about an item. */
const receivedOf = (member: string, id: unknown): unknown[] =>
  receiver.received
    .filter(({ body }) => (JSON.parse(body) as Item)[member] === id)
    .map(({ body, headers }) => [(JSON.parse(body) as Item)['status'], headers['x-payment-version']]);

/** A payment of 1,000 and a refund of it whose outcome is not known. */
async function unknownRefund(
  amount = 1_000,
): Promise<{ refund: Item; paymentId: string; repeat: () => Promise<Answer>; order: object }> {
  external.behave(answerOk);
  const paid = await asShop('POST', 'pay', {
    amount: 1_000,
    currency: 'EUR',
    shopTransactionId: `order-${(count += 1)}`,
  });
  const paymentId = String(paid.body['paymentId']);
  const order = { amount, currency: 'EUR', paymentId };
  const repeat = (): Promise<Answer> => asShop('POST', 'refund', order, `key-${paymentId}`);
  external.behave(unavailable);
  const { body } = await repeat();
  external.behave(answerOk);
  const [refund] = await itemsOf(`refunds?paymentId=${paymentId}`);
  expect(refund).toMatchObject({ state: 'UNKNOWN', refundId: body['refundId'] });
  return { refund: refund!, paymentId, repeat, order };
}

const refundedOf = async (paymentId: string): Promise<unknown> =>
  (await itemsOf(`payments?paymentId=${paymentId}`))[0]!['refundedAmount'];

beforeAll(async () => {
  external = await startStubExternal();
  receiver = await startReceiver();
  clock = new MovableClock();
  gateway = await startGateway({
    clock,
    externals: externals(),
    receivers: receivers(),
    env: ENVIRONMENT,
  });
  ({ url } = gateway);
});
afterEach(() => external.behave(answerOk));
afterAll(async () => {
  await gateway.close();
  await receiver.stop();
  await external.close();
});

describe('a resolution of a refund', () => {
  it('is corrected from OK to KO: amount and key are free, and receivers get the newer truth', async () => {
    const { refund, paymentId, repeat } = await unknownRefund();
    const { id } = refund;
    await resolve('refunds', id, { status: 'OK', reason: 'first look' });
    const repeated = await repeat();
    expect([repeated.body['result'], repeated.headers.get('idempotency-replayed')]).toEqual(['OK', 'true']);
    const refused = await resolve('refunds', id, { status: 'KO', reason: 'second look' });
    expect([refused.status, refused.body['detail']]).toEqual([
      409,
      expect.stringMatching(
        /^The refund was resolved as OK at .+ \(on-call: first look\)\. To correct that, send "corrects": "evt_/,
      ),
    ]);
    const corrects = resolutionOf(refused);
    const corrected = await resolve('refunds', id, { status: 'KO', reason: 'second look', corrects });
    expect([corrected.status, corrected.body]).toEqual([200, expect.objectContaining({ state: 'KO' })]);
    expect(corrected.body['reversal']).toBeUndefined();
    expect(await refundedOf(paymentId)).toBe(0);
    expect(await changesOf(refund['payment'], (event) => event['refund'] === id)).toEqual([
      ['UNKNOWN', 'OK', 'on-call: first look'],
      ['OK', 'KO', 'on-call: second look'],
    ]);
    expect(await itemsOf(`audit?subject=${String(id)}`)).toMatchObject([
      { change: 'OK → KO', reason: 'second look', result: 'done' },
      { change: 'UNKNOWN → OK', reason: 'first look', result: 'done' },
    ]);
    await until(() => receivedOf('refundId', refund['refundId']).length === 2, 'both notifications');
    expect(receivedOf('refundId', refund['refundId'])).toEqual([
      ['ACCEPTED', '1'],
      ['FAILED', '2'],
    ]);
    const again = await repeat();
    expect([again.body['result'], again.headers.get('idempotency-replayed')]).toEqual(['OK', null]);
    expect(again.body['refundId']).not.toBe(refund['refundId']);
    expect(await refundedOf(paymentId)).toBe(1_000);
  });

  it('is corrected from KO to OK: the amount is taken, and a repeat with the key sends nothing', async () => {
    const { refund, paymentId, repeat, order } = await unknownRefund(600);
    const { id } = refund;
    await resolve('refunds', id, { status: 'KO', reason: 'x' });
    expect(await refundedOf(paymentId)).toBe(0);
    const corrects = resolutionOf(await resolve('refunds', id, { status: 'OK', reason: 'y' }));
    const corrected = await resolve('refunds', id, { status: 'OK', reason: 'y', corrects });
    expect([corrected.status, corrected.body['state'], corrected.body['reversal']]).toEqual([
      200,
      'OK',
      undefined,
    ]);
    expect(await refundedOf(paymentId)).toBe(600);
    const sent = external.requests.length;
    const repeated = await repeat();
    expect(repeated.body).toEqual({ result: 'OK', refundId: refund['refundId'] });
    expect((await asShop('POST', 'refund', order)).body['code']).toBe('refund-exceeds-payment');
    expect(external.requests).toHaveLength(sent);
    // And back once more: the answer to that repeat does not stand in the way.
    const next = resolutionOf(await resolve('refunds', id, { status: 'KO', reason: 'z' }));
    expect((await resolve('refunds', id, { status: 'KO', reason: 'z', corrects: next })).status).toBe(200);
    expect(await refundedOf(paymentId)).toBe(0);
  });

  it('is not corrected to OK where another refund has taken the amount, until that one is KO', async () => {
    const { refund, paymentId, repeat } = await unknownRefund();
    await resolve('refunds', refund['id'], { status: 'KO', reason: 'x' });
    external.behave(unavailable);
    await repeat();
    external.behave(answerOk);
    const other = (await itemsOf(`refunds?paymentId=${paymentId}`)).find(({ id }) => id !== refund['id'])!;
    const corrects = resolutionOf(await resolve('refunds', refund['id'], { status: 'OK', reason: 'y' }));
    const correction = { status: 'OK', reason: 'y', corrects };
    const refused = await resolve('refunds', refund['id'], correction);
    expect([refused.status, refused.body['detail']]).toEqual([
      409,
      `Other refunds leave 0 of the payment (minor units), and this one is 1000: ${String(other['id'])}. ` +
        'If one of them was not executed, resolve or correct it first. If all were, too much was refunded: settle that with the external.',
    ]);
    await resolve('refunds', other['id'], { status: 'KO', reason: 'z' });
    expect((await resolve('refunds', refund['id'], correction)).status).toBe(200);
    expect(await refundedOf(paymentId)).toBe(1_000);
  });

  it('leaves the key to a refund that has used it again', async () => {
    const { refund, paymentId, repeat } = await unknownRefund(300);
    await resolve('refunds', refund['id'], { status: 'KO', reason: 'x' });
    const second = await repeat();
    const corrects = resolutionOf(await resolve('refunds', refund['id'], { status: 'OK', reason: 'y' }));
    const corrected = await resolve('refunds', refund['id'], { status: 'OK', reason: 'y', corrects });
    expect(corrected.status).toBe(200);
    expect(await refundedOf(paymentId)).toBe(600);
    expect((await repeat()).body['refundId']).toBe(second.body['refundId']);
  });

  it('is never corrected against what the external has answered since', async () => {
    const { refund, paymentId } = await unknownRefund();
    const { id, refundId } = refund;
    await resolve('refunds', id, { status: 'OK', reason: 'x' });
    const query = `refund/status?paymentId=${paymentId}&refundId=${String(refundId)}`;
    external.behave(() => ({ status: 'ACCEPTED' }));
    await asShop('GET', query);
    const corrects = resolutionOf(await resolve('refunds', id, { status: 'KO', reason: 'y' }));
    const confirmed = await resolve('refunds', id, { status: 'KO', reason: 'y', corrects });
    expect([confirmed.status, confirmed.body['detail']]).toEqual([
      409,
      expect.stringMatching(/^The external answered ACCEPTED at .+, after the resolution\.$/),
    ]);
    // The bank has sent it back: a correction that names the old resolution does not end the item of attention.
    external.behave(() => ({ status: 'FAILED' }));
    await asShop('GET', query);
    const reversed = async (): Promise<Item[]> =>
      (await itemsOf('attention?kind=refund-reversed')).filter((item) => item['id'] === id);
    expect(await reversed()).toHaveLength(1);
    for (const status of ['OK', 'KO']) {
      const { status: code, body } = await resolve('refunds', id, { status, reason: 'y', corrects });
      expect([code, body['detail']]).toEqual([
        409,
        'The refund is KO, and not by a resolution: there is nothing to correct.',
      ]);
    }
    expect(await reversed()).toHaveLength(1);
    expect((await resolve('refunds', id, { status: 'KO', reason: 'seen' })).status).toBe(200);
    expect(await reversed()).toEqual([]);
  });

  it('is not corrected once the external has answered the call itself, late', async () => {
    const { refund, paymentId } = await unknownRefund(100);
    await resolve('refunds', refund['id'], { status: 'KO', reason: 'frees the rest' });
    let answer: (() => void) | undefined;
    external.behave(
      () =>
        new Promise((release) => {
          answer = () => release({ result: 'OK' });
        }),
    );
    const late = asShop('POST', 'refund', { amount: 200, currency: 'EUR', paymentId }, 'late');
    await until(() => answer !== undefined, 'the call');
    clock.advance(TIMEOUT_MS + MARGIN_MS + 1);
    await gateway.app.get(OperationRecovery).turn();
    const [hung] = await itemsOf(`refunds?paymentId=${paymentId}`);
    expect((await resolve('refunds', hung!['id'], { status: 'OK', reason: 'x' })).status).toBe(200);
    clock.advance(1_000);
    answer!();
    await late;
    const corrects = resolutionOf(await resolve('refunds', hung!['id'], { status: 'KO', reason: 'y' }));
    const refused = await resolve('refunds', hung!['id'], { status: 'KO', reason: 'y', corrects });
    expect([refused.status, refused.body['detail']]).toEqual([
      409,
      expect.stringMatching(/^The external answered the call at .+, after the resolution\.$/),
    ]);
  });

  it('is nothing that the external has answered to a refund of an operator', async () => {
    external.behave(answerOk);
    const order = `order-${(count += 1)}`;
    await asShop('POST', 'pay', { amount: 1_000, currency: 'EUR', shopTransactionId: order });
    const [payment] = await itemsOf(`payments?shopTransactionId=${order}`);
    external.behave(() => ({ result: 'OK', refundId: `re-${order}` }));
    await call(
      `${url}/admin/payments/${String(payment!['id'])}/refund`,
      'POST',
      { reason: 'broken' },
      {
        'x-api-key': KEYS.ops,
        'idempotency-key': order,
      },
    );
    const [refund] = await itemsOf(`refunds?paymentId=${String(payment!['paymentId'])}`);
    const { status, body } = await resolve('refunds', refund!['id'], { status: 'KO', reason: 'x' });
    expect([status, body['detail'], body['resolution']]).toEqual([
      409,
      'The refund is OK: there is nothing to resolve.',
      undefined,
    ]);
  });

  it('is corrected by one of two operators at once; the other gets the correction', async () => {
    const { refund, paymentId } = await unknownRefund();
    await resolve('refunds', refund['id'], { status: 'OK', reason: 'x' });
    const corrects = resolutionOf(await resolve('refunds', refund['id'], { status: 'KO', reason: 'y' }));
    const both = await Promise.all(
      ['one', 'two'].map((reason) => resolve('refunds', refund['id'], { status: 'KO', reason, corrects })),
    );
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    const refused = both.find(({ status }) => status === 409)!;
    expect(refused.body['detail']).toMatch(/^The refund was resolved as KO at .+ \(on-call: (?:one|two)\)/);
    expect(resolutionOf(refused)).not.toBe(corrects);
    expect(await refundedOf(paymentId)).toBe(0);
  });

  it('does not become OK for a payment that is corrected to FAILED', async () => {
    external.behave(unavailable);
    const order = `order-${(count += 1)}`;
    await asShop('POST', 'pay', { amount: 500, currency: 'EUR', shopTransactionId: order });
    const [payment] = await itemsOf(`payments?shopTransactionId=${order}`);
    const paymentId = `pm-${order}`;
    await resolve('payments', payment!['id'], { status: 'ACCEPTED', reason: 'x', paymentId });
    await asShop('POST', 'refund', { amount: 500, currency: 'EUR', paymentId }, `key-${order}`);
    const [refund] = await itemsOf(`refunds?paymentId=${paymentId}`);
    await resolve('refunds', refund!['id'], { status: 'KO', reason: 'x' });
    const named = await resolve('payments', payment!['id'], { status: 'FAILED', reason: 'y' });
    const failed = { status: 'FAILED', reason: 'y', corrects: resolutionOf(named) };
    expect((await resolve('payments', payment!['id'], failed)).status).toBe(200);
    const corrects = resolutionOf(await resolve('refunds', refund!['id'], { status: 'OK', reason: 'y' }));
    const refused = await resolve('refunds', refund!['id'], { status: 'OK', reason: 'y', corrects });
    expect([refused.status, refused.body['detail']]).toEqual([
      409,
      `The payment ${String(payment!['id'])} is FAILED: resolve or correct it first.`,
    ]);
  });

  it.each([
    ['refunds', { status: 'OK', reason: 'x', corrects: 'ref_1' }, 'ref_0199f2a4-d0b3-7c11-9a44-5c1d8e9f0a21'],
    [
      'operations',
      { outcome: 'executed', reason: 'x', corrects: '' },
      'op_0199f2a4-e0aa-7c13-8d24-1a2b3c4d5e6f',
    ],
  ])('of %s refuses %j', async (kind, body, id) => {
    const { status, body: problem } = await resolve(kind, id, body);
    expect([status, problem['errors']]).toMatchObject([400, [{ pointer: '/corrects' }]]);
  });
});

it('of a payment is corrected also after a repeat was answered by it; the key is then free', async () => {
  external.behave(unavailable);
  const body = { amount: 500, currency: 'EUR', shopTransactionId: `order-${(count += 1)}` };
  const key = `key-${body.shopTransactionId}`;
  await asShop('POST', 'pay', body, key);
  external.behave(answerOk);
  const [payment] = await itemsOf(`payments?shopTransactionId=${body.shopTransactionId}`);
  const paymentId = `pm-${body.shopTransactionId}`;
  await resolve('payments', payment!['id'], { status: 'ACCEPTED', reason: 'x', paymentId });
  expect((await asShop('POST', 'pay', body, key)).body).toMatchObject({ result: 'OK', paymentId });
  const corrects = resolutionOf(await resolve('payments', payment!['id'], { status: 'FAILED', reason: 'y' }));
  const corrected = await resolve('payments', payment!['id'], { status: 'FAILED', reason: 'y', corrects });
  expect([corrected.status, corrected.body['state']]).toEqual([200, 'FAILED']);
  const again = await asShop('POST', 'pay', body, key);
  expect([again.body['result'], again.headers.get('idempotency-replayed')]).toEqual(['OK', null]);
});

describe('a resolution of an operation', () => {
  const expire = (token: string): Promise<Answer> =>
    asShop('DELETE', `subscription/expire/${token}`, undefined, `key-${token}`);

  async function unknownExpiry(): Promise<{ operation: Item; token: string }> {
    const token = `tok-${(count += 1)}`;
    external.behave(unavailable);
    await expire(token);
    const operation = (await itemsOf('operations?external=acme')).find(
      (item) => item['idempotencyKey'] === `key-${token}`,
    )!;
    external.behave(answerOk);
    return { operation, token };
  }

  it('is corrected either way: the key is free, or repeats are answered with what is stored', async () => {
    const { operation, token } = await unknownExpiry();
    const { id } = operation;
    await resolve('operations', id, { outcome: 'not-executed', reason: 'first look' });
    const refused = await resolve('operations', id, { outcome: 'executed', reason: 'second look' });
    expect([refused.status, refused.body['detail']]).toEqual([
      409,
      expect.stringMatching(/^The operation was resolved as not-executed at .+on-call: first look\)/),
    ]);
    const corrected = await resolve('operations', id, {
      outcome: 'executed',
      reason: 'second look',
      corrects: resolutionOf(refused),
    });
    expect([corrected.status, corrected.body['state']]).toEqual([200, 'completed']);
    const sent = external.requests.length;
    const repeat = await expire(token);
    expect([repeat.body['outcome'], repeat.headers.get('idempotency-replayed')]).toEqual(['unknown', 'true']);
    expect(external.requests).toHaveLength(sent);
    const named = await resolve('operations', id, { outcome: 'not-executed', reason: 'third look' });
    const back = { outcome: 'not-executed', reason: 'third look', corrects: resolutionOf(named) };
    expect((await resolve('operations', id, back)).body['state']).toBe('not-executed');
    expect(await itemsOf(`audit?subject=${String(id)}`)).toMatchObject([
      { change: 'completed → not-executed', reason: 'third look' },
      { change: 'not-executed → executed', reason: 'second look' },
      { change: 'unknown → not-executed', reason: 'first look' },
    ]);
    expect((await expire(token)).body['result']).toBe('OK');
  });

  it('is not corrected to executed once the key was used again', async () => {
    const { operation, token } = await unknownExpiry();
    await resolve('operations', operation['id'], { outcome: 'not-executed', reason: 'x' });
    await expire(token);
    const wanted = { outcome: 'executed', reason: 'y' };
    const corrects = resolutionOf(await resolve('operations', operation['id'], wanted));
    const { status, body } = await resolve('operations', operation['id'], { ...wanted, corrects });
    expect([status, body['detail']]).toEqual([
      409,
      expect.stringMatching(/^Its Idempotency-Key was used again, by op_[^,]+, which is completed\./),
    ]);
  });

  it('by two operators at once succeeds for one, and the other gets the event of the first', async () => {
    const { operation } = await unknownExpiry();
    const both = await Promise.all(
      ['executed', 'not-executed'].map((outcome) =>
        resolve('operations', operation['id'], { outcome, reason: 'x' }),
      ),
    );
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect(resolutionOf(both.find(({ status }) => status === 409)!)).toMatch(/^evt_/);
  });

  it('that the external has answered is refused', async () => {
    await asShop('DELETE', 'subscription/expire/tok-answered', undefined, 'key-answered');
    const answered = await gateway.app
      .get(Store)
      .read((db) =>
        db
          .selectFrom('operations')
          .select('id')
          .where('idempotency_key', '=', 'key-answered')
          .executeTakeFirstOrThrow(),
      );
    const body = {
      outcome: 'not-executed',
      reason: 'x',
      corrects: 'evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60',
    };
    expect((await resolve('operations', answered.id, body)).body['detail']).toBe(
      'The operation is completed, and not by a resolution: there is nothing to correct.',
    );
  });
});

it('of a subscription is corrected, which the state table would not allow; its receivers get both', async () => {
  external.behave(unavailable);
  const shopTransactionId = `order-${(count += 1)}`;
  await asShop('POST', 'subscription/start', {
    amount: 999,
    currency: 'EUR',
    shopTransactionId,
    subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
  });
  const parked = (await itemsOf('attention?kind=subscription-parked'))[0]!;
  const token = `tok-${shopTransactionId}`;
  await resolve('subscriptions', parked['id'], {
    status: 'CANCELED',
    reason: 'first look',
    subscriptionToken: token,
  });
  const wanted = { status: 'ACTIVE', reason: 'second look' };
  const refused = await resolve('subscriptions', parked['id'], wanted);
  expect([refused.status, refused.body['detail']]).toEqual([
    409,
    expect.stringMatching(/^The subscription was resolved as CANCELED at .+ \(on-call: first look\)/),
  ]);
  const corrects = resolutionOf(refused);
  const both = await Promise.all(
    [1, 2].map(() => resolve('subscriptions', parked['id'], { ...wanted, corrects })),
  );
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  expect((await itemsOf(`subscriptions?subscriptionToken=${token}`))[0]).toMatchObject({ state: 'ACTIVE' });
  await until(() => receivedOf('subscriptionToken', token).length === 2, 'both notifications');
  expect(receivedOf('subscriptionToken', token)).toEqual([
    ['CANCELED', '1'],
    ['ACTIVE', '2'],
  ]);
});

describe('kill -9 after a correction', () => {
  let place: DatabasePlace;
  let folder: string;

  beforeAll(async () => {
    place = await (postgresUrl() ? postgresSchema() : sqliteFile());
    folder = mkdtempSync(join(tmpdir(), 'tollgate-receivers-'));
    writeFileSync(join(folder, 'receivers.json'), JSON.stringify({ receivers: receivers() }));
  });
  afterAll(async () => {
    ({ url } = gateway);
    receiver.answers(200);
    await place.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('loses neither the correction nor its notification, and the key is free', async () => {
    receiver.answers(503);
    const database = variablesOf(place);
    const program = await startGatewayProcess({
      externals: externals(),
      env: { ...ENVIRONMENT, ...database, RECEIVERS_CONFIG: join(folder, 'receivers.json') },
    });
    ({ url } = program);
    const { refund, paymentId, repeat } = await unknownRefund();
    await resolve('refunds', refund['id'], { status: 'OK', reason: 'x' });
    const corrects = resolutionOf(await resolve('refunds', refund['id'], { status: 'KO', reason: 'y' }));
    await resolve('refunds', refund['id'], { status: 'KO', reason: 'y', corrects });
    program.kill('SIGKILL');
    await program.dispose();

    receiver.answers(200);
    const before = receivedOf('refundId', refund['refundId']).length;
    const later = new MovableClock();
    // With replicas, a lease must end first; on SQLite the next process is the only one.
    later.advance(LEASE_MS + 1_000);
    const restarted = await startGateway({
      externals: externals(),
      receivers: receivers(),
      env: ENVIRONMENT,
      database,
      clock: later,
    });
    try {
      ({ url } = restarted);
      const news = (): unknown[] => receivedOf('refundId', refund['refundId']).slice(before);
      await until(() => news().length > 0, 'the notification of the correction');
      expect(news()).toEqual([['FAILED', '2']]);
      expect((await repeat()).body['result']).toBe('OK');
      expect(await refundedOf(paymentId)).toBe(1_000);
    } finally {
      await restarted.close();
    }
  });
});
