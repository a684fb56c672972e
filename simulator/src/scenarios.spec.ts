import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ExternalClient,
  payBody,
  subscriptionBody,
  type ExternalCallOptions,
  type ExternalReply,
} from '../../test/support/external-client.js';
import { until } from '../../test/support/until.js';
import { scenariosOf, SCENARIO_NAMES, type ScenarioName, type ScenarioOperation } from './scenarios.js';
import { startSimulator, type Simulator } from './simulator.js';

type Call = (options: ExternalCallOptions) => Promise<ExternalReply>;

const DELAY_MS = 20;
const OPERATIONS: readonly ScenarioOperation[] = [
  'pay',
  'pay-by-link',
  'refund',
  'cancel',
  'subscription/schedule',
  'subscription/start',
  'subscription/pay',
  'subscription/update',
  'subscription/expire',
];

let simulator: Simulator;
let client: ExternalClient;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  client = new ExternalClient(simulator.url);
});

afterAll(() => simulator.close());

const executed = (): number => simulator.report({ paymentId: 'none' }).totals.calls.executed;
const replayed = (): number => simulator.report({ paymentId: 'none' }).totals.calls.replayed;

/** A call of each operation, after creating what it needs. */
const PREPARED: Readonly<Record<ScenarioOperation, (providerData: object) => Promise<Call>>> = {
  pay: (providerData) => post('/pay', payBody({ providerData })),
  'pay-by-link': (providerData) => post('/pay-by-link', payBody({ providerData })),
  refund: async (providerData) => {
    const { body } = await client.post('/pay', payBody());
    return post('/refund', { amount: 100, currency: 'EUR', paymentId: body?.paymentId, providerData });
  },
  cancel: async (providerData) => {
    const { body } = await client.post('/pay', payBody({ providerData: { scenario: 'redirect' } }));
    return post('/cancel', { paymentId: body?.paymentId, providerData });
  },
  'subscription/schedule': (providerData) =>
    post('/subscription/schedule', subscriptionBody({ providerData })),
  'subscription/start': (providerData) => post('/subscription/start', subscriptionBody({ providerData })),
  'subscription/pay': async (providerData) => {
    const token = await activeSubscription();
    return post('/subscription/pay', payBody({ subscriptionInfo: { token }, providerData }));
  },
  'subscription/update': async (providerData) => {
    const token = await activeSubscription();
    return post(`/subscription/update/${token}`, { amount: 999, currency: 'EUR', providerData });
  },
  'subscription/expire': async (providerData) => {
    const { scenario, ...knobs } = providerData as { scenario: string };
    const token = await activeSubscription({ expireScenario: scenario, ...knobs });
    return (options) => client.delete(`/subscription/expire/${token}`, options);
  },
};

async function post(path: string, body: object): Promise<Call> {
  return (options) => client.post(path, body, options);
}

async function activeSubscription(providerData: object = {}): Promise<string> {
  const { body } = await client.post('/subscription/schedule', subscriptionBody({ providerData }));
  return body?.subscriptionToken as string;
}

/** Aborts the call once it is executed and a later call is answered. */
async function callWithoutAnswer(call: Call, key: string, executedBefore: number): Promise<void> {
  const caller = new AbortController();
  const answer = call({ key, signal: caller.signal });
  answer.catch(() => undefined);
  await until(() => executed() > executedBefore, 'the execution');
  await client.get('/health');
  caller.abort();
  await expect(answer).rejects.toThrow('aborted');
}

function expectedResult(operation: ScenarioOperation, scenario: ScenarioName): string {
  if (operation === 'cancel' && scenario === 'late-success') return 'OK';
  if (operation === 'cancel' && scenario === 'cancel-refused') return 'KO';
  if (scenario === 'decline' || scenario === 'late-success') return 'KO';
  if (operation === 'pay-by-link') return 'OK';
  if (scenario === 'redirect' || scenario === 'cancel-refused') return 'REDIRECT_TO_URL';
  return ['pending', 'duplicate-callback', 'refund-pending'].includes(scenario) ? 'PENDING' : 'OK';
}

