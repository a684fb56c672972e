import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ExternalProviderRegistry } from '../../src/providers/external-provider.registry.js';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerJson,
  answerOk,
  startStubExternal,
  type StubBehaviour,
  type StubExternal,
} from '../support/stub-external.js';
import { until } from '../support/until.js';

const LIMIT = 4;
const REFUSED = 200;
const AT_ONCE = 10;

let external: StubExternal;
let gateway: Gateway;
let release: () => void;

const pay = (order: string, key?: string): Promise<Answer> =>
  call(
    `${gateway.url}/v3/acme/pay`,
    'POST',
    { amount: 1, currency: 'EUR', shopTransactionId: order },
    key ? { 'idempotency-key': key } : {},
  );
const rows = async (): Promise<number> => {
  const { count } = await gateway.app.get(Store).read((db) =>
    db
      .selectFrom('operations')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow(),
  );
  return count;
};

async function start(config: object): Promise<void> {
  gateway = await startGateway({
    env: { WORKERS: 'off' },
    externals: [{ externalService: 'acme', baseUrl: external.url, maxConcurrency: LIMIT, ...config }],
  });
}

beforeEach(async () => {
  release = () => {};
  external = await startStubExternal();
});
afterEach(async () => {
  release();
  await gateway.close();
  await external.close();
});

/** `REFUSED` payments, with and without a key, so few at once that no machine is too slow to admit them. */
async function payRefused(): Promise<Answer[]> {
  const answers: Answer[] = [];
  while (answers.length < REFUSED) {
    const orders = Array.from({ length: AT_ONCE }, (_, i) => `refused-${answers.length + i}`);
    answers.push(...(await Promise.all(orders.map((order, i) => pay(order, i % 2 ? order : undefined)))));
  }
  return answers;
}

/** Holds `LIMIT` calls at the external. */
async function saturate(): Promise<{ held: Promise<Answer[]> }> {
  const held = Promise.withResolvers<void>();
  release = held.resolve;
  external.requests.length = 0;
  external.behave(async (arrived, response) => {
    await held.promise;
    return answerOk(arrived, response);
  });
  const answers = Promise.all(Array.from({ length: LIMIT }, (_, i) => pay(`held-${i}`, `held-${i}`)));
  await until(() => external.requests.length === LIMIT, 'the calls to arrive');
  return { held: answers };
}

it('writes no row for a call above the concurrency limit of its external', async () => {
  await start({});
  const { held } = await saturate();
  const refused = await payRefused();
  expect(
    refused.filter(
      ({ status, body, headers }) =>
        status === 503 &&
        body['code'] === 'provider-unavailable' &&
        body['outcome'] === 'not-executed' &&
        headers.has('retry-after'),
    ),
  ).toHaveLength(REFUSED);
  expect(await rows()).toBe(LIMIT);
  release();
  expect((await held).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await pay('refused-1', 'refused-1')).status).toBe(200);
  expect(external.requests).toHaveLength(LIMIT + 1);
});

it('answers the repeat of an earlier request while no slot is free', async () => {
  await start({});
  expect((await pay('paid', 'paid')).status).toBe(200);
  const { held } = await saturate();
  const repeat = await pay('paid', 'paid');
  expect([repeat.status, repeat.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  const running = await pay('held-0', 'held-0');
  expect([running.body['code'], running.body['outcome']]).toEqual(['idempotency-conflict', 'unknown']);
  const other = await pay('other', 'paid');
  expect(other.body['code']).toBe('idempotency-key-reused');
  release();
  await held;
});

it('frees the slot of a request that is refused before its call', async () => {
  await start({});
  expect((await pay('once')).status).toBe(200);
  for (let i = 0; i < 2 * LIMIT; i++) expect((await pay('once')).body['code']).toBe('duplicate-payment');
  expect((await pay('another')).status).toBe(200);
  for (let i = 0; i < 2 * LIMIT; i++) expect((await pay('keyed', 'keyed')).status).toBe(200);
  expect((await pay('last')).status).toBe(200);
});

const fails: StubBehaviour = (_, response) => answerJson(response, 500, {});

it('writes no row while the circuit is open', async () => {
  await start({ circuitBreaker: { failures: 1, windowMs: 10_000, openMs: 60_000 } });
  expect((await pay('paid', 'paid')).status).toBe(200);
  external.behave(fails);
  expect((await pay('failed')).body['outcome']).toBe('unknown');
  const before = await rows();
  const refused = await payRefused();
  expect(
    refused.filter(
      ({ body }) => body['code'] === 'provider-unavailable' && body['outcome'] === 'not-executed',
    ),
  ).toHaveLength(REFUSED);
  expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThan(30);
  expect(await rows()).toBe(before);
  const repeat = await pay('paid', 'paid');
  expect([repeat.status, repeat.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
});

it('writes one row for the probe of a half-open circuit, and none for what it refuses meanwhile', async () => {
  const openMs = 100;
  await start({ circuitBreaker: { failures: 1, windowMs: 10_000, openMs } });
  expect((await pay('paid', 'paid')).status).toBe(200);
  external.behave(fails);
  await pay('failed');
  await until(async () => (await circuit()) === 'half-open', 'the pause of the circuit to end');
  const before = await rows();
  // Neither needs the external: each gives the probe back.
  expect((await pay('paid', 'paid')).status).toBe(200);
  expect((await pay('paid')).body['code']).toBe('duplicate-payment');
  const held = Promise.withResolvers<void>();
  release = held.resolve;
  external.requests.length = 0;
  external.behave(async (arrived, response) => {
    await held.promise;
    return answerOk(arrived, response);
  });
  const probe = pay('probe');
  await until(() => external.requests.length === 1, 'the probe to arrive');
  const refused = await Promise.all(Array.from({ length: 20 }, (_, i) => pay(`beside-${i}`)));
  expect(new Set(refused.map(({ body }) => body['code']))).toEqual(new Set(['provider-unavailable']));
  expect(await rows()).toBe(before + 1);
  release();
  expect((await probe).status).toBe(200);
  expect((await pay('after')).status).toBe(200);
});

it('writes no row for an operation that is switched off', async () => {
  await start({ operations: { refund: false } });
  const { body } = await pay('paid');
  const before = await rows();
  const refund = { amount: 1, currency: 'EUR', paymentId: body['paymentId'] };
  for (let i = 0; i < 20; i++) {
    const key: Record<string, string> = i % 2 ? { 'idempotency-key': `refund-${i}` } : {};
    const refused = await call(`${gateway.url}/v3/acme/refund`, 'POST', refund, key);
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      501,
      'operation-not-supported',
      'not-executed',
    ]);
  }
  expect(await rows()).toBe(before);
  expect(external.requests).toHaveLength(1);
});

async function circuit(): Promise<string | undefined> {
  return gateway.app.get(ExternalProviderRegistry).get('acme')?.health().circuit;
}
