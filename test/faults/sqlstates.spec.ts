import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

/** One of each class of PostgreSQL's appendix A that an error can have, and those that the store treats by their code. */
const SQLSTATES = (
  '03000 08006 08P01 09000 0A000 0B000 0F000 0L000 0P000 20000 21000 22001 22021 22P02 23502 23503 23505 23514 ' +
  '24000 25001 25006 25P02 26000 27000 28000 2B000 2D000 34000 38000 39000 3B000 3D000 3F000 40001 40P01 42501 ' +
  '42601 42703 42P01 42P05 44000 53100 53200 53300 54000 55000 55P03 57014 57P01 57P03 58030 72000 F0000 HV000 ' +
  'P0001 XX000 XX001'
).split(' ');
/** Those that the store treats by their code, and a few that it does not know: for statements beside a payment's. */
const FEWER =
  '08006 22021 23505 25006 25P02 40001 40P01 53100 53300 55P03 57014 57P01 57P03 P0001 XX000'.split(' ');
const EUR_1 = { amount: 1, currency: 'EUR' };
const INTERVAL = { interval: 'DAY', intervalCount: 1 };

type Operation = readonly [method: string, path: string, body: object | undefined];
const PAY: Operation = ['POST', 'pay', { ...EUR_1, shopTransactionId: '$' }];
const REFUND: Operation = ['POST', 'refund', { ...EUR_1, paymentId: 'refunded' }];
const START: Operation = [
  'POST',
  'subscription/start',
  { ...EUR_1, shopTransactionId: '$', subscriptionInfo: INTERVAL },
];
const CHARGE: Operation = [
  'POST',
  'subscription/pay',
  { ...EUR_1, shopTransactionId: '$', subscriptionInfo: { token: 'token' } },
];
const UPDATE: Operation = ['POST', 'subscription/update/token', EUR_1];
const EXPIRE: Operation = ['DELETE', 'subscription/expire/token', undefined];

/** Each statement that writes: table, statement, whether the external was called before, the operation and the errors. */
const STATEMENTS: readonly (readonly [string, string, boolean, Operation, readonly string[]])[] = [
  ['operations', 'insert', false, PAY, SQLSTATES],
  ['payments', 'insert', false, PAY, SQLSTATES],
  ['operations', 'update', true, PAY, SQLSTATES],
  ['payments', 'update', true, PAY, SQLSTATES],
  ['ledger_events', 'insert', true, PAY, SQLSTATES],
  ['operations', 'insert', false, REFUND, FEWER],
  ['payments', 'update', false, REFUND, SQLSTATES],
  ['refunds', 'insert', false, REFUND, SQLSTATES],
  ['operations', 'update', true, REFUND, FEWER],
  ['refunds', 'update', true, REFUND, SQLSTATES],
  ['ledger_events', 'insert', true, REFUND, FEWER],
  ['subscriptions', 'insert', false, START, FEWER],
  ['subscriptions', 'update', true, START, FEWER],
  ['payments', 'update', true, START, FEWER],
  ['payments', 'insert', false, CHARGE, FEWER],
  ['payments', 'update', true, CHARGE, FEWER],
  ['operations', 'insert', false, UPDATE, FEWER],
  ['operations', 'update', true, UPDATE, FEWER],
  ['operations', 'insert', false, EXPIRE, FEWER],
  ['operations', 'update', true, EXPIRE, FEWER],
];
/** Statements of the workers, between a callback and the delivery of its notification. */
const WORKERS = [
  ['callbacks', 'update'],
  ['payments', 'update'],
  ['ledger_events', 'insert'],
  ['notifications', 'insert'],
  ['notifications', 'update'],
] as const;
const onCluster = testsClusters() ? describe : describe.skip;