/** The result for the caller. */
async function expectFirst(operation: ScenarioOperation, scenario: ScenarioName, call: Call, key: string) {
  if (scenario === 'timeout') return callWithoutAnswer(call, key, executed());
  if (scenario === 'reset') return expect(call({ key })).rejects.toThrow('fetch failed');
  const startedAt = performance.now();
  const { status, body, headers } = await call({ key });
  if (scenario === 'error-500') return expect(status).toBe(500);
  if (scenario === 'error-422')
    return expect({ status, body }).toEqual({ status: 422, body: { detail: expect.any(String) } });
  if (scenario === 'not-supported') return expect({ status, body }).toEqual({ status: 404, body: undefined });
  expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'application/json' });
  if (scenario === 'malformed') return expect(body).toBeUndefined();
  expect(body?.result).toBe(expectedResult(operation, scenario));
  expect('redirectToUrl' in body!).toBe(body!.result === 'REDIRECT_TO_URL');
  if (scenario === 'slow') expect(performance.now() - startedAt).toBeGreaterThanOrEqual(DELAY_MS - 1);
}

describe.each(OPERATIONS)('%s', (operation) => {
  const known = scenariosOf(operation);

  it.each(known)('%s, and the same answer again by key', async (scenario) => {
    const call = await PREPARED[operation]({ scenario, delayMs: DELAY_MS });
    const before = { executed: executed(), replayed: replayed() };
    const key = `${operation}-${scenario}`;
    await expectFirst(operation, scenario, call, key);

    const executes = !['error-500', 'error-422', 'not-supported'].includes(scenario);
    expect(executed() - before.executed).toBe(executes ? 1 : 0);
    if (!executes) return;
    const repeated = await call({ key });
    expect(repeated.status).toBe(200);
    expect(repeated.body?.result).toBe(expectedResult(operation, scenario));
    expect((await call({ key })).text).toBe(repeated.text);
    expect(executed() - before.executed).toBe(1);
    expect(replayed() - before.replayed).toBe(2);
  });

  it.each(['timeout', 'reset', 'malformed', 'error-500'])(
    '%s executes according to providerData.executed',
    async (scenario) => {
      for (const wanted of [true, false]) {
        const call = await PREPARED[operation]({ scenario, executed: wanted });
        const before = executed();
        const caller = new AbortController();
        const ended = call({ signal: caller.signal }).catch(() => undefined);
        if (scenario === 'timeout') {
          await until(lastCallIsUnanswered, 'the call that is never answered');
          caller.abort();
        }
        await ended;
        expect(executed() - before).toBe(wanted ? 1 : 0);
        await client.delete('/requests');
      }
    },
  );

  it('rejects an unknown scenario with the list of known ones', async () => {
    const refused = SCENARIO_NAMES.filter((name) => !known.includes(name));
    for (const scenario of [...refused, 'bogus', '__proto__', 7]) {
      const reply =
        operation === 'subscription/expire'
          ? await client.post(
              '/subscription/schedule',
              subscriptionBody({ providerData: { expireScenario: scenario } }),
            )
          : await (
              await PREPARED[operation]({ scenario })
            )({});
      expect(reply.status).toBe(422);
      expect(reply.body?.detail).toContain(known.join(', '));
    }
  });
});

async function lastCallIsUnanswered(): Promise<boolean> {
  const { body } = await client.get('/requests?limit=1');
  const [last] = body!.items as { answer: unknown }[];
  return last?.answer === 'silence';
}

