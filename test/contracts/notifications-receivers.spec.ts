import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { ReceiverConfig } from '../../src/config/receiver-config.js';
import { Secret } from '../../src/sensitive/secret.js';
import { buildDelivery, type Delivery } from '../support/delivery.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { OPS } from '../support/operators.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

const ERP_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let shop: TestReceiver;
  let erp: TestReceiver;
  let clock: TestClock;
  let delivery: Delivery;
  let erpConfig: ReceiverConfig;

  beforeEach(async () => {
    [database, shop, erp] = await Promise.all([open(), startReceiver(), startReceiver()]);
    clock = new TestClock(Date.now());
    erpConfig = {
      name: 'erp',
      url: erp.url,
      secrets: [new Secret(ERP_SECRET)],
      events: ['payment', 'refund'],
      externals: ['acme'],
    };
    delivery = buildDelivery({
      store: database.store,
      clock,
      receiverUrl: shop.url,
      receivers: [erpConfig],
      scheduleMs: [5_000, 30_000],
    });
  });

  afterEach(async () => {
    await delivery.stop();
    await Promise.all([database.dispose(), shop.stop(), erp.stop()]);
  });

  const queue = (draft: Parameters<Delivery['queue']>[0]): Promise<unknown> =>
    database.store.transaction((trx) =>
      delivery.outbox.enqueue(trx, {
        event: 'payment',
        subjectRef: 'pay_1',
        external: 'acme',
        version: 1,
        payload: { status: 'ACCEPTED' },
        traceparent: undefined,
        atMs: clock.now(),
        ...draft,
      }),
    );
  const queued = async (): Promise<string[]> =>
    (await delivery.rows())
      .map((row) => `${row.receiver} ${row.event} ${row.version} ${row.state}`)
      .toSorted();
  const bodies = ({ received }: TestReceiver): unknown[] =>
    received.map(({ body }) => JSON.parse(body) as unknown);
  const ends = (count: number) => until(() => delivery.deliveries.length >= count, `${count} attempts`);

  it('queues one for each receiver of the event and the external', async () => {
    await queue({});
    await queue({ subjectRef: 'pay_2', external: 'globex', version: 2 });
    await queue({ event: 'refund', subjectRef: 'ref_1', version: 3 });
    await queue({ event: 'subscription', subjectRef: 'sub_1', version: 4 });
    expect(await queued()).toEqual([
      'erp payment 1 PENDING',
      'erp refund 3 PENDING',
      'payment-callback payment 1 PENDING',
      'payment-callback payment 2 PENDING',
    ]);
  });

  it('names the event, and signs the version with the secret of the receiver', async () => {
    delivery.start();
    await queue({ event: 'refund', subjectRef: 'ref_1', version: 7, payload: { status: 'PENDING' } });
    await ends(1);
    const [{ headers, body }] = erp.received as [TestReceiver['received'][number]];
    expect(headers).toMatchObject({ 'x-tollgate-event': 'refund', 'x-payment-version': '7' });
    expect(new Webhook(ERP_SECRET).verify(body, headers as Record<string, string>)).toEqual({
      status: 'PENDING',
      version: 7,
    });
    expect(shop.received).toEqual([]);
  });

  it('supersedes and retries for each receiver by itself', async () => {
    erp.answers(503, 200);
    delivery.start();
    await queue({ version: 1 });
    await ends(2);
    await queue({ version: 2 });
    await ends(4);
    expect(bodies(shop)).toMatchObject([{ version: 1 }, { version: 2 }]);
    expect(bodies(erp)).toMatchObject([{ version: 1 }, { version: 2 }]);
    expect(await queued()).toEqual([
      'erp payment 1 SUPERSEDED',
      'erp payment 2 DELIVERED',
      'payment-callback payment 1 DELIVERED',
      'payment-callback payment 2 DELIVERED',
    ]);
  });

  it('keeps the receivers apart: one that fails or hangs delays no other', async () => {
    erp.answers((response) => void response);
    delivery.start();
    for (let i = 0; i < 64; i += 1) await queue({ subjectRef: `pay_${i}` });
    await until(() => shop.received.length === 64, 'all to the other receiver');
    expect(erp.received.length).toBeLessThanOrEqual(32);
  });

  it('opens the breaker of the receiver that fails only', async () => {
    erp.answers(503);
    delivery.start();
    for (let i = 0; i < 10; i += 1) await queue({ subjectRef: `pay_${i}` });
    await ends(20);
    expect(delivery.circuits).toEqual([['erp', 'open']]);
    await queue({ subjectRef: 'pay_11' });
    await until(() => shop.received.length === 11, 'the other receiver’s');
    expect(erp.received).toHaveLength(10);
  });

  describe('one that is removed', () => {
    it('keeps its notifications, without an attempt, until it is back', async () => {
      await queue({ version: 1 });
      delivery.receivers.replace([]);
      await queue({ version: 2 });
      delivery.start();
      await ends(1);
      clock.advance(86_400_000);
      await queue({ subjectRef: 'pay_2' });
      await ends(2);
      expect(await queued()).toEqual([
        'erp payment 1 PENDING',
        'payment-callback payment 1 DELIVERED',
        'payment-callback payment 1 SUPERSEDED',
        'payment-callback payment 2 DELIVERED',
      ]);
      delivery.receivers.replace([erpConfig]);
      delivery.outbox.wake();
      await ends(3);
      expect(bodies(erp)).toMatchObject([{ version: 1 }]);
    });

    it('is replayable by its name', async () => {
      erp.answers(410, 200);
      delivery.start();
      await queue({});
      await ends(2);
      delivery.receivers.replace([]);
      clock.advance(1);
      const filter = {
        state: 'DEAD',
        external: undefined,
        fromMs: 0,
        toMs: Number.MAX_SAFE_INTEGER,
      } as const;
      expect(await delivery.replay.all({ ...filter, receiver: 'crm' }, OPS)).toMatchObject({ replayed: 0 });
      expect(await delivery.replay.all({ ...filter, receiver: 'erp' }, OPS)).toMatchObject({ replayed: 1 });
      delivery.receivers.replace([erpConfig]);
      delivery.outbox.wake();
      await ends(3);
      expect(await queued()).toEqual(['erp payment 1 DELIVERED', 'payment-callback payment 1 DELIVERED']);
    });
  });

  it('a new one gets no history', async () => {
    await queue({ event: 'refund', subjectRef: 'ref_1', version: 1 });
    delivery.receivers.replace([erpConfig, { ...erpConfig, name: 'crm' }]);
    await queue({ event: 'refund', subjectRef: 'ref_1', version: 2 });
    expect(await queued()).toEqual([
      'crm refund 2 PENDING',
      'erp refund 1 SUPERSEDED',
      'erp refund 2 PENDING',
    ]);
  });

  it('counts what waits by receiver', async () => {
    await queue({});
    await queue({ event: 'refund', subjectRef: 'ref_1' });
    const backlogs = await database.store.read((db) => delivery.notifications.backlog(db));
    expect(
      Array.from(backlogs, ([name, { waiting, dead }]) => `${name} ${waiting} ${dead}`).toSorted(),
    ).toEqual(['erp 2 0', 'payment-callback 1 0']);
  });

  it('of both rows of one payment keeps the newest for each receiver', async () => {
    await queue({ subjectRef: 'pay_learned', version: 1 });
    delivery.receivers.replace([]);
    await queue({ subjectRef: 'pay_1', version: 2 });
    await database.store.transaction((trx) => delivery.outbox.movePayment(trx, 'pay_learned', 'pay_1'));
    expect(await queued()).toEqual([
      'erp payment 1 PENDING',
      'payment-callback payment 1 SUPERSEDED',
      'payment-callback payment 2 PENDING',
    ]);
  });

  it('what a replica of the release before has queued goes to PAYMENT_CALLBACK_URL', async () => {
    const atMs = clock.now();
    await database.store.transaction((trx) =>
      trx
        .insertInto('notifications')
        .values({
          id: 'ntf_of_the_release_before',
          payment_ref: 'pay_1',
          external: 'acme',
          version: 1,
          payload: '{"status":"ACCEPTED"}',
          state: 'PENDING',
          newest: 1,
          attempts: 0,
          next_attempt_at: atMs,
          lease_token: null,
          lease_until: null,
          request_id: 'req_1',
          traceparent: null,
          created_at: atMs,
          updated_at: atMs,
          delivered_at: null,
        })
        .execute(),
    );
    delivery.start();
    await ends(1);
    expect(bodies(shop)).toEqual([{ status: 'ACCEPTED', version: 1 }]);
    expect(shop.received[0]!.headers['x-tollgate-event']).toBe('payment');
    expect(erp.received).toEqual([]);
  });
});