onCluster('An error of PostgreSQL, of any class', () => {
  let cluster: PostgresCluster;
  let external: StubExternal;
  let receiver: StubExternal;
  let gateway: Gateway;
  let orders = 0;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    external = await startStubExternal(answerOk);
    receiver = await startStubExternal(() => ({}));
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: {
        PAYMENT_CALLBACK_URL: receiver.url,
        NOTIFICATION_SCHEDULE: '100ms,200ms,300ms,500ms,1s,1s,1s',
        RECONCILIATION_SCHEDULE: '100ms,200ms,300ms,500ms,1s,1s,1s',
      },
      database: { DATABASE_URL: cluster.url, DATABASE_POOL_SIZE: '3' },
    });
    await cluster.query('create table fault (place text, state text)');
    await cluster.query(`create function fail() returns trigger language plpgsql as $$
      declare state text;
      begin
        select fault.state into state from fault where place = tg_table_name || ' ' || lower(tg_op);
        if state is not null then raise exception using errcode = state, message = 'provoked'; end if;
        return new;
      end $$`);
    for (const table of new Set([...STATEMENTS, ...WORKERS].map(([name]) => name)))
      await cluster.query(
        `create trigger fail before insert or update on ${table} for each row execute function fail()`,
      );
    external.behave(() => ({ result: 'OK', paymentId: 'refunded' }));
    await request(PAY, { ...EUR_1, amount: 1_000_000, shopTransactionId: 'refunded' });
    external.behave(() => ({ result: 'OK', paymentId: 'first', subscriptionToken: 'token' }));
    await request(START);
  }, 60_000);
  afterAll(async () => {
    await gateway.close();
    await external.close();
    await receiver.close();
    await cluster.dispose();
  });

  const request = ([method, path, given]: Operation, body = given): Promise<Answer> => {
    orders += 1;
    const text = body && JSON.stringify(body).replace('$', `order-${orders}`);
    return call(`${gateway.url}/v3/acme/${path}`, method, text, { 'idempotency-key': `key-${orders}` });
  };

  it.each(STATEMENTS.map(([...given]) => [given[3][1], ...given] as const))(
    'is told truthfully, in %s: %s, %s',
    async (_path, table, statement, called, operation, states) => {
      const wrong: unknown[] = [];
      external.behave(() => ({ result: 'OK', paymentId: `p-${orders}`, subscriptionToken: 'token' }));
      if (operation === START)
        external.behave(() => ({ result: 'OK', paymentId: `p-${orders}`, subscriptionToken: `t-${orders}` }));
      for (const state of states) {
        await cluster.query(`insert into fault values ('${table} ${statement}', '${state}')`);
        external.requests.length = 0;
        const { status, body } = await request(operation);
        await cluster.query('delete from fault');
        const told = [status, body['code'], body['outcome'], external.requests.length];
        const right = [503, 'storage-unavailable', called ? 'unknown' : 'not-executed', called ? 1 : 0];
        if (String(told) !== String(right)) wrong.push([state, ...told]);
      }
      expect(wrong).toEqual([]);
      await until(
        async () => {
          const open = await cluster.query(
            `select id from payments where state not in ('ACCEPTED', 'FAILED')
             union all select id from operations where state = 'running'
             union all select id from refunds where state not in ('OK', 'KO')
             union all select id from subscriptions where state not in ('ACTIVE', 'FAILED', 'EXPIRED')`,
          );
          return open.length === 0;
        },
        'everything to have an end',
        30_000,
      );
      const [{ rest }] = (await cluster.query(
        `select sum(amount_minor * case state when 'KO' then 0 else 1 end) - (select refunded_minor from payments where payment_id = 'refunded') as rest from refunds`,
      )) as unknown as [{ rest: unknown }];
      expect(Number(rest)).toBe(0);
    },
    90_000,
  );

  it('does not acknowledge a callback that is not stored', async () => {
    for (const state of FEWER) {
      await cluster.query(`insert into fault values ('callbacks insert', '${state}')`);
      const { status, body } = await call(`${gateway.url}/v3/acme/callback?paymentId=${state}`, 'GET');
      await cluster.query('delete from fault');
      expect([state, status, body['code']]).toEqual([state, 503, 'storage-unavailable']);
    }
  });

  it.each(WORKERS)(
    'loses no notification: %s, %s',
    async (table, statement) => {
      let expected = orders;
      for (const state of FEWER) {
        external.behave(({ method }) =>
          method === 'GET' ? { status: 'ACCEPTED' } : { result: 'PENDING', paymentId: `n-${orders}` },
        );
        await request(PAY);
        expected = orders;
        const before = external.requests.length;
        await cluster.query(`insert into fault values ('${table} ${statement}', '${state}')`);
        const callback = await call(`${gateway.url}/v3/acme/callback?paymentId=n-${orders}`, 'GET');
        expect(callback.status).toBe(200);
        await until(() => external.requests.length > before || table === 'callbacks', 'the query');
        await cluster.query('delete from fault');
        await until(
          () =>
            receiver.requests.some(
              ({ body }) => body.includes(`"n-${expected}"`) && body.includes('ACCEPTED'),
            ),
          `the notification after ${state}`,
          20_000,
        );
      }
      await until(
        async () =>
          (await cluster.query(`select id from notifications where state not in ('DELIVERED', 'SUPERSEDED')`))
            .length === 0,
        'all notifications to be delivered',
        20_000,
      );
      expect(
        await cluster.query(`select id from payments where state <> 'ACCEPTED' and payment_id like 'n-%'`),
      ).toEqual([]);
    },
    180_000,
  );
});
