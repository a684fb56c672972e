import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ExternalClient,
  payBody,
  subscriptionBody,
  type ExternalReply,
} from '../../test/support/external-client.js';
import { until } from '../../test/support/until.js';
import { startSimulator, type Simulator } from './simulator.js';

let simulator: Simulator;
let client: ExternalClient;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  client = new ExternalClient(simulator.url);
});

afterAll(() => simulator.close());

async function paid(overrides: object = {}): Promise<string> {
  const { body } = await client.post('/pay', payBody(overrides));
  return body?.paymentId as string;
}

function refund(paymentId: string, amount: number, overrides: object = {}): Promise<ExternalReply> {
  return client.post('/refund', { amount, currency: 'EUR', paymentId, ...overrides });
}

describe('invalid requests', () => {
  it.each([
    [{ amount: 0 }, 'amount'],
    [{ amount: 12.5 }, 'amount'],
    [{ amount: '1299' }, 'amount'],
    [{ currency: 'eur' }, 'currency'],
    [{ currency: undefined }, 'currency'],
    [{ shopTransactionId: '' }, 'shopTransactionId'],
    [{ successRedirectUrl: 'javascript:alert(1)' }, 'successRedirectUrl'],
  ])('%j', async (overrides, name) => {
    const { status, body } = await client.post('/pay', payBody(overrides));
    expect(status).toBe(422);
    expect(body?.detail).toContain(name);
  });

  it.each(['', '{', 'null', '[]', '"pay"'])('the body %j', async (text) => {
    const { status, body } = await client.call('POST', '/pay', {}, text);
    expect(status).toBe(400);
    expect(body?.detail).toContain('The body is');
  });

  it('a body over 1 MiB; 128 KiB is accepted', async () => {
    expect((await client.post('/pay', payBody({ note: 'x'.repeat(131_072) }))).status).toBe(200);
    expect((await client.post('/pay', payBody({ note: 'x'.repeat(1_048_576) }))).status).toBe(413);
  });

  it('a subscription without its interval creates no record', async () => {
    const before = simulator.report().totals;
    for (const subscriptionInfo of [
      undefined,
      [],
      { interval: 'WEEK', intervalCount: 1 },
      { interval: 'DAY' },
    ]) {
      expect((await client.post('/subscription/start', subscriptionBody({ subscriptionInfo }))).status).toBe(
        422,
      );
    }
    const redirect = subscriptionBody({ successRedirectUrl: 'nowhere' });
    expect((await client.post('/subscription/start', redirect)).status).toBe(422);
    expect(simulator.report().totals.subscriptions).toBe(before.subscriptions);
  });
});

describe('routes', () => {
  it('answers 404 without JSON for an unknown path: not supported', async () => {
    const { status, body } = await client.post('/pay/later', payBody());
    expect({ status, body }).toEqual({ status: 404, body: undefined });
    expect((await client.get('/subscription/status/%')).status).toBe(404);
  });

  it('answers 405 with Allow for a method that the path does not support', async () => {
    const wrong = await client.get('/pay');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    const expire = await client.post('/subscription/expire/x', {});
    expect([expire.status, expire.headers.get('allow')]).toEqual([405, 'DELETE']);
  });
});

