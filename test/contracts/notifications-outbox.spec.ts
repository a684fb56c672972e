import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LeasedNotification } from '../../src/notifications/notification-lease.repository.js';
import { buildDelivery, type Delivery } from '../support/delivery.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { type ReceiverAnswer, startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

const LEASE_MS = 30_000;

eachDatabase((name, open) => {
  let database: TestDatabase;
  let receiver: TestReceiver;
  let clock: TestClock;
  let delivery: Delivery;

  beforeEach(async () => {
    [database, receiver] = await Promise.all([open(), startReceiver()]);
    clock = new TestClock();
    delivery = buildDelivery({ store: database.store, clock, receiverUrl: receiver.url });
  });

  afterEach(async () => {
    await delivery.stop();
    await Promise.all([database.dispose(), receiver.stop()]);
  });

  const queue = (version: number, subjectRef = 'pay_1'): Promise<string> =>
    delivery.queue({ subjectRef, version, payload: {} });
  const claim = (limit = 10, order: 'longest-due' | 'latest-due' = 'longest-due') =>
    database.store.transaction((trx) =>
      delivery.leases.claimDue(trx, {
        nowMs: clock.now(),
        limit,
        receiver: 'payment-callback',
        leaseUntilMs: clock.now() + LEASE_MS,
        order,
      }),
    );
  const fail = (one: LeasedNotification, nextAttemptAtMs: number | null = clock.now() + 5_000) =>
    database.store.transaction((trx) => delivery.leases.markFailed(trx, one, nextAttemptAtMs, clock.now()));
  const reclaim = () =>
    database.store.transaction((trx) =>
      delivery.leases.freeEnded(trx, { endedBeforeMs: clock.now(), nowMs: clock.now(), limit: 10 }),
    );
  const states = async (): Promise<[version: number, state: string, newest: number][]> =>
    (await delivery.rows())
      .toSorted((a, b) => a.version - b.version)
      .map(({ version, state, newest }) => [version, state, newest]);
  const versions = (): string[] =>
    receiver.received.map(({ headers }) => headers['x-payment-version'] as string);

  describe('claiming', () => {
    it('claims due notifications, counts the attempt, and claims nothing twice', async () => {
      await queue(1, 'pay_1');
      clock.advance(1);
      await queue(1, 'pay_2');
      await queue(1, 'pay_3');
      const [first] = await claim(1);
      expect(first).toMatchObject({ payment_ref: 'pay_1', state: 'LEASED', attempts: 1 });
      expect((await claim()).map(({ payment_ref }) => payment_ref).toSorted()).toEqual(['pay_2', 'pay_3']);
      expect(await claim()).toEqual([]);
    });

    it('claims the one that became due last for a probe', async () => {
      await queue(1, 'pay_1');
      clock.advance(1);
      await queue(1, 'pay_2');
      expect(await claim(1, 'latest-due')).toMatchObject([{ payment_ref: 'pay_2' }]);
    });

    it('distributes notifications among concurrent workers', async () => {
      for (let i = 0; i < 50; i += 1) await queue(1, `pay_${i}`);
      const claims = await Promise.all(Array.from({ length: 10 }, () => claim(5)));
      const ids = claims.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids, ...(await claim(50)).map(({ id }) => id)]).toHaveLength(50);
    });
  });

  describe('a newer one of the same payment', () => {
    it('supersedes an unsent one', async () => {
      await queue(1);
      await queue(2);
      expect(await states()).toEqual([
        [1, 'SUPERSEDED', 0],
        [2, 'PENDING', 1],
      ]);
    });

    it('supersedes one that waits for a retry', async () => {
      await queue(1);
      const [one] = await claim();
      await fail(one!);
      await queue(2);
      expect(await states()).toEqual([
        [1, 'SUPERSEDED', 0],
        [2, 'PENDING', 1],
      ]);
    });

    it('supersedes a dead one', async () => {
      await queue(1);
      const [one] = await claim();
      await fail(one!, null);
      await queue(2);
      expect(await states()).toEqual([
        [1, 'SUPERSEDED', 0],
        [2, 'PENDING', 1],
      ]);
    });

    it('does not supersede a delivered one', async () => {
      await queue(1);
      const [one] = await claim();
      await database.store.transaction((trx) => delivery.leases.markDelivered(trx, [one!], clock.now()));
      await queue(2);
      expect(await states()).toEqual([
        [1, 'DELIVERED', 0],
        [2, 'PENDING', 1],
      ]);
    });

    it.each([
      ['fails', 5_000],
      ['fails for the last time', null],
    ])('waits for one in flight, which is not retried when it %s', async (_, waitMs) => {
      await queue(1);
      const [one] = await claim();
      await queue(2);
      expect(await claim()).toEqual([]);
      expect(await fail(one!, waitMs && clock.now() + waitMs)).toBe('SUPERSEDED');
      expect(await claim()).toMatchObject([{ version: 2 }]);
      expect(await states()).toEqual([
        [1, 'SUPERSEDED', 0],
        [2, 'LEASED', 1],
      ]);
    });

    it('supersedes one of a dead worker', async () => {
      await queue(1);
      await claim();
      await queue(2);
      clock.advance(LEASE_MS);
      expect(await reclaim()).toMatchObject([{ state: 'SUPERSEDED' }]);
      expect(await claim()).toMatchObject([{ version: 2 }]);
    });

    it('is delivered alone if the receiver was down for the older one', async () => {
      receiver.answers(503, 200);
      delivery.start();
      await queue(1);
      await until(() => delivery.deliveries.length === 1, 'the first attempt');
      await queue(2);
      await until(() => delivery.deliveries.length === 2, 'the newer one');
      clock.advance(86_400_000);
      delivery.outbox.wake();
      await queue(1, 'pay_2');
      await until(() => delivery.deliveries.length === 3, 'another payment’s');
      expect(versions()).toEqual(['1', '2', '1']);
    });

    it('waits for the delivery in flight and is then sent at once', async () => {
      const answers: (() => void)[] = [];
      const held: ReceiverAnswer = (response) => answers.push(() => response.writeHead(500).end());
      receiver.answers(held, 200);
      delivery.start();
      await queue(1);
      await until(() => answers.length === 1, 'the older one on the wire');
      await queue(2);
      await queue(3);
      answers[0]!();
      await until(() => delivery.deliveries.length === 2, 'the newest');
      expect(versions()).toEqual(['1', '3']);
      expect(delivery.deliveries.map(({ result }) => result)).toEqual(['superseded', 'delivered']);
      expect(await states()).toEqual([
        [1, 'SUPERSEDED', 0],
        [2, 'SUPERSEDED', 0],
        [3, 'DELIVERED', 1],
      ]);
    });
  });

  describe('a dead worker', () => {
    it('loses its lease after 30 s, and the same id is resent', async () => {
      const id = await queue(1);
      await claim();
      clock.advance(LEASE_MS - 1);
      expect(await reclaim()).toEqual([]);
      clock.advance(1);
      expect(await reclaim()).toMatchObject([{ id, attempts: 1, state: 'RETRY' }]);
      expect(await claim()).toMatchObject([{ id, attempts: 2 }]);
    });

    it('changes nothing if it was only slow', async () => {
      await queue(1);
      const [slow] = await claim();
      clock.advance(LEASE_MS);
      await reclaim();
      const [taken] = await claim();
      await database.store.transaction((trx) => delivery.leases.markDelivered(trx, [slow!], clock.now()));
      expect(await fail(slow!)).toBeUndefined();
      await database.store.transaction((trx) => delivery.leases.handBack(trx, slow!, clock.now()));
      expect(await delivery.row(taken!.id)).toMatchObject({
        state: 'LEASED',
        attempts: 2,
        lease_token: taken!.lease_token,
      });
    });

    it('is followed by the next one, which records it in the attempts', async () => {
      const id = await queue(1);
      await claim();
      clock.advance(LEASE_MS);
      delivery.start();
      await until(() => delivery.deliveries.length === 1, 'the delivery');
      expect(receiver.received[0]!.headers['webhook-id']).toBe(id);
      const attempts = await database.store.read((db) =>
        db
          .selectFrom('notification_attempts')
          .select(['attempt', 'status_code', 'error'])
          .orderBy('attempt')
          .execute(),
      );
      expect(attempts).toEqual([
        { attempt: 1, status_code: null, error: expect.stringContaining('the worker ended') },
        { attempt: 2, status_code: 200, error: null },
      ]);
    });

    // SQLite has one process: the holder of the lease is dead.
    (name.startsWith('SQLite') ? it : it.skip)(
      'on SQLite does not keep the next process waiting',
      async () => {
        const id = await queue(1);
        await claim();
        delivery.start();
        await until(() => delivery.deliveries.length === 1, 'the delivery');
        expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED', attempts: 2, lease_token: null });
      },
    );
  });

  describe('an unsolicited payment that is absorbed by another', () => {
    const move = () =>
      database.store.transaction((trx) => delivery.outbox.movePayment(trx, 'pay_learned', 'pay_1'));

    it('moves its notifications', async () => {
      await queue(1, 'pay_learned');
      await move();
      await queue(2, 'pay_1');
      expect(await states()).toEqual([
        [1, 'SUPERSEDED', 0],
        [2, 'PENDING', 1],
      ]);
    });

    it('if both have notifications, only the newest may be sent', async () => {
      await queue(1, 'pay_1');
      await queue(3, 'pay_learned');
      await queue(4, 'pay_learned');
      await move();
      expect(await states()).toEqual([
        [1, 'SUPERSEDED', 0],
        [3, 'SUPERSEDED', 0],
        [4, 'PENDING', 1],
      ]);
      expect(new Set((await delivery.rows()).map(({ payment_ref }) => payment_ref))).toEqual(
        new Set(['pay_1']),
      );
    });
  });

  it('counts what waits', async () => {
    const backlog = () => database.store.read((db) => delivery.notifications.backlog(db));
    expect(await backlog()).toEqual(new Map());
    const queuedAtMs = clock.now();
    await queue(1, 'pay_1');
    clock.advance(10);
    await queue(1, 'pay_2');
    await queue(1, 'pay_3');
    // PostgreSQL returns claimed rows in any order.
    const [first, second] = (await claim(2)).toSorted((a, b) => a.created_at - b.created_at);
    await fail(first!);
    await fail(second!, null);
    expect(await backlog()).toEqual(
      new Map([['payment-callback', { waiting: 2, oldestCreatedAtMs: queuedAtMs, dead: 1 }]]),
    );
  });
});
