import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { faketime, PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const HOUR_MS = 3_600_000;
const KEYS = Array.from({ length: 5 }, (_, index) => `k${index}`);
/** Two readings of the database's clock, of which the second publishes. */
const PUBLISHED_MS = 12_000;
const onSteppingCluster = testsClusters() && faketime() ? describe : describe.skip;

onSteppingCluster('Replicas whose database’s clock steps', () => {
  let cluster: PostgresCluster;
  let external: StubExternal;
  let receiver: TestReceiver;
  let schemas = 0;
  let database: Record<string, string>;
  let refunds: number;
  let endCall: () => void;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    await cluster.stop();
    cluster.stepClock(0);
    await cluster.boot();
  }, 60_000);
  afterAll(() => cluster.dispose());

  beforeEach(async () => {
    cluster.stepClock(0);
    const schema = `clock_${(schemas += 1)}`;
    await cluster.query(`create schema ${schema}`);
    database = { DATABASE_URL: cluster.url, DATABASE_SCHEMA: schema, DATABASE_POOL_SIZE: '4' };
    const ended = Promise.withResolvers<void>();
    endCall = ended.resolve;
    refunds = 0;
    external = await startStubExternal(async ({ url, method, headers }) => {
      if (method === 'GET') return { status: 'ACCEPTED' };
      if (headers['idempotency-key'] === 'slow') await ended.promise;
      if (!url.includes('refund')) return { result: 'OK', paymentId: 'slow' };
      refunds += 1;
      return { result: 'OK' };
    });
    receiver = await startReceiver();
  });
  afterEach(async () => {
    endCall();
    for (const close of closing.splice(0).toReversed()) await close();
    await external.close();
    await receiver.stop();
  });

  const options = (timeoutMs: number) => ({
    externals: [{ externalService: 'acme', baseUrl: external.url, timeoutMs }],
    env: { PAYMENT_CALLBACK_URL: receiver.url, NOTIFICATION_SCHEDULE: '3s,3s,3s' },
  });
  const running = async (timeoutMs = 60_000): Promise<Gateway> => {
    const gateway = await startGateway({ ...options(timeoutMs), database });
    closing.push(() => gateway.close());
    return gateway;
  };
  const starting = async (): Promise<GatewayProcess> => {
    const { externals, env } = options(60_000);
    const gateway = await startGatewayProcess({ externals, env: { ...env, ...database } });
    closing.push(() => gateway.dispose());
    return gateway;
  };
  const refund = (url: string, key: string): Promise<Answer> =>
    call(
      `${url}/v3/acme/refund`,
      'POST',
      { amount: 1, currency: 'EUR', paymentId: 'pm' },
      { 'idempotency-key': key },
    );
  const operation = async (key: string) => {
    const [row] = await cluster.query<{ state: string; key_held: number }>(
      `select state, key_held from ${database['DATABASE_SCHEMA']}.operations where idempotency_key = '${key}'`,
    );
    return row!;
  };
  /** Recovery ends calls past their deadline, then releases expired keys: both are done once this one is free. */
  const recoveryTurn = async (key: string): Promise<void> => {
    await cluster.query(
      `update ${database['DATABASE_SCHEMA']}.operations set expires_at = 1 where idempotency_key = '${key}'`,
    );
    await until(async () => (await operation(key)).key_held === 0, 'a turn of the recovery', 20_000);
  };
  /** What the running replica has written about the step. */
  const published = async (heldMs: number): Promise<void> =>
    until(
      async () => {
        const [row] = await cluster.query<{ value: string }>(
          `select value from ${database['DATABASE_SCHEMA']}.settings where key = 'clock-offset'`,
        );
        const held = row && (JSON.parse(row.value) as { heldMs: number }).heldMs;
        return held !== undefined && Math.abs(held - heldMs) < 2_000;
      },
      'the offset',
      PUBLISHED_MS,
    );

  it.each([
    ['60 s ahead', 'noticed', 60_000],
    ['25 h ahead', 'not noticed yet', 25 * HOUR_MS],
    ['3 h behind', 'noticed', -3 * HOUR_MS],
    ['3 h behind', 'not noticed yet', -3 * HOUR_MS],
  ])(
    'keep keys and calls in flight where one starts: %s, %s by the other',
    async (_step, noticed, byMs) => {
      const first = await running();
      for (const key of [...KEYS, 'turn']) expect((await refund(first.url, key)).status).toBe(200);
      const slow = call(
        `${first.url}/v3/acme/pay`,
        'POST',
        { amount: 1, currency: 'EUR', shopTransactionId: 'slow' },
        { 'idempotency-key': 'slow' },
      );
      await until(() => external.requests.length === KEYS.length + 2, 'the call');
      await published(0);
      cluster.stepClock(byMs);
      if (noticed === 'noticed') await published(-byMs);
      const second = await starting();
      await recoveryTurn('turn');
      expect(await operation('slow')).toMatchObject({ state: 'running' });
      for (const key of KEYS) {
        expect((await refund(second.url, key)).status).toBe(200);
        expect((await refund(first.url, key)).status).toBe(200);
      }
      expect(refunds).toBe(KEYS.length + 1);
      endCall();
      expect((await slow).status).toBe(200);
      expect(second.output()).toContain('A clock stepped');
    },
    90_000,
  );

  it('keep keys where all replicas start after the step', async () => {
    const first = await running();
    for (const key of [...KEYS, 'turn']) await refund(first.url, key);
    await closing.pop()!();
    cluster.stepClock(25 * HOUR_MS);
    const second = await starting();
    await recoveryTurn('turn');
    for (const key of KEYS) await refund(second.url, key);
    expect(refunds).toBe(KEYS.length + 1);
  }, 60_000);

  it.each([
    ['3 h back', -3 * HOUR_MS],
    ['25 h forward', 25 * HOUR_MS],
  ])(
    'deliver what is due, once, after a step of %s',
    async (_step, byMs) => {
      const first = await running();
      receiver.answers(503, 200);
      await call(`${first.url}/v3/acme/check?paymentId=pm`, 'GET');
      await until(() => receiver.received.length === 1, 'the first attempt');
      cluster.stepClock(byMs);
      await starting();
      await until(() => receiver.received.length === 2, 'the second attempt', 20_000);
      const delivered = (): Promise<unknown[]> =>
        first.app
          .get(Store)
          .read((db) =>
            db.selectFrom('notifications').selectAll().where('state', '=', 'DELIVERED').execute(),
          );
      await until(async () => (await delivered()).length === 1, 'the delivery to be recorded');
      expect(receiver.received).toHaveLength(2);
    },
    60_000,
  );
});
