import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AttentionQuery } from '../../src/admin/attention/attention.list.js';
import { Attention } from '../../src/admin/attention/attention.service.js';
import type { PaymentRow } from '../../src/payments/payment.table.js';
import { Store } from '../../src/persistence/store.js';
import { OperationRecovery } from '../../src/operations/operation.recovery.js';
import { ReconciliationWorker } from '../../src/reconciliation/reconciliation.worker.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';
import { PauseSite, PLACES, WRITES_OPERATION } from './pause-rounds.js';

const LIMIT_MS = 40_000;
/** Longer than the deadline of the operation and two queries about it; `npm run test:pauses` has longer ones. */
const PAUSE_SECONDS = 9;

const pay = (url: string, key: string): Promise<Answer> =>
  call(
    `${url}/v3/acme/pay`,
    'POST',
    { amount: 1, currency: 'EUR', shopTransactionId: 'order' },
    { 'idempotency-key': key },
  );
const paymentsOf = (gateway: Gateway): Promise<PaymentRow[]> =>
  gateway.app.get(Store).read((db) => db.selectFrom('payments').selectAll().orderBy('id').execute());

/** Replicas need PostgreSQL: on SQLite nobody else can settle what a paused process has begun. */
const onPostgres = process.env['TEST_DATABASE_URL'] ? describe : describe.skip;

onPostgres('a replica that is stopped between the commit and the call', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  /** A replica at `external` that is stopped within the payment `first`, and one that goes on. */
  async function stoppedAndOther(external: object, env: Readonly<Record<string, string>>) {
    const externals = [{ externalService: 'acme', timeoutMs: 300, ...external }];
    const other = await startGateway({ externals, env });
    closing.push(() => other.close());
    const address = new URL(other.database['DATABASE_URL']!);
    const proxy = await new TcpProxy({ host: address.hostname, port: Number(address.port || 5432) }).open();
    closing.push(() => proxy.close());
    address.host = `127.0.0.1:${proxy.port}`;
    const stopped: GatewayProcess = await startGatewayProcess({
      externals,
      env: { ...other.database, ...env, DATABASE_URL: address.href, WORKERS: 'off' },
    });
    closing.push(() => stopped.dispose());

    const pause = Promise.withResolvers<void>();
    let written = false;
    proxy.onRequest((bytes) => {
      written ||= WRITES_OPERATION.test(bytes.toString('latin1'));
      if (written && bytes.includes('commit\0')) {
        proxy.onRequest(undefined);
        stopped.kill('SIGSTOP');
        pause.resolve();
      }
      return 'forward';
    });
    const first = pay(stopped.url, 'k');
    await pause.promise;
    // Not before the server has made the commit: the other replica could be the first to begin the operation.
    await until(async () => (await paymentsOf(other)).length === 1, 'the commit');
    return { stopped, other, first };
  }

  it(
    'sends nothing once it goes on',
    async () => {
      const paid: string[] = [];
      const external = await startStubExternal(({ method, headers }, response) => {
        if (method === 'GET') return answerJson(response, 404, { message: 'never seen' });
        paid.push(String(headers['idempotency-key']));
        return { result: 'OK', paymentId: `pm-${paid.length}` };
      });
      closing.push(() => external.close());
      const { stopped, other, first } = await stoppedAndOther(
        { baseUrl: external.url, statusByShopTransactionId: true },
        { RECONCILIATION_SCHEDULE: '1s,1s,1s,1s' },
      );
      await until(
        async () => (await paymentsOf(other))[0]?.state === 'FAILED',
        'the other replica to settle it as never executed',
        LIMIT_MS,
      );
      expect(paid).toEqual([]);
      expect((await pay(other.url, 'k')).status).toBe(200);

      stopped.kill('SIGCONT');
      const late = await first;
      expect([late.status, late.body['code'], late.body['outcome']]).toEqual([
        503,
        'provider-unavailable',
        'not-executed',
      ]);
      expect(paid).toEqual(['k']);
      expect((await paymentsOf(other)).map(({ state }) => state)).toEqual(['FAILED', 'ACCEPTED']);
    },
    LIMIT_MS + 20_000,
  );

  it(
    'does not say not-executed of what the other replica sends again under its key',
    async () => {
      const paid: string[] = [];
      const external = await startStubExternal(({ headers }) => {
        paid.push(String(headers['idempotency-key']));
        return { result: 'OK', paymentId: 'pm' };
      });
      closing.push(() => external.close());
      const { stopped, other, first } = await stoppedAndOther(
        { baseUrl: external.url, honoursIdempotencyKey: true },
        {},
      );
      await until(
        async () => (await pay(other.url, 'k')).status === 200,
        'the deadline, after which the other replica sends it',
        LIMIT_MS,
      );
      stopped.kill('SIGCONT');
      const late = await first;
      expect(paid).toEqual(['k']);
      expect([late.status, late.body['outcome']]).toEqual([502, 'unknown']);
      expect((await pay(stopped.url, 'k')).body['paymentId']).toBe('pm');
    },
    LIMIT_MS + 20_000,
  );
});

