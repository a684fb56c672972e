import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OperationRecovery } from '../../src/operations/operation.recovery.js';
import type { OperationRow } from '../../src/operations/operation.table.js';
import { PaymentLedger } from '../../src/payments/payment.ledger.js';
import type { PaymentRow } from '../../src/payments/payment.table.js';
import { Store } from '../../src/persistence/store.js';
import { AT_ONCE, type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

/** An operation of a dead process, seen from a second gateway on the same ledger. */
describe('an operation of a dead process', () => {
  let external: StubExternal;
  let clock: TestClock;
  let gateway: Gateway;
  let release: () => void;
  let answered: object;
  let first: Promise<Answer>;

  const send = (): Promise<Answer> =>
    call(
      `${gateway.url}/v3/acme/pay`,
      'POST',
      { amount: 1, currency: 'EUR', shopTransactionId: 'o' },
      { 'idempotency-key': 'k' },
    );
  const operation = (): Promise<OperationRow> =>
    gateway.app.get(Store).read((db) => db.selectFrom('operations').selectAll().executeTakeFirstOrThrow());
  const payment = (): Promise<PaymentRow> =>
    gateway.app.get(Store).read((db) => db.selectFrom('payments').selectAll().executeTakeFirstOrThrow());

  beforeEach(async () => {
    clock = new TestClock();
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    release = answer.resolve;
    answered = { result: 'OK', paymentId: 'pm' };
    external = await startStubExternal(async () => {
      arrived.resolve();
      await answer.promise;
      return answered;
    });
    gateway = await startGateway({
      clock,
      env: { WORKERS: 'off' },
      externals: [{ externalService: 'acme', baseUrl: external.url, timeoutMs: 5_000 }],
    });
    first = send();
    await arrived.promise;
  });
  afterEach(async () => {
    release();
    await first;
    await gateway.close();
    await external.close();
  });

  it('is stored before the external is called', async () => {
    expect(await operation()).toMatchObject({ state: 'running', idempotency_key: 'k' });
    expect(await payment()).toMatchObject({ state: 'CREATED', amount_minor: 1 });
  });

  it('is unchanged before its deadline, and UNKNOWN after it', async () => {
    const recovery = gateway.app.get(OperationRecovery);
    clock.advance(9_999);
    await recovery.turn();
    expect(await payment()).toMatchObject({ state: 'CREATED' });
    clock.advance(1);
    await recovery.turn();
    expect(await payment()).toMatchObject({ state: 'UNKNOWN' });
    expect(await operation()).toMatchObject({ state: 'unknown', answer_status: 502 });
  });

  it('is abandoned by a repeat after its deadline', async () => {
    expect((await send()).body['code']).toBe('idempotency-conflict');
    clock.advance(10_000);
    const repeat = await send();
    expect([repeat.status, repeat.body['outcome'], repeat.headers.get('idempotency-replayed')]).toEqual([
      502,
      'unknown',
      'true',
    ]);
    expect(external.requests).toHaveLength(1);
  });

  it('is settled by its late answer if its process is alive', async () => {
    clock.advance(10_000);
    await send();
    release();
    expect((await first).status).toBe(200);
    expect(await payment()).toMatchObject({ state: 'ACCEPTED', payment_id: 'pm' });
    expect(await operation()).toMatchObject({ state: 'completed', answer_status: 200 });
    expect((await send()).headers.get('idempotency-replayed')).toBe('true');
  });

  it('is watched again if its late answer is PENDING, and it was settled as never seen', async () => {
    clock.advance(10_000);
    await send();
    const seen = await payment();
    await gateway.app.get(Store).transaction((trx) =>
      gateway.app.get(PaymentLedger).move(trx, seen, 'FAILED', {
        source: 'reconciliation',
        cause: null,
        notify: { when: 'on-change' },
      }),
    );
    expect(await payment()).toMatchObject({ state: 'FAILED', next_ask_at: null });
    answered = { result: 'REDIRECT_TO_URL', redirectToUrl: 'https://pay.example', paymentId: 'pm' };
    release();
    expect((await first).status).toBe(200);
    expect(await payment()).toMatchObject({
      state: 'PENDING',
      payment_id: 'pm',
      next_ask_at: clock.now() + 60_000,
    });
  });
});

describe('two replicas on one database', () => {
  const replicas: Gateway[] = [];
  afterEach(async () => {
    for (const replica of replicas.splice(0).toReversed()) await replica.close();
  });

  // SQLite belongs to one process (SPEC §8): replicas need PostgreSQL.
  const onPostgres = process.env['TEST_DATABASE_URL'] ? it : it.skip;
  onPostgres('execute equal requests once', async () => {
    const external = await startStubExternal();
    const externals = [{ externalService: 'acme', baseUrl: external.url }];
    const one = await startGateway({ externals });
    const two = await startGateway({ externals, database: one.database });
    replicas.push(one, two);
    const answers = await Promise.all(
      Array.from({ length: 2 * AT_ONCE }, (_, index) =>
        call(
          `${(index % 2 ? one : two).url}/v3/acme/pay`,
          'POST',
          { amount: 1, currency: 'EUR', shopTransactionId: 'o' },
          { 'idempotency-key': 'k' },
        ),
      ),
    );
    expect(external.requests).toHaveLength(1);
    expect(
      answers.every(({ status, body }) => status === 200 || body['code'] === 'idempotency-conflict'),
    ).toBe(true);
    const repeat = await call(
      `${two.url}/v3/acme/pay`,
      'POST',
      { amount: 1, currency: 'EUR', shopTransactionId: 'o' },
      { 'idempotency-key': 'k' },
    );
    expect([repeat.status, repeat.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    await external.close();
  });
});

/** The external answers a refund only after it was settled by another cause. */
describe('a refund with a late answer', () => {
  let external: StubExternal;
  let gateway: Gateway;
  let release: () => void;
  let ended: Promise<Answer>;

  const post = (operation: string, body: object): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/${operation}`, 'POST', body);
  const refund = (): Promise<object> =>
    gateway.app
      .get(Store)
      .read((db) =>
        db
          .selectFrom('refunds')
          .innerJoin('payments', 'payments.id', 'refunds.payment_ref')
          .select(['refunds.state', 'refunds.reserved', 'refunds.reversal', 'payments.refunded_minor'])
          .executeTakeFirstOrThrow(),
      );

  /** A refund of unknown outcome, which the external will answer by `result`. */
  async function hold(result: 'OK' | 'KO'): Promise<void> {
    const clock = new TestClock();
    const arrived = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    release = held.resolve;
    external = await startStubExternal(async ({ url }) => {
      if (url === '/pay') return { result: 'OK', paymentId: 'pm' };
      arrived.resolve();
      await held.promise;
      return { result };
    });
    gateway = await startGateway({
      clock,
      env: { WORKERS: 'off' },
      externals: [{ externalService: 'acme', baseUrl: external.url, timeoutMs: 5_000 }],
    });
    await post('pay', { amount: 10, currency: 'EUR', shopTransactionId: 'o' });
    ended = post('refund', { amount: 10, currency: 'EUR', paymentId: 'pm' });
    await arrived.promise;
    expect(await refund()).toMatchObject({ state: 'PENDING', reserved: 1, refunded_minor: 10 });
    clock.advance(10_000);
    await gateway.app.get(OperationRecovery).turn();
    expect(await refund()).toMatchObject({ state: 'UNKNOWN', reserved: 1, refunded_minor: 10 });
  }
  /** The resolution of an operator who knows the outcome of the refund. */
  const decide = (state: 'OK' | 'KO'): Promise<void> =>
    gateway.app.get(Store).transaction(async (trx) => {
      const reserved = state === 'KO' ? 0 : 1;
      await trx.updateTable('refunds').set({ state, reserved }).execute();
      await trx
        .updateTable('payments')
        .set({ refunded_minor: reserved * 10 })
        .execute();
    });
  const answered = async (): Promise<void> => {
    release();
    await ended;
  };

  afterEach(async () => {
    await answered();
    await gateway.close();
    await external.close();
  });

  it('is settled by an OK', async () => {
    await hold('OK');
    await answered();
    expect(await refund()).toMatchObject({ state: 'OK', reserved: 1, refunded_minor: 10 });
  });

  it('is settled by a KO, which frees its share', async () => {
    await hold('KO');
    await answered();
    expect(await refund()).toMatchObject({ state: 'KO', reserved: 0, refunded_minor: 0 });
  });

  it('takes its share again if it is settled OK after its share was freed, and an operator sees that', async () => {
    await hold('OK');
    await decide('KO');
    await answered();
    expect(await refund()).toMatchObject({
      state: 'OK',
      reversal: 'late-success',
      reserved: 1,
      refunded_minor: 10,
    });
  });

  it('frees nothing after it was settled OK', async () => {
    await hold('KO');
    await decide('OK');
    await answered();
    expect(await refund()).toMatchObject({ state: 'OK', reserved: 1, refunded_minor: 10 });
  });
});

/** Two concurrent attempts: the process of the first was considered dead. */
describe('a resumed operation', () => {
  const TIMEOUT_MS = 60_000;
  const REFUSED = { status: 422, body: { detail: 'no' } };
  const NEVER_SEEN = { status: 404, body: {} };
  const PAID = { status: 200, body: { result: 'OK', paymentId: 'pm' } };
  let external: StubExternal;
  let clock: TestClock;
  let gateway: Gateway;
  let answers: ((answer: { status: number; body: object }) => void)[];

  const send = (): Promise<Answer> =>
    call(
      `${gateway.url}/v3/acme/pay`,
      'POST',
      { amount: 1, currency: 'EUR', shopTransactionId: 'o' },
      { 'idempotency-key': 'k' },
    );
  const arrived = (count: number): Promise<void> =>
    until(() => answers.length === count, `${count} requests at the external`);
  const methods = (): string[] => external.requests.map(({ method }) => method);
  const rows = () =>
    gateway.app
      .get(Store)
      .read((db) =>
        db
          .selectFrom('operations')
          .innerJoin('payments', 'payments.id', 'operations.payment_ref')
          .select(['operations.state', 'operations.key_held', 'payments.state as payment'])
          .execute(),
      );

  async function start(config: object): Promise<void> {
    clock = new TestClock();
    answers = [];
    external = await startStubExternal(async (_, response) => {
      const { promise, resolve } = Promise.withResolvers<{ status: number; body: object }>();
      answers.push(resolve);
      const { status, body } = await promise;
      return answerJson(response, status, body);
    });
    gateway = await startGateway({
      clock,
      env: { WORKERS: 'off' },
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          timeoutMs: TIMEOUT_MS,
          honoursIdempotencyKey: true,
          ...config,
        },
      ],
    });
  }
  afterEach(async () => {
    external.behave((_, response) => answerJson(response, 422, {}));
    for (const answer of answers) answer(REFUSED);
    await gateway.close();
    await external.close();
  });

  it('is not ended by the rejection of the previous attempt: its key stays held', async () => {
    await start({});
    const first = send();
    await arrived(1);
    clock.advance(TIMEOUT_MS + 5_000);
    const second = send();
    await arrived(2);
    answers[0]!(REFUSED);
    await first;
    expect(await rows()).toMatchObject([{ state: 'running', key_held: 1, payment: 'UNKNOWN' }]);
    answers[1]!(PAID);
    expect((await second).status).toBe(200);
    expect(await rows()).toMatchObject([{ state: 'completed', key_held: 1, payment: 'ACCEPTED' }]);
  });

  it('is not sent by a repeat whose query took so long that another repeat has resumed it', async () => {
    await start({ statusByShopTransactionId: true });
    const first = send();
    await arrived(1);
    clock.advance(TIMEOUT_MS + 5_000);
    const slow = send();
    await arrived(2);
    clock.advance(TIMEOUT_MS + 5_000);
    const quick = send();
    await arrived(3);
    expect(methods()).toEqual(['POST', 'GET', 'GET']);
    answers[1]!(NEVER_SEEN);
    expect((await slow).body['code']).toBe('idempotency-conflict');
    expect(methods()).toEqual(['POST', 'GET', 'GET']);
    answers[2]!(NEVER_SEEN);
    await arrived(4);
    expect(methods()).toEqual(['POST', 'GET', 'GET', 'POST']);
    answers[3]!(PAID);
    expect((await quick).body['result']).toBe('OK');
    answers[0]!(REFUSED);
    await first;
    expect(await rows()).toMatchObject([{ state: 'completed', key_held: 1, payment: 'ACCEPTED' }]);
  });
});
