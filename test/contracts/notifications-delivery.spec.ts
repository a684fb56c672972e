import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import {
  buildDelivery,
  type Delivery,
  type DeliveryOptions,
  NOTIFICATION_SECRET,
} from '../support/delivery.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { type ReceiverAnswer, startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

const SCHEDULE_MS = [5_000, 30_000, 120_000];

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let receiver: TestReceiver;
  let clock: TestClock;
  let delivery: Delivery;

  function build(options: Partial<DeliveryOptions> = {}): Delivery {
    delivery = buildDelivery({
      store: database.store,
      clock,
      receiverUrl: receiver.url,
      scheduleMs: SCHEDULE_MS,
      ...options,
    });
    return delivery;
  }

  const ends = (count: number) => until(() => delivery.deliveries.length >= count, `${count} attempts`);

  /** Moves the clock past the wait, its jitter included, and wakes the worker. */
  function pass(waitMs: number): void {
    clock.advance(Math.ceil(waitMs * 1.1));
    delivery.outbox.wake();
  }

  async function attempts(id: string): Promise<Record<string, unknown>[]> {
    return database.store.read((db) =>
      db
        .selectFrom('notification_attempts')
        .select(['attempt', 'status_code', 'error', 'answer'])
        .where('notification_ref', '=', id)
        .orderBy('id')
        .execute(),
    );
  }

  beforeEach(async () => {
    [database, receiver] = await Promise.all([open(), startReceiver()]);
    clock = new TestClock(Date.now());
  });

  afterEach(async () => {
    await delivery.stop();
    await Promise.all([database.dispose(), receiver.stop()]);
  });

  it('delivers committed notifications, signed, and records the delivery', async () => {
    build().start();
    const id = await delivery.queue({ version: 3 });
    await ends(1);

    const [{ method, path, headers, body }] = receiver.received as [TestReceiver['received'][number]];
    expect({ method, path }).toEqual({ method: 'POST', path: '/hook?shop=1' });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(clock.now() / 1_000)),
      'x-tollgate-event': 'payment',
      'x-payment-version': '3',
      'x-request-id': 'req-of-the-test',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    expect(new Webhook(NOTIFICATION_SECRET).verify(body, headers as Record<string, string>)).toEqual({
      status: 'ACCEPTED',
      paymentId: 'pm_1',
      shopTransactionId: 'order-1',
      providerName: 'acme',
      version: 3,
    });
    expect(await delivery.row(id)).toMatchObject({
      state: 'DELIVERED',
      attempts: 1,
      next_attempt_at: null,
      lease_token: null,
      lease_until: null,
      delivered_at: clock.now(),
    });
    expect(await attempts(id)).toEqual([
      { attempt: 1, status_code: 200, error: null, answer: '{"received":true}' },
    ]);
  });

  it('signs with both secrets during a rotation', async () => {
    const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
    build({ secrets: [NOTIFICATION_SECRET, other] }).start();
    await delivery.queue();
    await ends(1);
    const [{ headers, body }] = receiver.received as [TestReceiver['received'][number]];
    for (const secret of [NOTIFICATION_SECRET, other]) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toBeTruthy();
    }
  });

  it('does not send after a rollback', async () => {
    build().start();
    const failing = database.store.transaction(async (trx) => {
      await delivery.outbox.enqueue(trx, {
        event: 'payment',
        subjectRef: 'pay_1',
        external: 'acme',
        version: 1,
        payload: {},
        traceparent: undefined,
        atMs: clock.now(),
      });
      throw new Error('the change was refused');
    });
    await expect(failing).rejects.toThrow('the change was refused');
    delivery.outbox.wake();
    const id = await delivery.queue();
    await ends(1);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id]);
  });

  it('retries on the schedule: 500 three times, then 200', async () => {
    receiver.answers(500, 500, 500, 200);
    build().start();
    const id = await delivery.queue();
    const dueAt: number[] = [];
    for (const [i, waitMs] of SCHEDULE_MS.entries()) {
      await ends(i + 1);
      const row = await delivery.row(id);
      expect(row).toMatchObject({ state: 'RETRY', attempts: i + 1 });
      dueAt.push(row.next_attempt_at! - clock.now());
      pass(waitMs);
    }
    await ends(4);

    for (const [i, waitMs] of SCHEDULE_MS.entries()) {
      expect(dueAt[i]).toBeGreaterThanOrEqual(waitMs);
      expect(dueAt[i]).toBeLessThanOrEqual(waitMs * 1.1);
    }
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id, id, id]);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED', attempts: 4 });
    expect((await attempts(id)).map((attempt) => attempt['status_code'])).toEqual([500, 500, 500, 200]);
    expect(delivery.deliveries.map(({ result }) => result)).toEqual(['retry', 'retry', 'retry', 'delivered']);
  });

  it('does not retry before the time', async () => {
    receiver.answers(500, 200);
    build().start();
    await delivery.queue();
    await ends(1);
    clock.advance(4_999);
    const other = await delivery.queue();
    await ends(2);
    expect(receiver.received.map(({ headers }) => headers['webhook-id']).slice(1)).toEqual([other]);
  });

  it('stops after the last attempt: DEAD', async () => {
    receiver.answers(503);
    build({ scheduleMs: [5_000] }).start();
    const id = await delivery.queue();
    await ends(1);
    pass(5_000);
    await ends(2);
    expect(await delivery.row(id)).toMatchObject({ state: 'DEAD', attempts: 2, next_attempt_at: null });
    expect(delivery.deliveries.at(-1)).toMatchObject({ result: 'dead', statusCode: 503 });
  });

  it('stops at once after 410', async () => {
    receiver.answers(410);
    build().start();
    const id = await delivery.queue();
    await ends(1);
    expect(await delivery.row(id)).toMatchObject({ state: 'DEAD', attempts: 1 });
  });

  it('does not follow redirects', async () => {
    const other = await startReceiver();
    receiver.answers((response) => response.writeHead(302, { location: other.url }).end());
    build().start();
    const id = await delivery.queue();
    await ends(1);
    expect(await delivery.row(id)).toMatchObject({ state: 'RETRY', attempts: 1 });
    expect(receiver.received).toHaveLength(1);
    expect(other.received).toHaveLength(0);
    await other.stop();
  });

  it.each<[name: string, retryAfter: (nowMs: number) => string, waitMs: number]>([
    ['seconds', () => '90', 90_000],
    ['a date', (nowMs) => new Date(nowMs + 90_000).toUTCString(), 89_000],
    ['a week, of which it keeps a day', () => '604800', 86_400_000],
  ])('honours Retry-After: %s', async (_form, retryAfter, waitMs) => {
    receiver.answers((response) => response.writeHead(503, { 'retry-after': retryAfter(clock.now()) }).end());
    build().start();
    const id = await delivery.queue();
    await ends(1);
    const { next_attempt_at } = await delivery.row(id);
    expect(next_attempt_at! - clock.now()).toBeGreaterThanOrEqual(waitMs);
    expect(next_attempt_at! - clock.now()).toBeLessThanOrEqual(waitMs + 1_000);
  });

  it.each<[name: string, answer: ReceiverAnswer, error: RegExp]>([
    ['hangs', () => {}, /no whole answer within 100 ms/],
    ['drips for ever', (response) => drip(response, 1), /no whole answer within 100 ms/],
    ['is cut off', (response) => void response.write('{', () => response.destroy()), /UND_ERR_SOCKET/],
    ['closes without a word', (response) => response.destroy(), /UND_ERR_SOCKET/],
  ])('retries after an answer that %s', async (_what, answer, error) => {
    receiver.answers(answer, 200);
    build({ deadlineMs: 100 }).start();
    const id = await delivery.queue();
    await ends(1);
    expect(await delivery.row(id)).toMatchObject({ state: 'RETRY', attempts: 1 });
    expect(await attempts(id)).toMatchObject([{ status_code: null, error: expect.stringMatching(error) }]);
    pass(5_000);
    await ends(2);
    expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED' });
  });

  it('reads 64 KiB of an endless answer and uses its status', async () => {
    let sent = 0;
    receiver.answers((response) => {
      const piece = 'x'.repeat(16_384);
      const more = (): void => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
      };
      response.on('drain', more);
      more();
    });
    build().start();
    const id = await delivery.queue();
    await ends(1);
    expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED' });
    expect((await attempts(id))[0]!['answer']).toBe('x'.repeat(1_024));
    // The buffers of the sockets do not count.
    expect(sent).toBeLessThan(16 * 1_048_576);
  });

  it('keeps the first KiB of the answer, masked', async () => {
    receiver.answers((response) =>
      response.writeHead(400).end(`no: 4111 1111 1111 1111\0 ${'é'.repeat(2_000)}`),
    );
    build().start();
    const id = await delivery.queue();
    await ends(1);
    const answer = (await attempts(id))[0]!['answer'] as string;
    expect(answer).toMatch(/^no: \*{4} \*{4} \*{4} 1111\uFFFD é+$/);
    expect(Buffer.byteLength(answer)).toBeLessThanOrEqual(1_024);
  });

  it('waits without a configured receiver', async () => {
    build({ receiverUrl: undefined }).start();
    const id = await delivery.queue();
    expect(await delivery.row(id)).toMatchObject({ state: 'PENDING', attempts: 0 });
    delivery.receivers.usePaymentCallback(receiver.url, []);
    delivery.outbox.wake();
    await ends(1);
    expect(receiver.received[0]!.headers['webhook-signature']).toBeUndefined();
    // No attempt was used without a receiver.
    expect(delivery.deliveries.map(({ result }) => result)).toEqual(['delivered']);
    expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED', attempts: 1 });
  });

  it('does not connect to addresses that the address guard refuses', async () => {
    build({ receiverUrl: 'http://169.254.169.254/latest' }).start();
    const id = await delivery.queue();
    await ends(1);
    expect(await attempts(id)).toMatchObject([{ status_code: null, error: 'EADDRREFUSED' }]);
  });

  it('does not delay other payments for a slow answer', async () => {
    receiver.answers(() => {}, 200);
    build({ concurrency: 2, deadlineMs: 2_000 }).start();
    await delivery.queue({ subjectRef: 'pay_slow' });
    await until(() => receiver.received.length === 1, 'the slow one on the wire');
    for (let i = 0; i < 20; i += 1) await delivery.queue();
    await ends(20);
    expect(delivery.deliveries.every(({ result }) => result === 'delivered')).toBe(true);
  });

  it('has no more deliveries on the wire than its limit, and claims ahead as many as it delivers in two turns', async () => {
    const open: ServerResponse[] = [];
    receiver.answers((response) => open.push(response));
    build({ concurrency: 4 });
    for (let i = 0; i < 40; i += 1) await delivery.queue();
    delivery.start();
    let most = 0;
    for (let ended = 0; ended < 40; ended += 4) {
      await until(() => open.length === 4, `those after ${ended}`);
      const claimed = (await delivery.rows()).filter(({ state }) => state === 'LEASED');
      expect([ended, open.length]).toEqual([ended, 4]);
      expect(claimed.length).toBeGreaterThanOrEqual(4);
      most = Math.max(most, claimed.length);
      for (const one of open.splice(0)) one.end();
      await ends(ended + 4);
    }
    expect(delivery.deliveries).toHaveLength(40);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(4 + 2 * 4);
  });

  describe('what is claimed ahead', () => {
    /** Answers `quick` at once, so that more are claimed ahead, and then nothing. */
    async function untilReceiverHangs(quick: number, options: Partial<DeliveryOptions>): Promise<void> {
      const answers = Array.from({ length: quick }, () => 200);
      receiver.answers(...answers, () => {});
      build({ concurrency: 2, ...options });
      for (let i = 0; i < 30; i += 1) await delivery.queue();
      delivery.start();
      await until(() => receiver.received.length === quick + 2, 'two that hang');
      await ends(quick);
    }

    const statesOf = async (): Promise<Record<string, number>> => {
      const rows = await delivery.rows();
      const counts: Record<string, number> = {};
      for (const { state, attempts } of rows) {
        const name = `${state} ${attempts}`;
        counts[name] = (counts[name] ?? 0) + 1;
      }
      return counts;
    };

    it('is handed back without an attempt where the receiver leaves no place for it', async () => {
      await untilReceiverHangs(8, { placeWaitMs: 20 });
      const handedBack = { 'DELIVERED 1': 8, 'LEASED 1': 2, 'PENDING 0': 20 };
      await until(async () => (await statesOf())['PENDING 0'] === 20, 'those without a place');
      expect(await statesOf()).toEqual(handedBack);
      expect(receiver.received).toHaveLength(10);
    });

    it('is handed back when the gateway stops', async () => {
      await untilReceiverHangs(8, { placeWaitMs: 60_000, stopGraceMs: 20 });
      await delivery.stop();
      expect(await statesOf()).toEqual({ 'DELIVERED 1': 8, 'PENDING 0': 22 });
      expect(receiver.received).toHaveLength(10);
    });

    it('is taken over from a worker that died, and none of it is lost', async () => {
      await untilReceiverHangs(8, { placeWaitMs: 60_000 });
      const dead = delivery;
      receiver.answers(200);
      clock.advance(30_000);
      const after = build();
      after.start();
      await until(
        async () => (await after.rows()).every(({ state }) => state === 'DELIVERED'),
        'all of them',
      );
      await dead.stop();
    });
  });

  it('goes on after a newer replica has added a column', async () => {
    build();
    delivery.start();
    // So often that a session has prepared its statements.
    for (let i = 1; i <= 10; i += 1) {
      await delivery.queue();
      await ends(i);
    }
    await database.store.transaction((trx) =>
      sql`alter table notifications add column later text default 'new'`.execute(trx),
    );
    for (let i = 11; i <= 20; i += 1) {
      await delivery.queue();
      await ends(i);
    }
    expect(new Set(delivery.deliveries.map(({ result }) => result))).toEqual(new Set(['delivered']));
  });

  describe('while the receiver is down', () => {
    const spent = async (): Promise<number> =>
      (await delivery.rows()).reduce((sum, { attempts }) => sum + attempts, 0);

    it('probes it with one at a time and uses no attempt of the others', async () => {
      await receiver.stop();
      build({ concurrency: 10 });
      for (let i = 0; i < 50; i += 1) await delivery.queue();
      delivery.start();
      await until(() => delivery.circuits.length === 1, 'the breaker to open');
      await until(async () => (await spent()) === delivery.deliveries.length, 'those on the wire to end');
      const before = await spent();
      // Ten that open it, and those in flight beside them.
      expect(before).toBeLessThanOrEqual(20);
      clock.advance(1_000);
      delivery.outbox.wake();
      await ends(before + 1);
      expect(await spent()).toBe(before + 1);

      await receiver.start();
      clock.advance(2_000);
      delivery.outbox.wake();
      // The probe is accepted, then all that never had an attempt.
      await ends(50);
      expect(delivery.circuits.map(([, circuit]) => circuit)).toEqual(['open', 'closed']);
      pass(30_000);
      await until(async () => (await delivery.rows()).every(({ state }) => state === 'DELIVERED'), 'all');
      expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(50);
    });
  });

  describe('during shutdown', () => {
    it('records deliveries that end in time and releases the others', async () => {
      receiver.answers(() => {}, 200);
      build();
      delivery.start();
      const slow = await delivery.queue({ subjectRef: 'pay_slow' });
      await until(() => receiver.received.length === 1, 'the slow one on the wire');
      const fast = await delivery.queue();
      await ends(1);
      await delivery.stop();
      expect(await delivery.row(fast)).toMatchObject({ state: 'DELIVERED' });
      expect(await delivery.row(slow)).toMatchObject({
        state: 'PENDING',
        attempts: 0,
        lease_token: null,
        next_attempt_at: clock.now(),
      });
    });
  });
});

function drip(response: ServerResponse, everyMs: number): void {
  const timer = setInterval(() => response.write('.'), everyMs);
  response.on('close', () => clearInterval(timer));
}