const DATABASES: [name: string, postgresUrl: string | undefined][] = [
  ['SQLite', undefined],
  ['PostgreSQL', process.env['TEST_DATABASE_URL']],
];

// Each pause takes ten seconds, so that `npm test` leaves them to `npm run test:faults`.
onPostgres.each(DATABASES)(
  'a gateway on %s that is paused in the middle of a payment',
  (_name, postgresUrl) => {
    let site: PauseSite;
    beforeAll(async () => {
      site = await PauseSite.open(postgresUrl);
    }, 30_000);
    afterAll(() => site.close());

    it.each(PLACES.filter((place) => place !== (postgresUrl ? 'committed' : 'sending')))(
      'executes it once and answers the truth: %s',
      async (place) => {
        const { executed, faults } = await site.round({ place, seconds: PAUSE_SECONDS });
        expect(faults).toEqual([]);
        expect(executed).toBe(1);
      },
      LIMIT_MS + 80_000,
    );
  },
);

describe('an operation that was settled as never executed while its request was half sent', () => {
  let clock: TestClock;
  let external: StubExternal;
  let gateway: Gateway;
  let breakOff: () => void;
  let first: Promise<Answer>;

  afterEach(async () => {
    await gateway.close();
    await external.close();
  });

  const settleAsNeverSeen = async (): Promise<void> => {
    clock = new TestClock();
    const arrived = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<void>();
    breakOff = broken.resolve;
    external = await startStubExternal(async ({ method }, response) => {
      if (method === 'GET') return answerJson(response, 404, { message: 'never seen' });
      arrived.resolve();
      await broken.promise;
      response.destroy();
      return undefined;
    });
    gateway = await startGateway({
      clock,
      env: { WORKERS: 'off' },
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          timeoutMs: 20_000,
          statusByShopTransactionId: true,
        },
      ],
    });
    first = pay(gateway.url, 'k');
    await arrived.promise;
    clock.advance(60_000);
    await gateway.app.get(OperationRecovery).turn();
    for (let query = 0; query < 2; query++) {
      clock.advance(3_600_000);
      await gateway.app.get(ReconciliationWorker).reconcileDue();
    }
    expect(await paymentsOf(gateway)).toMatchObject([{ state: 'FAILED' }]);
  };
  const operations = () =>
    gateway.app.get(Store).read((db) => db.selectFrom('operations').selectAll().orderBy('id').execute());
  const notified = async (): Promise<string[]> => {
    const rows = await gateway.app
      .get(Store)
      .read((db) => db.selectFrom('notifications').select('payload').orderBy('version').execute());
    return rows.map(({ payload }) => (JSON.parse(payload) as { status: string }).status);
  };

  it('is UNKNOWN again, with its key, a notification and an item of attention', async () => {
    await settleAsNeverSeen();
    breakOff();
    expect((await first).body['outcome']).toBe('unknown');
    expect(await paymentsOf(gateway)).toMatchObject([
      { state: 'UNKNOWN', never_seen_at: null, next_ask_at: expect.any(Number) },
    ]);
    expect(await operations()).toMatchObject([{ state: 'unknown', key_held: 1, answer_status: 502 }]);
    expect((await notified()).at(-1)).toBe('PENDING');
    const query = Object.assign(new AttentionQuery(), { limit: 10 });
    const attention = await gateway.app.get(Attention).page(query);
    expect(attention.items).toMatchObject([{ kind: 'payment-unknown' }]);
    external.behave(({ method }) =>
      method === 'GET' ? { status: 'ACCEPTED', paymentId: 'pm' } : { result: 'OK', paymentId: 'twice' },
    );
    expect((await pay(gateway.url, 'k')).body['paymentId']).toBe('pm');
  });

  it('stays without its key if a repeat has taken it', async () => {
    await settleAsNeverSeen();
    const held = external;
    held.behave(({ method }) =>
      method === 'GET' ? { status: 'PENDING' } : { result: 'OK', paymentId: 'pm' },
    );
    expect((await pay(gateway.url, 'k')).status).toBe(200);
    breakOff();
    expect((await first).body['outcome']).toBe('unknown');
    expect((await paymentsOf(gateway)).map(({ state }) => state)).toEqual(['UNKNOWN', 'ACCEPTED']);
    expect((await operations()).map(({ state, key_held }) => [state, key_held])).toEqual([
      ['unknown', 0],
      ['completed', 1],
    ]);
  });
});