describe('status', () => {
  it('answers by paymentId and by shopTransactionId', async () => {
    const body = payBody();
    const paymentId = await paid(body);
    const expected = {
      status: 'ACCEPTED',
      paymentId,
      shopTransactionId: body.shopTransactionId,
      metadata: { scenario: 'ok', refundedAmount: 0 },
    };
    expect((await client.get(`/status?paymentId=${paymentId}`)).body).toEqual(expected);
    expect((await client.get(`/status?shopTransactionId=${String(body.shopTransactionId)}`)).body).toEqual(
      expected,
    );
  });

  it('prefers the payment of an order that is not FAILED', async () => {
    const { shopTransactionId } = payBody();
    const accepted = await paid({ shopTransactionId });
    await paid({ shopTransactionId, providerData: { scenario: 'decline' } });
    const { body } = await client.get(`/status?shopTransactionId=${String(shopTransactionId)}`);
    expect(body).toMatchObject({ paymentId: accepted, status: 'ACCEPTED' });
  });

  it.each(['paymentId=never', 'shopTransactionId=never', 'paymentId=__proto__'])(
    'answers 404 with a JSON object to %s',
    async (query) => {
      const { status, body } = await client.get(`/status?${query}`);
      expect({ status, body }).toEqual({
        status: 404,
        body: { detail: expect.stringContaining('No payment has') },
      });
    },
  );

  it('answers 400 without paymentId and shopTransactionId', async () => {
    expect((await client.get('/status')).status).toBe(400);
  });
});

describe('refunds', () => {
  it('cannot exceed the amount of the payment', async () => {
    const paymentId = await paid({ amount: 1_000 });
    expect((await refund(paymentId, 400)).body).toEqual({ result: 'OK', refundId: expect.any(String) });
    expect((await refund(paymentId, 601)).body).toEqual({
      result: 'KO',
      refundId: expect.any(String),
      resultDescription: 'Only 600 of 1000 can still be refunded',
    });
    expect((await refund(paymentId, 600)).body?.result).toBe('OK');
    expect((await refund(paymentId, 1)).body?.result).toBe('KO');
    const { refunds, payments } = simulator.report({ paymentId });
    expect(refunds.map((one) => (one as { result: string }).result)).toEqual(['OK', 'KO', 'OK', 'KO']);
    expect(payments).toEqual([expect.objectContaining({ refundedAmount: 1_000 })]);
  });

  it('reserves the amount of a PENDING refund and releases it after KO', async () => {
    const paymentId = await paid({ amount: 1_000 });
    const providerData = { scenario: 'pending', finalStatus: 'FAILED', delayMs: 30 };
    expect((await refund(paymentId, 1_000, { providerData })).body?.result).toBe('PENDING');
    expect((await refund(paymentId, 1)).body?.result).toBe('KO');
    await until(async () => (await refund(paymentId, 1_000)).body?.result === 'OK', 'the freed amount');
  });

  it('declines another currency and a payment that was not accepted', async () => {
    expect((await refund(await paid(), 1, { currency: 'USD' })).body?.result).toBe('KO');
    const declined = await paid({ providerData: { scenario: 'decline' } });
    expect((await refund(declined, 1)).body).toMatchObject({
      result: 'KO',
      resultDescription: 'The payment is FAILED',
    });
  });

  it('answers 404 with a JSON object to an unknown payment', async () => {
    const { status, body } = await refund('never', 1);
    expect({ status, body }).toEqual({ status: 404, body: { detail: expect.any(String) } });
  });
});

async function stateOf(token: unknown): Promise<unknown> {
  return (await client.get(`/subscription/status/${String(token)}`)).body?.status;
}

async function started(providerData: object): Promise<Record<string, unknown>> {
  return (await client.post('/subscription/start', subscriptionBody({ amount: 0, providerData }))).body!;
}

async function charged(token: unknown, scenario: string): Promise<Record<string, unknown>> {
  const body = payBody({ subscriptionInfo: { token }, providerData: { scenario } });
  return (await client.post('/subscription/pay', body)).body!;
}

