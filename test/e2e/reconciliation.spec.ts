import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReconciliationWorker } from '../../src/reconciliation/reconciliation.worker.js';
import type { PaymentRow } from '../../src/payments/payment.table.js';
import { Store } from '../../src/persistence/store.js';
import { ExternalProviderRegistry } from '../../src/providers/external-provider.registry.js';
import type { SubscriptionRow } from '../../src/subscriptions/subscription.table.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerJson,
  answerOk,
  startStubExternal,
  type StubBehaviour,
  type StubExternal,
} from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';

const MINUTE_MS = 60_000;
const TIMEOUT_MS = 1_000;

describe('reconciliation', () => {
  let external: StubExternal;
  let gateway: Gateway;
  let clock: TestClock;

  beforeEach(async () => {
    clock = new TestClock();
    external = await startStubExternal();
    gateway = await startGateway({
      clock,
      env: { WORKERS: 'off', PAYMENT_CALLBACK_URL: 'http://127.0.0.1:9/receiver' },
      externals: [
        {
          externalService: 'asked',
          baseUrl: external.url,
          timeoutMs: TIMEOUT_MS,
          statusByShopTransactionId: true,
        },
        {
          externalService: 'resent',
          baseUrl: external.url,
          timeoutMs: TIMEOUT_MS,
          statusByShopTransactionId: true,
          honoursIdempotencyKey: true,
        },
        { externalService: 'mute', baseUrl: external.url, timeoutMs: TIMEOUT_MS },
        { externalService: 'narrow', baseUrl: external.url, timeoutMs: TIMEOUT_MS, maxConcurrency: 1 },
      ],
    });
  });
  afterEach(async () => {
    await gateway.close();
    await external.close();
  });

  const failing: StubBehaviour = (_, response) => answerJson(response, 500, {});
  const neverSeen: StubBehaviour = (_, response) => answerJson(response, 404, { message: 'never seen' });
  const pay = (name: string, behaviour: StubBehaviour, key = 'k'): Promise<Answer> => {
    external.behave(behaviour);
    const body = { amount: 100, currency: 'EUR', shopTransactionId: 'order' };
    return call(`${gateway.url}/v3/${name}/pay`, 'POST', body, { 'idempotency-key': key });
  };
  const after = async (waitMs: number, behaviour: StubBehaviour): Promise<PaymentRow> => {
    clock.advance(waitMs);
    external.behave(behaviour);
    external.requests.length = 0;
    await gateway.app.get(ReconciliationWorker).reconcileDue();
    return payment();
  };
  const payOrder = (name: string, shopTransactionId: string): Promise<Answer> => {
    external.behave(() => ({ result: 'PENDING', paymentId: `${name}-${shopTransactionId}` }));
    return call(`${gateway.url}/v3/${name}/pay`, 'POST', { amount: 100, currency: 'EUR', shopTransactionId });
  };
  const store = (): Store => gateway.app.get(Store);
  /** As with a short schedule. */
  const askNow = async (): Promise<void> => {
    await store().transaction((trx) =>
      trx.updateTable('payments').set({ next_ask_at: clock.now() }).executeTakeFirst(),
    );
  };
  const payment = (): Promise<PaymentRow> =>
    store().read((db) =>
      db.selectFrom('payments').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow(),
    );
  const notified = (): Promise<{ payload: string }[]> =>
    store().read((db) => db.selectFrom('notifications').select('payload').orderBy('id').execute());

  it.each(['ACCEPTED', 'FAILED'])(
    'finds an unknown payment %s, and notifies the receiver',
    async (status) => {
      expect((await pay('asked', failing)).body['outcome']).toBe('unknown');
      expect(await payment()).toMatchObject({
        state: 'UNKNOWN',
        payment_id: null,
        next_ask_at: clock.now() + MINUTE_MS,
      });
      const found = await after(MINUTE_MS, () => ({ status, paymentId: 'pm' }));
      expect(external.requests.map(({ url }) => url)).toEqual(['/status?shopTransactionId=order']);
      expect(found).toMatchObject({ state: status, payment_id: 'pm', next_ask_at: null, parked_at: null });
      expect((await notified()).map(({ payload }) => JSON.parse(payload) as unknown)).toEqual([
        { status, paymentId: 'pm', shopTransactionId: 'order', providerName: 'asked' },
      ]);
    },
  );

  it.each([
    ['an answer', [(): object => ({ status: 'ACCEPTED', paymentId: 'pm' })], 'ACCEPTED'],
    ['a first "never seen"', [neverSeen], 'UNKNOWN'],
    ['a second "never seen"', [neverSeen, neverSeen], 'FAILED'],
    ['an answer that decides nothing', [failing], 'UNKNOWN'],
  ] as const)('stores %s and the end of the lease in one commit', async (_, behaviours, state) => {
    await pay('asked', failing);
    let commits = 0;
    const transaction = store().transaction.bind(store());
    const counted: Store['transaction'] = async (work) => {
      const result = await transaction(work);
      commits += 1;
      return result;
    };
    for (const behaviour of behaviours) {
      store().transaction = counted;
      commits = 0;
      const row = await after(10 * MINUTE_MS, behaviour);
      store().transaction = transaction;
      // The first claims the row.
      expect(commits).toBe(2);
      expect(row.lease_token).toBeNull();
    }
    expect((await payment()).state).toBe(state);
  });

  it('finds an unknown payment that a check found first, with its refunds', async () => {
    await pay('asked', failing);
    external.behave(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK' }));
    await call(`${gateway.url}/v3/asked/check?paymentId=pm`, 'GET');
    const refund = (amount: number): Promise<Answer> =>
      call(`${gateway.url}/v3/asked/refund`, 'POST', { amount, currency: 'EUR', paymentId: 'pm' });
    expect((await refund(60)).status).toBe(200);
    expect(await after(MINUTE_MS, () => ({ status: 'ACCEPTED', paymentId: 'pm' }))).toMatchObject({
      origin: 'pay',
      state: 'ACCEPTED',
      payment_id: 'pm',
      refunded_minor: 60,
    });
    expect((await refund(41)).body['code']).toBe('refund-exceeds-payment');
  });

  it('queries on a growing schedule while a payment is pending, without notifications', async () => {
    await pay('mute', () => ({ result: 'PENDING', paymentId: 'pm' }));
    const waits: number[] = [];
    for (const minutes of [1, 2, 5, 10]) {
      const { next_ask_at } = await after(minutes * MINUTE_MS, () => ({ status: 'PENDING' }));
      waits.push((next_ask_at! - clock.now()) / MINUTE_MS);
      expect(external.requests).toHaveLength(1);
    }
    expect(waits).toEqual([2, 5, 10, 30]);
    expect(await notified()).toEqual([]);
  });

  it('does not query before it is due', async () => {
    await pay('mute', () => ({ result: 'PENDING', paymentId: 'pm' }));
    await after(MINUTE_MS - 1, answerOk);
    expect(external.requests).toHaveLength(0);
  });

  it('accepts the second 404 after the deadline, and frees the key', async () => {
    await pay('asked', failing);
    expect(await after(MINUTE_MS, neverSeen)).toMatchObject({ state: 'UNKNOWN', never_seen_at: clock.now() });
    expect(await after(2 * MINUTE_MS, neverSeen)).toMatchObject({ state: 'FAILED', duplicate_guard: 0 });
    expect((await notified()).map(({ payload }) => JSON.parse(payload) as unknown)).toEqual([
      { status: 'FAILED', shopTransactionId: 'order', providerName: 'asked' },
    ]);
    const again = await pay('asked', answerOk);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, null]);
  });

  it('does not count a 404 before the operation was resent', async () => {
    await pay('resent', failing);
    expect(await after(MINUTE_MS, neverSeen)).toMatchObject({ never_seen_at: clock.now() });
    clock.advance(MINUTE_MS);
    await pay('resent', failing);
    expect(await after(MINUTE_MS, neverSeen)).toMatchObject({ state: 'UNKNOWN', never_seen_at: clock.now() });
    expect(await after(5 * MINUTE_MS, neverSeen)).toMatchObject({ state: 'FAILED' });
  });

  it('does not count a 404 while the operation is resent', async () => {
    await pay('resent', failing);
    const repeated: StubBehaviour = (request, response) =>
      request.method === 'GET' ? neverSeen(request, response) : failing(request, response);
    let repeat: Answer | undefined;
    const meanwhile: StubBehaviour = async (request, response) => {
      repeat = await pay('resent', repeated);
      return neverSeen(request, response);
    };
    expect(await after(MINUTE_MS, meanwhile)).toMatchObject({
      state: 'UNKNOWN',
      never_seen_at: null,
      deadline_at: clock.now() + TIMEOUT_MS + 5_000,
    });
    expect(repeat?.body['outcome']).toBe('unknown');
  });

  const bare404: StubBehaviour = (_, response) => {
    response.writeHead(404).end();
    return undefined;
  };

  it('accepts a 404 without a body', async () => {
    await pay('asked', failing);
    await after(MINUTE_MS, bare404);
    expect(await after(2 * MINUTE_MS, bare404)).toMatchObject({ state: 'FAILED' });
  });

  it('ignores the page of a proxy', async () => {
    await pay('asked', failing);
    const page: StubBehaviour = (_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>');
      return undefined;
    };
    await after(MINUTE_MS, page);
    expect(await after(2 * MINUTE_MS, page)).toMatchObject({ state: 'UNKNOWN', never_seen_at: null });
  });

  it('does not count a 404 before the deadline of the call, and queries again right after it', async () => {
    await pay('asked', failing);
    const madeAt = clock.now();
    await askNow();
    expect(await after(TIMEOUT_MS, neverSeen)).toMatchObject({
      state: 'UNKNOWN',
      never_seen_at: null,
      asks: 0,
      next_ask_at: madeAt + TIMEOUT_MS + 1,
      lease_token: null,
    });
    expect(await after(1, neverSeen)).toMatchObject({ never_seen_at: clock.now(), asks: 1 });
    expect(await after(2 * MINUTE_MS, neverSeen)).toMatchObject({ state: 'FAILED' });
  });

  it('does not count a 404 to a query sent before the deadline', async () => {
    await pay('asked', failing);
    await askNow();
    const late: StubBehaviour = (request, response) => {
      clock.advance(TIMEOUT_MS + 1);
      return neverSeen(request, response);
    };
    expect(await after(0, late)).toMatchObject({ state: 'UNKNOWN', never_seen_at: null });
  });

  it('does not fail a payment while its repeat is executed', async () => {
    await pay('asked', failing);
    await after(MINUTE_MS, neverSeen);
    await store().transaction((trx) =>
      trx.updateTable('operations').set({ state: 'running' }).executeTakeFirst(),
    );
    expect(await after(2 * MINUTE_MS, neverSeen)).toMatchObject({
      state: 'UNKNOWN',
      next_ask_at: clock.now() + 1_000,
    });
  });

  it('does not fail an unused payment link', async () => {
    external.behave(() => ({ result: 'OK', link: 'https://pay.example/l/1' }));
    await call(`${gateway.url}/v3/asked/pay-by-link`, 'POST', {
      amount: 100,
      currency: 'EUR',
      shopTransactionId: 'order',
    });
    await after(MINUTE_MS, neverSeen);
    expect(external.requests.map(({ url }) => url)).toEqual(['/status?shopTransactionId=order']);
    expect(await after(2 * MINUTE_MS, neverSeen)).toMatchObject({ state: 'PENDING', parked_at: null });
  });

  it('does not park payments of an external that is temporarily not configured', async () => {
    await pay('asked', failing);
    const registry = gateway.app.get(ExternalProviderRegistry);
    const externals = registry.all().map(({ config }) => config);
    registry.replace(externals.filter(({ name }) => name !== 'asked'));
    expect(await after(MINUTE_MS, answerOk)).toMatchObject({ asks: 1, parked_at: null });
    registry.replace(externals);
    expect(await after(2 * MINUTE_MS, () => ({ status: 'ACCEPTED', paymentId: 'pm' }))).toMatchObject({
      state: 'ACCEPTED',
    });
  });

  it('claims no more of an external than its query limit', async () => {
    for (const order of ['a', 'b', 'c']) await payOrder('narrow', order);
    await payOrder('mute', 'd');
    await after(MINUTE_MS, () => ({ status: 'PENDING' }));
    const urls = external.requests.map(({ url }) => url);
    expect(urls.filter((url) => url.includes('narrow'))).toHaveLength(1);
    expect(urls.filter((url) => url.includes('mute'))).toHaveLength(1);
  });

  it('never fails a payment to which the external gave an id', async () => {
    await pay('mute', () => ({ result: 'PENDING', paymentId: 'pm' }));
    await after(MINUTE_MS, neverSeen);
    expect(await after(2 * MINUTE_MS, neverSeen)).toMatchObject({ state: 'PENDING', parked_at: null });
  });

  it('parks payments that cannot be queried', async () => {
    await pay('mute', failing);
    expect(await payment()).toMatchObject({ state: 'UNKNOWN', next_ask_at: null, parked_at: clock.now() });
  });

  it('parks when the schedule is exhausted, and keeps the state', async () => {
    await pay('mute', () => ({ result: 'PENDING', paymentId: 'pm' }));
    for (let asked = 0; asked < 15; asked += 1) {
      expect((await payment()).parked_at).toBeNull();
      await after(24 * 60 * MINUTE_MS, failing);
    }
    expect(await payment()).toMatchObject({ state: 'PENDING', next_ask_at: null, parked_at: clock.now() });
  });

  it('does not count a query that the concurrency limit refused', async () => {
    await pay('narrow', () => ({ result: 'PENDING', paymentId: 'pm' }));
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    external.behave(async () => {
      arrived.resolve();
      await release.promise;
      return { status: 'PENDING' };
    });
    const occupying = call(`${gateway.url}/v3/narrow/status?paymentId=other`, 'GET');
    await arrived.promise;
    clock.advance(MINUTE_MS);
    await gateway.app.get(ReconciliationWorker).reconcileDue();
    release.resolve();
    await occupying;
    expect(await payment()).toMatchObject({ asks: 0, next_ask_at: clock.now() + 1_000, lease_token: null });
  });

  it('queries once if two replicas poll at the same time', async () => {
    await pay('mute', () => ({ result: 'PENDING', paymentId: 'pm' }));
    clock.advance(MINUTE_MS);
    external.requests.length = 0;
    external.behave(() => ({ status: 'ACCEPTED' }));
    const worker = gateway.app.get(ReconciliationWorker);
    await Promise.all([worker.reconcileDue(), worker.reconcileDue(), worker.reconcileDue()]);
    expect(external.requests).toHaveLength(1);
  });

  it('takes over the claims of a dead replica', async () => {
    await pay('mute', () => ({ result: 'PENDING', paymentId: 'pm' }));
    clock.advance(MINUTE_MS);
    await store().transaction(async (trx) => {
      await trx
        .updateTable('payments')
        .set({ lease_token: 'dead', lease_until: clock.now() + 30_000 })
        .execute();
    });
    await after(29_999, () => ({ status: 'ACCEPTED' }));
    expect(external.requests).toHaveLength(0);
    expect(await after(1, () => ({ status: 'ACCEPTED' }))).toMatchObject({
      state: 'ACCEPTED',
      lease_token: null,
    });
  });

  it('changes nothing if its lease ended during the query', async () => {
    await pay('mute', () => ({ result: 'PENDING', paymentId: 'pm' }));
    const { next_ask_at } = await payment();
    const lease = { lease_token: 'another', lease_until: clock.now() + 3_600_000 };
    const slow: StubBehaviour = async () => {
      await store().transaction((trx) => trx.updateTable('payments').set(lease).execute());
      return { status: 'PENDING' };
    };
    expect(await after(MINUTE_MS, slow)).toMatchObject({ ...lease, next_ask_at });
  });

  describe('of subscriptions', () => {
    const start = (behaviour: StubBehaviour): Promise<Answer> => {
      external.behave(behaviour);
      return call(`${gateway.url}/v3/mute/subscription/start`, 'POST', {
        amount: 0,
        currency: 'EUR',
        shopTransactionId: 'order',
        subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
      });
    };
    const subscription = (): Promise<SubscriptionRow> =>
      store().read((db) => db.selectFrom('subscriptions').selectAll().executeTakeFirstOrThrow());
    const byPath =
      (status: string): StubBehaviour =>
      ({ url }) =>
        url.startsWith('/subscription/') ? { status } : { status: 'ACCEPTED' };

    it('queries a pending one', async () => {
      await start(() => ({ result: 'PENDING', paymentId: 'pm', subscriptionToken: 'tok' }));
      expect(await subscription()).toMatchObject({ state: 'PENDING', token: 'tok' });
      await after(MINUTE_MS, byPath('ACTIVE'));
      expect(external.requests.map(({ url }) => url).toSorted((a, b) => a.localeCompare(b))).toEqual([
        '/status?paymentId=pm',
        '/subscription/status/tok',
      ]);
      expect(await subscription()).toMatchObject({ state: 'ACTIVE', next_ask_at: null, lease_token: null });
    });

    it('queries after a change of unknown outcome', async () => {
      await start(() => ({ result: 'OK', paymentId: 'pm', subscriptionToken: 'tok' }));
      external.behave(failing);
      expect((await call(`${gateway.url}/v3/mute/subscription/expire/tok`, 'DELETE')).body['outcome']).toBe(
        'unknown',
      );
      expect(await subscription()).toMatchObject({ state: 'ACTIVE', next_ask_at: clock.now() + MINUTE_MS });
      await after(MINUTE_MS, byPath('EXPIRED'));
      expect(await subscription()).toMatchObject({ state: 'EXPIRED', next_ask_at: null });
    });

    it('records the end that the query of a repeated expiry finds', async () => {
      await start(() => ({ result: 'OK', paymentId: 'pm', subscriptionToken: 'tok' }));
      const expire = () =>
        call(`${gateway.url}/v3/mute/subscription/expire/tok`, 'DELETE', undefined, {
          'idempotency-key': 'k',
        });
      external.behave(failing);
      expect((await expire()).body['outcome']).toBe('unknown');
      external.behave(byPath('CANCELED'));
      expect((await expire()).body).toMatchObject({ result: 'OK', subscriptionToken: 'tok' });
      expect(await subscription()).toMatchObject({ state: 'CANCELED', next_ask_at: null });
    });

    it('does not count a query that the concurrency limit refused', async () => {
      await start(() => ({ result: 'PENDING', paymentId: 'pm', subscriptionToken: 'tok' }));
      const throttling: StubBehaviour = (_, response) => answerJson(response, 429, {});
      await after(MINUTE_MS, throttling);
      expect(await subscription()).toMatchObject({
        asks: 0,
        next_ask_at: clock.now() + 1_000,
        lease_token: null,
      });
    });

    it('parks one without a known token', async () => {
      await start(failing);
      expect(await subscription()).toMatchObject({ state: 'UNKNOWN', token: null, parked_at: clock.now() });
    });
  });
});