describe('parameters', () => {
  it.each([
    [{ delayMs: -1 }, 'delayMs'],
    [{ delayMs: 1.5 }, 'delayMs'],
    [{ delayMs: '5' }, 'delayMs'],
    [{ delayMs: 3_600_001 }, 'delayMs'],
    [{ finalStatus: 'PENDING' }, 'finalStatus'],
    [{ executed: 'yes' }, 'executed'],
    [{ callbackMethod: 'PUT' }, 'callbackMethod'],
    [{ callbackTimes: 101 }, 'callbackTimes'],
  ])('refuses %j', async (providerData, name) => {
    const { status, body } = await client.post('/pay', payBody({ providerData }));
    expect(status).toBe(422);
    expect(body?.detail).toContain(`providerData.${name} must be`);
  });

  it.each([
    ['pending', 'ACCEPTED'],
    ['pending', 'FAILED'],
    ['late-success', 'ACCEPTED'],
    ['timeout', 'FAILED'],
  ] as const)('%s ends %s', async (scenario, finalStatus) => {
    const body = payBody({ providerData: { scenario, finalStatus, delayMs: 5 } });
    const caller = new AbortController();
    const answer = client.post('/pay', body, { signal: caller.signal }).catch(() => undefined);
    const statusQuery = `/status?shopTransactionId=${String(body.shopTransactionId)}`;
    await until(async () => (await client.get(statusQuery)).body?.status === finalStatus, finalStatus);
    caller.abort();
    await answer;
  });

  it.each([
    ['redirect', 'ok', 'OK', 'FAILED'],
    ['redirect', 'pending', 'PENDING', 'FAILED'],
    ['redirect', 'late-success', 'OK', 'ACCEPTED'],
    ['redirect', 'decline', 'KO', 'PENDING'],
    ['cancel-refused', 'ok', 'KO', 'PENDING'],
    ['decline', 'ok', 'OK', 'FAILED'],
    ['ok', 'ok', 'KO', 'ACCEPTED'],
  ] as const)(
    'a payment of %s, cancelled by %s, answers %s and ends %s',
    async (paid, canceled, result, status) => {
      const { body } = await client.post('/pay', payBody({ providerData: { scenario: paid } }));
      const paymentId = String(body?.paymentId);
      const providerData = { scenario: canceled, delayMs: 5 };
      expect((await client.post('/cancel', { paymentId, providerData })).body?.result).toBe(result);
      await until(
        async () => (await client.get(`/status?paymentId=${paymentId}`)).body?.status === status,
        status,
      );
    },
  );

  it.each([
    ['refund-pending', 'ACCEPTED', 'ACCEPTED', 1_199],
    ['refund-pending', 'FAILED', 'FAILED', 1_299],
    ['refund-reversed', 'ACCEPTED', 'FAILED', 1_299],
    ['late-success', 'ACCEPTED', 'ACCEPTED', 1_199],
  ] as const)('a refund with %s and %s ends %s', async (scenario, finalStatus, status, rest) => {
    const { body: paid } = await client.post('/pay', payBody());
    const paymentId = String(paid?.paymentId);
    const refund = { amount: 100, currency: 'EUR', paymentId };
    const providerData = { scenario, finalStatus, delayMs: 5 };
    const key = `refund-${scenario}-${finalStatus}`;
    const { body } = await client.post('/refund', { ...refund, providerData }, { key });
    const refundId = String(body?.refundId);
    const query = `/refund/status?paymentId=${paymentId}`;
    await until(
      async () => (await client.get(`${query}&refundId=${refundId}`)).body?.status === status,
      status,
    );
    const byKey = await client.get(`${query}&idempotencyKey=${key}`);
    expect(byKey.body).toEqual({ status, refundId, ...refund });
    const { amount, refundedAmount } = simulator.book.payments.get(paymentId)!;
    expect(amount - refundedAmount).toBe(rest);
    expect((await client.get(`/refund/status?paymentId=other&refundId=${refundId}`)).status).toBe(404);
  });

  it('ignores providerData that is not for the simulator', async () => {
    const providerData = { card: { token: 'tok_1' }, list: [1, null], scenario: 'ok' };
    expect((await client.post('/pay', payBody({ providerData }))).body?.result).toBe('OK');
  });
});