describe('subscriptions', () => {
  it('become ACTIVE or CANCELED by their first payment, PAST_DUE and ACTIVE by later ones', async () => {
    const { subscriptionToken, result } = await started({});
    expect([result, await stateOf(subscriptionToken)]).toEqual(['OK', 'ACTIVE']);
    expect([(await charged(subscriptionToken, 'decline')).result, await stateOf(subscriptionToken)]).toEqual([
      'KO',
      'PAST_DUE',
    ]);
    expect([(await charged(subscriptionToken, 'ok')).result, await stateOf(subscriptionToken)]).toEqual([
      'OK',
      'ACTIVE',
    ]);
    const declined = await started({ scenario: 'decline' });
    expect(await stateOf(declined.subscriptionToken)).toBe('CANCELED');
  });

  it('wait for a first payment that is pending', async () => {
    // One that stays as it is while the test looks, and one that soon changes.
    const waiting = await started({ scenario: 'pending', delayMs: 3_600_000 });
    expect(await stateOf(waiting.subscriptionToken)).toBe('PENDING');
    expect((await charged(waiting.subscriptionToken, 'ok')).result).toBe('KO');
    const decided = await started({ scenario: 'pending', delayMs: 20 });
    expect(decided.result).toBe('PENDING');
    await until(async () => (await stateOf(decided.subscriptionToken)) === 'ACTIVE', 'ACTIVE');
    const declined = await started({ scenario: 'late-success', delayMs: 3_600_000 });
    expect(await stateOf(declined.subscriptionToken)).toBe('CANCELED');
    const late = await started({ scenario: 'late-success', delayMs: 20 });
    expect(late.result).toBe('KO');
    await until(async () => (await stateOf(late.subscriptionToken)) === 'ACTIVE', 'ACTIVE');
  });

  it('decline payments and updates after they expired', async () => {
    const { subscriptionToken } = await started({});
    const path = `/subscription/expire/${String(subscriptionToken)}`;
    expect((await client.delete(path)).body).toEqual({ result: 'OK', subscriptionToken });
    expect(await stateOf(subscriptionToken)).toBe('EXPIRED');
    expect(await charged(subscriptionToken, 'ok')).toMatchObject({
      result: 'KO',
      resultDescription: 'The subscription is EXPIRED',
      paymentId: expect.any(String),
      subscriptionToken,
    });
    const update = await client.post(`/subscription/update/${String(subscriptionToken)}`, {
      shopTransactionId: 'x',
    });
    expect(update.body?.result).toBe('KO');
    expect((await client.delete(path)).body?.result).toBe('OK');
    expect(await stateOf(subscriptionToken)).toBe('EXPIRED');
  });

  it('are updated field by field', async () => {
    const { subscriptionToken } = await started({});
    const path = `/subscription/update/${String(subscriptionToken)}`;
    const { body } = await client.post(path, {
      amount: 5,
      currency: 'JPY',
      subscriptionInfo: { intervalCount: 3 },
    });
    expect(body).toEqual({ result: 'OK', subscriptionToken });
    expect(simulator.book.subscriptions.get(subscriptionToken as string)).toMatchObject({
      amount: 5,
      currency: 'JPY',
      interval: 'MONTH',
      intervalCount: 3,
    });
    expect((await client.post(path, { amount: 5 })).status).toBe(422);
  });

  it('expire by an earlier providerData.expireScenario and keep nothing else of providerData', async () => {
    const { subscriptionToken } = await started({
      expireScenario: 'pending',
      delayMs: 20,
      card: '4111111111111111',
    });
    expect(JSON.stringify([...simulator.book.subscriptions.values()])).not.toContain('41111111');
    const { body } = await client.delete(`/subscription/expire/${String(subscriptionToken)}`);
    expect(body?.result).toBe('PENDING');
    await until(async () => (await stateOf(subscriptionToken)) === 'EXPIRED', 'EXPIRED');
  });

  it('answer 404 with a JSON object to an unknown token', async () => {
    const info = { subscriptionInfo: { token: 'never' } };
    for (const reply of [
      await client.get('/subscription/status/never'),
      await client.delete('/subscription/expire/never'),
      await client.post('/subscription/update/never', { shopTransactionId: 'x' }),
      await client.post('/subscription/pay', payBody(info)),
    ]) {
      expect({ status: reply.status, body: reply.body }).toEqual({
        status: 404,
        body: { detail: expect.any(String) },
      });
    }
  });
});
