import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VerificationWorker } from '../../src/callbacks/verification.worker.js';
import { SubscriptionWatcher } from '../../src/subscriptions/subscription.watcher.js';
import { Store } from '../../src/persistence/store.js';
import type { NotificationRow } from '../../src/notifications/notification.table.js';
import type { SubscriptionRow } from '../../src/subscriptions/subscription.table.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerJson,
  startStubExternal,
  type StubBehaviour,
  type StubExternal,
} from '../support/stub-external.js';
import { startReceiver } from '../support/test-receiver.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

/** Subscriptions are watched after ACTIVE (SPEC §4). */

const ADMIN = { authorization: 'Bearer admin-secret' };
const DAY_MS = 86_400_000;
const INFO = { interval: 'MONTH', intervalCount: 1 };
const ERP = {
  receiver: 'erp',
  url: 'http://127.0.0.1:9/erp',
  secret: `whsec_${'a'.repeat(32)}`,
  events: ['subscription'],
};

describe('subscriptions are watched', () => {
  let external: StubExternal;
  let gateway: Gateway;
  let clock: TestClock;
  let status: string;
  let behaviour: StubBehaviour | undefined;

  beforeEach(async () => {
    clock = new TestClock(Date.now());
    status = 'ACTIVE';
    behaviour = undefined;
    let count = 0;
    external = await startStubExternal((request, response) => {
      if (request.url.startsWith('/subscription/status'))
        return behaviour ? behaviour(request, response) : { status, metadata: { reason: 'card' } };
      count += 1;
      return { result: 'OK', paymentId: `pm_${count}`, subscriptionToken: `tok_${count}` };
    });
    const mute = { operations: { 'subscription/status': false } };
    gateway = await startGateway({
      clock,
      env: {
        WORKERS: 'off',
        PAYMENT_CALLBACK_URL: 'http://127.0.0.1:9/receiver',
        API_KEYS: 'admin:admin-secret:admin',
      },
      externals: [
        { externalService: 'acme', baseUrl: external.url },
        { externalService: 'mute', baseUrl: external.url, ...mute },
      ],
      receivers: [ERP],
    });
  });
  afterEach(async () => {
    await gateway.close();
    await external.close();
  });

  const start = (name: string, shopTransactionId: string): Promise<Answer> =>
    call(`${gateway.url}/v3/${name}/subscription/start`, 'POST', {
      amount: 100,
      currency: 'EUR',
      shopTransactionId,
      subscriptionInfo: INFO,
    });
  const store = (): Store => gateway.app.get(Store);
  const subscriptions = (): Promise<SubscriptionRow[]> =>
    store().read((db) => db.selectFrom('subscriptions').selectAll().orderBy('id').execute());
  const notified = async (): Promise<unknown[]> => {
    const rows = await store().read((db) =>
      db
        .selectFrom('notifications')
        .selectAll()
        .where('event', '=', 'subscription')
        .orderBy('version')
        .execute(),
    );
    return rows.map(({ receiver, version, payload }: NotificationRow) => [
      receiver,
      version,
      JSON.parse(payload) as unknown,
    ]);
  };
  /** One period later everything has been due once. */
  const watch = async (): Promise<number> => {
    external.requests.length = 0;
    await gateway.app.get(SubscriptionWatcher).watchDue();
    clock.advance(DAY_MS);
    await gateway.app.get(SubscriptionWatcher).watchDue();
    return external.requests.length;
  };

  it('each is queried once in the period, and no receiver hears of what has not changed', async () => {
    for (const order of ['order-1', 'order-2', 'order-3']) await start('acme', order);
    expect(await watch()).toBe(3);
    expect(external.requests.map(({ url }) => url).toSorted()).toEqual([
      '/subscription/status/tok_1',
      '/subscription/status/tok_2',
      '/subscription/status/tok_3',
    ]);
    for (const { watch_at, lease_token } of await subscriptions()) {
      expect(watch_at! - clock.now()).toBeGreaterThan(0);
      expect(watch_at! - clock.now()).toBeLessThanOrEqual(DAY_MS);
      expect(lease_token).toBeNull();
    }
    expect(await notified()).toEqual([]);
  });

  it('a change is stored with its event, and notified with a version that grows', async () => {
    await start('acme', 'order-1');
    status = 'PAST_DUE';
    expect(await watch()).toBe(1);
    status = 'CANCELED';
    expect(await watch()).toBe(1);
    const token = { subscriptionToken: 'tok_1', providerName: 'acme', metadata: { reason: 'card' } };
    expect(await notified()).toEqual([
      ['erp', 1, { status: 'PAST_DUE', ...token }],
      ['erp', 2, { status: 'CANCELED', ...token }],
    ]);
    expect(await subscriptions()).toMatchObject([{ state: 'CANCELED', watch_at: null }]);
    const events = await store().read((db) =>
      db
        .selectFrom('ledger_events')
        .select(['before', 'after', 'source'])
        .where('subscription_ref', 'is not', null)
        .orderBy('id')
        .execute(),
    );
    expect(events.slice(1)).toEqual([
      { before: 'ACTIVE', after: 'PAST_DUE', source: 'reconciliation' },
      { before: 'PAST_DUE', after: 'CANCELED', source: 'reconciliation' },
    ]);
    // One that has ended is not queried any more.
    expect(await watch()).toBe(0);
  });

  it('an external that does not offer it is not queried', async () => {
    await start('mute', 'order-1');
    expect(await watch()).toBe(0);
    expect(await subscriptions()).toMatchObject([{ state: 'ACTIVE', lease_token: null }]);
  });

  it.each<[string, StubBehaviour]>([
    ['fails', (_, response) => answerJson(response, 500, {})],
    ['does not know it', (_, response) => answerJson(response, 404, { message: 'unknown' })],
    ['answers nonsense', () => ({ status: 'SLEEPING' })],
  ])('an external that %s changes nothing, and is queried in the next period', async (_what, answer) => {
    await start('acme', 'order-1');
    behaviour = answer;
    await watch();
    expect(await subscriptions()).toMatchObject([{ state: 'ACTIVE', lease_token: null, parked_at: null }]);
    behaviour = undefined;
    status = 'EXPIRED';
    expect(await watch()).toBe(1);
    expect(await subscriptions()).toMatchObject([{ state: 'EXPIRED' }]);
  });

  it('an external that is busy is queried a little later', async () => {
    await start('acme', 'order-1');
    behaviour = (_, response) => {
      response.setHeader('retry-after', '7');
      return answerJson(response, 429, {});
    };
    await watch();
    expect(await subscriptions()).toMatchObject([{ watch_at: clock.now() + 7_000, lease_token: null }]);
  });

  it('an answer that is older than a change does not overwrite it', async () => {
    await start('acme', 'order-1');
    behaviour = async () => {
      await store().transaction((trx) =>
        trx.updateTable('subscriptions').set({ state: 'EXPIRED' }).execute(),
      );
      return { status: 'PAST_DUE' };
    };
    expect(await watch()).toBe(1);
    expect(await subscriptions()).toMatchObject([{ state: 'EXPIRED' }]);
    expect(await notified()).toEqual([]);
  });

  describe('by a callback that names the token', () => {
    const callback = (query: string, body?: object): Promise<Answer> =>
      call(`${gateway.url}/v3/acme/callback${query}`, body ? 'POST' : 'GET', body);
    const verify = async (): Promise<string[]> => {
      external.requests.length = 0;
      clock.advance(1_000);
      await gateway.app.get(VerificationWorker).verifyDue();
      return external.requests.map(({ url }) => url).toSorted();
    };

    it.each<[string, string, object | undefined]>([
      ['alone, in the query', '?subscriptionToken=tok_1', undefined],
      ['alone, in the body', '', { subscriptionToken: 'tok_1', event: 'lapsed' }],
    ])('%s: it is queried and notified', async (_where, query, body) => {
      await start('acme', 'order-1');
      status = 'PAST_DUE';
      const { status: code, body: receipt } = await callback(query, body);
      expect([code, receipt]).toEqual([200, { received: true, subscriptionToken: 'tok_1' }]);
      expect(await verify()).toEqual(['/subscription/status/tok_1']);
      expect(await subscriptions()).toMatchObject([{ state: 'PAST_DUE' }]);
      expect(await notified()).toMatchObject([
        ['erp', 1, { status: 'PAST_DUE', subscriptionToken: 'tok_1' }],
      ]);
    });

    it('also if nothing has changed, in any state', async () => {
      await start('acme', 'order-1');
      status = 'CANCELED';
      await callback('?subscriptionToken=tok_1');
      await verify();
      await callback('?subscriptionToken=tok_1');
      expect(await verify()).toEqual(['/subscription/status/tok_1']);
      expect(await notified()).toMatchObject([
        ['erp', 1, { status: 'CANCELED' }],
        ['erp', 2, { status: 'CANCELED' }],
      ]);
    });

    it('beside a payment: both are queried, and repeats are merged', async () => {
      await start('acme', 'order-1');
      const named = { paymentId: 'pm_1', subscriptionToken: 'tok_1' };
      for (let i = 0; i < 3; i += 1)
        expect((await callback('', named)).body).toEqual({ received: true, ...named });
      expect(await verify()).toEqual(['/status?paymentId=pm_1', '/subscription/status/tok_1']);
    });

    it('one that the gateway does not know is kept, and asked about once it is known', async () => {
      await callback('?subscriptionToken=tok_1');
      expect(await verify()).toEqual([]);
      await start('acme', 'order-1');
      clock.advance(60_000);
      expect(await verify()).toEqual(['/subscription/status/tok_1']);
      expect(await notified()).toMatchObject([['erp', 1, { status: 'ACTIVE' }]]);
    });

    it('is listed with the token', async () => {
      await start('acme', 'order-1');
      await callback('?subscriptionToken=tok_1');
      const { body } = await call(`${gateway.url}/admin/callbacks`, 'GET', undefined, ADMIN);
      const [item] = body['items'] as Record<string, unknown>[];
      expect(item).toMatchObject({ subscriptionToken: 'tok_1' });
      expect(item).not.toHaveProperty('paymentId');
    });
  });
});

