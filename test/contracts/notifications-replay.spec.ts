import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { ReplayFilter } from '../../src/notifications/replay.repository.js';
import { buildDelivery, type Delivery, NOTIFICATION_SECRET } from '../support/delivery.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { OPS } from '../support/operators.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let receiver: TestReceiver;
  let clock: TestClock;
  let delivery: Delivery;

  beforeEach(async () => {
    [database, receiver] = await Promise.all([open(), startReceiver()]);
    clock = new TestClock(Date.now() - 60_000);
    delivery = buildDelivery({ store: database.store, clock, receiverUrl: receiver.url, scheduleMs: [] });
  });

  afterEach(async () => {
    await delivery.stop();
    await Promise.all([database.dispose(), receiver.stop()]);
  });

  const ends = (count: number) => until(() => delivery.deliveries.length >= count, `${count} attempts`);
  const replays = () =>
    database.store.read((db) => db.selectFrom('notification_replays').selectAll().execute());
  const all = (filter: Partial<ReplayFilter> = {}) =>
    delivery.replay.all(
      {
        state: 'DEAD',
        external: undefined,
        receiver: undefined,
        fromMs: 0,
        toMs: Number.MAX_SAFE_INTEGER,
        ...filter,
      },
      OPS,
    );

  /** Rows as a worker leaves them. */
  async function seed(count: number, state: 'DEAD' | 'DELIVERED', external = 'acme'): Promise<void> {
    for (let i = 0; i < count; i += 1) await delivery.queue({ external });
    await database.store.transaction((trx) =>
      trx
        .updateTable('notifications')
        .set({ state, next_attempt_at: null, attempts: 1 })
        .where('state', '=', 'PENDING')
        .where('external', '=', external)
        .execute(),
    );
    clock.advance(1_000);
  }

  describe('of one notification', () => {
    it.each([410, 200])('resends it after %d: same id, same body, new signature', async (status) => {
      receiver.answers(status, 200);
      delivery.start();
      const id = await delivery.queue();
      await ends(1);
      clock.advance(60_000);
      expect(await delivery.replay.one(id, OPS)).toEqual({ id, state: 'PENDING' });
      await ends(2);

      const [first, second] = receiver.received;
      expect(second!.headers['webhook-id']).toBe(id);
      expect(second!.body).toBe(first!.body);
      expect(Number(second!.headers['webhook-timestamp'])).toBe(
        Number(first!.headers['webhook-timestamp']) + 60,
      );
      const headers = second!.headers as Record<string, string>;
      expect(new Webhook(NOTIFICATION_SECRET).verify(second!.body, headers)).toBeTruthy();
      expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED', attempts: 1 });
      expect(await replays()).toEqual([{ notification_ref: id, at: clock.now(), requested_by: 'ops' }]);
    });

    it('refuses one that a newer one of the same payment supersedes', async () => {
      const old = await delivery.queue({ subjectRef: 'pay_1', version: 1 });
      await delivery.queue({ subjectRef: 'pay_1', version: 2 });
      await expect(delivery.replay.one(old, OPS)).rejects.toMatchObject({ code: 'conflict' });
      expect(await delivery.row(old)).toMatchObject({ state: 'SUPERSEDED' });
      expect(await replays()).toEqual([]);
    });

    it('refuses one that is in flight', async () => {
      const answers: (() => void)[] = [];
      receiver.answers((response) => answers.push(() => response.end()));
      delivery.start();
      const id = await delivery.queue();
      await until(() => answers.length === 1, 'it on the wire');
      await expect(delivery.replay.one(id, OPS)).rejects.toMatchObject({ code: 'conflict' });
      answers[0]!();
      await ends(1);
    });

    it.each(['ntf_01a2025c-027f-7c04-b4f7-e4e09de791b0', 'ntf_1', '', 'a\0b'])(
      'does not find %j',
      async (id) => {
        await expect(delivery.replay.one(id, OPS)).rejects.toMatchObject({ code: 'not-found' });
      },
    );
  });

  describe('of many notifications', () => {
    it('sends all DEAD notifications, any number', async () => {
      await seed(1_203, 'DEAD');
      await seed(2, 'DELIVERED', 'other');
      expect(await all()).toEqual({ replayed: 1_203, skipped: 0 });
      delivery.start();
      await ends(1_203);
      expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1_203);
      expect(await replays()).toHaveLength(1_203);
      expect(await all()).toEqual({ replayed: 0, skipped: 0 });
    });

    it('filters by state, external and time', async () => {
      const start = clock.now();
      await seed(1, 'DEAD');
      await seed(2, 'DEAD');
      const middle = clock.now();
      await seed(3, 'DEAD', 'other');
      await seed(4, 'DELIVERED', 'other');
      expect(await all({ toMs: start })).toEqual({ replayed: 0, skipped: 0 });
      expect(await all({ toMs: start + 1_000 })).toEqual({ replayed: 1, skipped: 0 });
      expect(await all({ fromMs: middle, external: 'acme' })).toEqual({ replayed: 0, skipped: 0 });
      expect(await all({ fromMs: middle })).toEqual({ replayed: 3, skipped: 0 });
      expect(await all({ state: 'DELIVERED' })).toEqual({ replayed: 4, skipped: 0 });
      expect(await all({ state: 'DEAD' })).toEqual({ replayed: 2, skipped: 0 });
    });

    it('counts superseded notifications as skipped', async () => {
      await delivery.queue({ subjectRef: 'pay_1', version: 1 });
      delivery.start();
      await ends(1);
      await delivery.queue({ subjectRef: 'pay_1', version: 2 });
      await ends(2);
      await delivery.queue({ subjectRef: 'pay_2', version: 1 });
      await ends(3);
      clock.advance(1_000);
      expect(await all({ state: 'DELIVERED' })).toEqual({ replayed: 2, skipped: 1 });
    });
  });
});