describe('a subscription of the simulator that lapses', () => {
  it.each([
    ['is found by its callbacks', { callbackTimes: 1 }, '24h'],
    ['is found by the watch, without a callback', { callbackTimes: 0, delayMs: 1_500 }, '1s'],
  ])('%s, and the receiver is notified', async (_how, scenario, SUBSCRIPTION_SCHEDULE) => {
    const receiver = await startReceiver();
    const gateway = await startGateway({
      env: { SUBSCRIPTION_SCHEDULE },
      receivers: [{ ...ERP, url: receiver.url }],
    });
    try {
      const started = await call(`${gateway.url}/v3/simulator/subscription/start`, 'POST', {
        amount: 100,
        currency: 'EUR',
        shopTransactionId: 'order-1',
        subscriptionInfo: INFO,
        providerData: { scenario: 'subscription-lapses', delayMs: 300, ...scenario },
      });
      expect(started.body).toMatchObject({ result: 'OK' });
      const statuses = (): unknown[] =>
        receiver.received.map(({ body }) => (JSON.parse(body) as { status: string }).status);
      await until(() => statuses().includes('CANCELED'), 'its end');
      expect(statuses().at(-1)).toBe('CANCELED');
      const [row] = await gateway.app
        .get(Store)
        .read((db) => db.selectFrom('subscriptions').selectAll().execute());
      expect(row).toMatchObject({ state: 'CANCELED' });
    } finally {
      await gateway.close();
      await receiver.stop();
    }
  });
});
