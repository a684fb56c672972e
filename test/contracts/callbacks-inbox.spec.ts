import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CallbackInbox, type CallbackOrigin } from '../../src/callbacks/callback.inbox.js';
import {
  CALLBACK_LEASES,
  CallbackRepository,
  type LeasedCallback,
} from '../../src/callbacks/callback.repository.js';
import type { CallbackRow } from '../../src/callbacks/callback.table.js';
import { unconfirmed, type VerificationOutcome } from '../../src/callbacks/verification-end.js';
import { UnknownPaymentLimit } from '../../src/callbacks/unknown-payment.limit.js';
import { VerificationRecorder } from '../../src/callbacks/verification.recorder.js';
import type { Config } from '../../src/config/config.js';
import { createLog } from '../../src/observability/logging/log.js';
import { Metrics } from '../../src/observability/metrics/metrics.js';
import { NoopTracer } from '../../src/observability/tracing/noop.tracer.js';
import { Fingerprints } from '../../src/operations/fingerprint.js';
import type { PaymentRow } from '../../src/payments/payment.table.js';
import type { Problem } from '../../src/problems/problem.js';
import { PaymentRepository } from '../../src/payments/payment.repository.js';
import { RefundRepository } from '../../src/refunds/refund.repository.js';
import { RetrySchedule } from '../../src/notifications/retry-schedule.js';
import { ReceiverRegistry } from '../../src/notifications/receiver.registry.js';
import { ExternalProviderRegistry } from '../../src/providers/external-provider.registry.js';
import { ProvidersMetrics } from '../../src/providers/providers.metrics.js';
import { SecurityMetrics } from '../../src/security/security.metrics.js';
import { Secret } from '../../src/sensitive/secret.js';
import { SubscriptionRepository } from '../../src/subscriptions/subscription.repository.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { deliveryConfig } from '../support/delivery.js';
import { fingerprintKey } from '../support/gateway.js';
import { LogLines } from '../support/log-lines.js';
import { TestClock } from '../support/test-clock.js';

const [KEY, OTHER_KEY] = [fingerprintKey(), fingerprintKey()] as const;

type Sender = Pick<CallbackOrigin, 'signed' | 'anyoneFrom'>;

const QUIET_MS = 100;
const LEASE_MS = 30_000;
const SCHEDULE_MS = [5_000, 30_000];

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let clock: TestClock;
  let limit: UnknownPaymentLimit;
  let fingerprints: Fingerprints;
  const callbacks = new CallbackRepository();
  const metrics = new SecurityMetrics(new Metrics());
  const recorder = new VerificationRecorder(
    new RetrySchedule({ notifications: { scheduleMs: SCHEDULE_MS } } as unknown as Config),
    callbacks,
  );

  beforeEach(async () => {
    database = await open();
    clock = new TestClock();
    limit = new UnknownPaymentLimit(callbacks, metrics, clock);
    fingerprints = fingerprintsBy(KEY);
  });
  afterEach(() => database.dispose());

  const config = deliveryConfig({});
  const registry = new ExternalProviderRegistry(
    { ...config, httpLogLevel: 'none' },
    new TestClock(),
    createLog('fatal', new LogLines(), new TestClock()),
    new ProvidersMetrics(new Metrics()),
    new NoopTracer(),
  );
  const fingerprintsBy = (...keys: string[]): Fingerprints =>
    new Fingerprints(database.store, {
      ...config,
      fingerprintKeys: keys.map((key) => new Secret(key)),
      database: { kind: 'sqlite', path: ':memory:' },
    });

  const inboxWith = (repository: CallbackRepository) =>
    new CallbackInbox(
      database.store,
      repository,
      new PaymentRepository(),
      new RefundRepository(),
      new SubscriptionRepository(),
      clock,
      metrics,
      limit,
      fingerprints,
      registry,
      new ReceiverRegistry(config),
    );
  const receive = (paymentId = 'pm_1', external = 'acme', body: string | null = null, from: Sender = {}) =>
    inboxWith(callbacks).receive(
      { method: body === null ? 'GET' : 'POST', paymentId, body },
      { external, requestId: `req_${paymentId}`, traceparent: '00-trace', continued: true, ...from },
    );
  const claim = (external = 'acme', limit = 10): Promise<LeasedCallback[]> =>
    database.store.transaction((trx) =>
      CALLBACK_LEASES.claim(trx, {
        external,
        nowMs: clock.now(),
        limit,
        leaseUntilMs: clock.now() + LEASE_MS,
      }),
    );
  const record = (callback: LeasedCallback, outcome: VerificationOutcome) =>
    database.store.transaction((trx) =>
      recorder.record(trx, [{ callback, durationMs: 1, outcome }], clock.now()),
    );
  const rows = (): Promise<CallbackRow[]> =>
    database.store.read((db) => db.selectFrom('callbacks').selectAll().orderBy('received_at').execute());
  const confirmed = (settled: boolean): VerificationOutcome => ({
    kind: 'confirmed',
    shopTransactionId: 'order-1',
    settled,
  });
  const NEVER_SEEN = unconfirmed('the external does not know this payment');

  describe('a repeated signed callback', () => {
    const VALID_MS = 600_000;
    const signed = (key: string, digest = 'of-body') =>
      receive('pm_1', 'acme', null, { signed: { key, digest } });
    const end = async (): Promise<void> => {
      clock.advance(QUIET_MS);
      for (const callback of await claim()) await record(callback, confirmed(true));
    };

    it('is only acknowledged, at every replica and any number at once', async () => {
      await signed('key-1');
      await end();
      const receipts = await Promise.all(Array.from({ length: 20 }, () => signed('key-1')));
      for (const { receipt } of receipts) expect(receipt).toEqual({ received: true, paymentId: 'pm_1' });
      clock.advance(VALID_MS - QUIET_MS - 1);
      await signed('key-1');
      expect(await rows()).toMatchObject([{ state: 'VERIFIED', repeats: 0 }]);
      await signed('key-2');
      expect(await rows()).toHaveLength(2);
    });

    it('is new once its signature has expired, with or without its stored id', async () => {
      await signed('key-1');
      await signed('key-2');
      await end();
      clock.advance(VALID_MS - QUIET_MS);
      const forget = (limit: number) =>
        database.store.transaction((trx) => callbacks.deleteProcessed(trx, { nowMs: clock.now(), limit }));
      expect(await forget(1)).toBe(1);
      for (const key of ['key-1', 'key-2']) {
        await signed(key);
        await end();
      }
      expect(await rows()).toHaveLength(3);
      expect(await forget(10)).toBe(0);
    });

    it('is a message of its own with another content, and then only acknowledged', async () => {
      expect(await signed('key-1')).toMatchObject({ isIdReused: false });
      await end();
      expect(await signed('key-1', 'of-other')).toMatchObject({ isIdReused: true });
      await end();
      for (const digest of ['of-body', 'of-other']) {
        expect(await signed('key-1', digest)).toMatchObject({ isIdReused: false });
      }
      expect(await rows()).toHaveLength(2);
    });

    it('is recognised by a digest that nobody without the key can try', async () => {
      const digest = createHash('sha256').update('{"pan":"4111111111111111"}').digest('base64');
      await signed('key-1', digest);
      await end();
      const stored = await database.store.read((db) =>
        db.selectFrom('taken_callbacks').selectAll().execute(),
      );
      expect(stored).toMatchObject([
        { key: 'key-1', digest: expect.stringMatching(/^[\w-]{8}\.[\w-]{43}$/) },
      ]);
      expect(JSON.stringify(stored)).not.toContain(digest);
      // A replica that has rotated the key.
      fingerprints = fingerprintsBy(OTHER_KEY, KEY);
      expect(await signed('key-1', digest)).toMatchObject({ isIdReused: false });
      expect(await rows()).toHaveLength(1);
      fingerprints = fingerprintsBy(OTHER_KEY);
      expect(await signed('key-1', digest)).toMatchObject({ isIdReused: true });
    });

    it('is only acknowledged if the first release recorded its id', async () => {
      await database.store.transaction((trx) =>
        trx
          .insertInto('taken_callbacks')
          .values({ key: 'key-1', digest: null, until: clock.now() + VALID_MS })
          .execute(),
      );
      await signed('key-1');
      expect(await rows()).toEqual([]);
    });

    it('is accepted if the first one could not be stored', async () => {
      const broken = new CallbackRepository();
      broken.insertOrMerge = () => Promise.reject(new Error('no'));
      const inbox = inboxWith(broken);
      const origin = {
        external: 'acme',
        requestId: 'req_1',
        traceparent: '00-trace',
        continued: true,
        signed: { key: 'key-1', digest: 'of-body' },
      };
      const receiving = inbox.receive({ method: 'GET', paymentId: 'pm_1', body: null }, origin);
      await expect(receiving).rejects.toThrow('no');
      expect(await rows()).toEqual([]);
      await signed('key-1');
      expect(await rows()).toHaveLength(1);
    });
  });

  describe('merging', () => {
    it('delays a new callback until no other arrives, then it is due', async () => {
      await receive();
      expect(await claim()).toEqual([]);
      clock.advance(QUIET_MS);
      expect(await claim()).toMatchObject([{ payment_id: 'pm_1', attempts: 1, repeats: 0 }]);
    });

    it('merges callbacks that arrive at the same moment at different replicas', async () => {
      await Promise.all(Array.from({ length: 20 }, () => receive()));
      clock.advance(QUIET_MS);
      expect(await claim()).toMatchObject([{ repeats: 19 }]);
      expect(await rows()).toHaveLength(1);
    });

    it('extends the delay while more arrive, by a second at most', async () => {
      const first = clock.now();
      for (let i = 0; i < 20; i += 1) {
        await receive();
        clock.advance(80);
        if ((await claim()).length > 0) break;
      }
      expect(clock.now() - first).toBeGreaterThan(900);
      expect(clock.now() - first).toBeLessThanOrEqual(1_100);
    });

    it('does not merge callbacks of different payments or externals', async () => {
      await receive('pm_1');
      await receive('pm_2');
      await receive('pm_1', 'other');
      expect(await rows()).toHaveLength(3);
    });

    it('stores the latest content', async () => {
      await receive('pm_1', 'acme', '{"status":"PENDING"}');
      clock.advance(10);
      await receive('pm_1', 'acme', '{"status":"ACCEPTED"}');
      expect(await rows()).toMatchObject([
        { method: 'POST', body: '{"status":"ACCEPTED"}', last_received_at: clock.now(), repeats: 1 },
      ]);
    });
  });

  async function leased(): Promise<LeasedCallback> {
    await receive();
    clock.advance(QUIET_MS);
    const [callback] = await claim();
    return callback!;
  }

  describe('a callback that the external confirms', () => {
    it('is VERIFIED, and the next callback is a new one', async () => {
      expect(await record(await leased(), confirmed(false))).toEqual(['verified']);
      await receive();
      expect((await rows()).map(({ state }) => state)).toEqual(['VERIFIED', 'PENDING']);
    });

    it('causes one more query if others arrive during the query', async () => {
      const callback = await leased();
      await Promise.all([receive(), receive(), receive()]);
      expect(await record(callback, confirmed(false))).toEqual(['again']);
      const [again] = await claim();
      expect(again).toMatchObject({ id: callback.id, attempts: 1, repeats: 3 });
      expect(await record(again!, confirmed(false))).toEqual(['verified']);
      expect(await rows()).toMatchObject([{ state: 'VERIFIED', shop_transaction_id: 'order-1' }]);
    });

    it('causes no further query after a final answer', async () => {
      const callback = await leased();
      await receive();
      expect(await record(callback, confirmed(true))).toEqual(['verified']);
      expect(await rows()).toMatchObject([{ state: 'VERIFIED', again: 0, repeats: 1 }]);
    });
  });

  describe('a callback that the external does not confirm', () => {
    it('causes queries on the schedule and is UNCONFIRMED at its end', async () => {
      let callback = await leased();
      for (const waitMs of SCHEDULE_MS) {
        expect(await record(callback, NEVER_SEEN)).toEqual(['retry']);
        clock.advance(waitMs - 1);
        expect(await claim()).toEqual([]);
        clock.advance(waitMs * 0.1 + 1);
        [callback] = (await claim()) as [LeasedCallback];
      }
      expect(await record(callback, NEVER_SEEN)).toEqual(['unconfirmed']);
      expect(await rows()).toMatchObject([
        {
          state: 'UNCONFIRMED',
          attempts: 3,
          next_attempt_at: null,
          finished_at: clock.now(),
          last_error: 'the external does not know this payment',
        },
      ]);
    });

    it('waits as long as the external requests', async () => {
      await record(await leased(), unconfirmed('throttled', 60_000));
      expect(await rows()).toMatchObject([{ next_attempt_at: clock.now() + 60_000 }]);
    });

    it('restarts its schedule when it arrives again', async () => {
      await record(await leased(), NEVER_SEEN);
      await receive();
      expect(await claim()).toEqual([]);
      clock.advance(QUIET_MS);
      expect(await claim()).toMatchObject([{ attempts: 1, repeats: 1 }]);
    });

    it('restarts its schedule if another arrives during the query', async () => {
      const first = await leased();
      await record(first, NEVER_SEEN);
      clock.advance(SCHEDULE_MS[0]! * 1.1);
      const [second] = await claim();
      await receive();
      expect(await record(second!, NEVER_SEEN)).toEqual(['retry']);
      const [row] = await rows();
      expect(row).toMatchObject({ state: 'PENDING', attempts: 1, again: 0 });
      expect(row!.next_attempt_at! - clock.now()).toBeLessThanOrEqual(SCHEDULE_MS[0]! * 1.1);
    });

    it('has no attempt if the gateway itself postponed the query', async () => {
      await record(await leased(), { kind: 'not-queried', retryAfterMs: 1_000 });
      expect(await rows()).toMatchObject([
        { state: 'PENDING', attempts: 0, next_attempt_at: clock.now() + 1_000 },
      ]);
    });
  });

  describe('from anyone', () => {
    const WINDOW_MS = 60_000;
    const WEEK_MS = 604_800_000;
    const from = (anyoneFrom: string, paymentId: string) => receive(paymentId, 'acme', null, { anyoneFrom });
    const refused = async (receiving: Promise<unknown>): Promise<boolean> =>
      receiving.then(
        () => false,
        (error: unknown) => (error as Problem).code === 'rate-limited',
      );
    const pay = (payment: Partial<PaymentRow>): Promise<unknown> =>
      database.store.transaction((trx) =>
        trx
          .insertInto('payments')
          .values({
            id: `pay_${payment.payment_id ?? 'unnamed'}`,
            external: 'acme',
            origin: 'call',
            state: 'PENDING',
            duplicate_guard: 0,
            created_at: clock.now(),
            updated_at: clock.now(),
            deadline_at: clock.now(),
            ...payment,
          } as PaymentRow)
          .execute(),
      );
    const expire = (): Promise<string[]> =>
      database.store.transaction((trx) =>
        callbacks.deleteUnconfirmed(trx, {
          endedBeforeMs: clock.now() - WEEK_MS,
          linkableMs: WEEK_MS,
          limit: 10,
        }),
      );
    const unconfirmedOf = async (paymentId: string): Promise<void> => {
      await receive(paymentId);
      clock.advance(QUIET_MS);
      for (const callback of await claim()) await record(callback, { ...NEVER_SEEN, maxAttempts: 1 });
    };

    it('100 a minute of one network about unknown payments, and any number about known ones', async () => {
      await pay({ payment_id: 'known' });
      for (let i = 0; i < 100; i += 1) await from('192.0.2.1', `pm_${i}`);
      expect(await refused(from('192.0.2.1', 'pm_100'))).toBe(true);
      expect(await refused(from('192.0.2.1', 'pm_1'))).toBe(true);
      expect(await refused(from('192.0.2.1', 'known'))).toBe(false);
      expect(await refused(from('192.0.2.2', 'pm_101'))).toBe(false);
      expect(await refused(receive('pm_102'))).toBe(false);
      clock.advance(WINDOW_MS);
      expect(await refused(from('192.0.2.1', 'pm_100'))).toBe(false);
      expect(await rows()).toHaveLength(104);
    });

    it('1,000 stored in all, those of known payments not counted', async () => {
      await pay({ payment_id: 'known' });
      await from('192.0.2.1', 'known');
      for (let i = 0; i < 1_000; i += 1) await from(`192.0.2.${i % 20}`, `pm_${i}`);
      expect(await refused(from('198.51.100.1', 'pm_1000'))).toBe(true);
      expect(await refused(from('198.51.100.1', 'known'))).toBe(false);
      expect(await rows()).toHaveLength(1_001);
    });

    it('ends after as many queries as its outcome allows', async () => {
      await unconfirmedOf('pm_1');
      expect(await rows()).toMatchObject([{ state: 'UNCONFIRMED', attempts: 1 }]);
    });

    it('expires once no payment can be linked to it', async () => {
      await unconfirmedOf('pm_forged');
      await unconfirmedOf('pm_linked');
      clock.advance(WEEK_MS - QUIET_MS - 1);
      expect(await expire()).toEqual([]);
      clock.advance(QUIET_MS + 1);
      await pay({ payment_id: 'pm_linked' });
      expect(await expire()).toEqual(['acme']);
      expect(await rows()).toMatchObject([{ payment_id: 'pm_linked' }]);
      expect(await expire()).toEqual([]);
    });

    it('stays while a payment of its time has no paymentId', async () => {
      await pay({ payment_id: null, state: 'UNKNOWN' });
      clock.advance(1_000);
      await unconfirmedOf('pm_1');
      clock.advance(WEEK_MS);
      expect(await expire()).toEqual([]);
      await database.store.transaction((trx) =>
        trx.updateTable('payments').set({ state: 'FAILED' }).execute(),
      );
      expect(await expire()).toEqual(['acme']);
    });
  });

  describe('among workers', () => {
    it('nothing is claimed twice', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, i) => receive(`pm_${i}`)));
      clock.advance(QUIET_MS);
      const claims = await Promise.all(Array.from({ length: 10 }, () => claim('acme', 5)));
      const ids = claims.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length + (await claim('acme', 50)).length).toBe(50);
    });

    it('the externals with waiting callbacks are found', async () => {
      const waiting = () => database.store.read((db) => CALLBACK_LEASES.externalsWithDue(db));
      expect(await waiting()).toEqual([]);
      for (const external of ['b', 'a', 'c-1', 'c_1', 'b']) await receive('pm_1', external);
      expect((await waiting()).toSorted()).toEqual(['a', 'b', 'c-1', 'c_1']);
      clock.advance(QUIET_MS);
      await claim('a');
      expect((await waiting()).toSorted()).toEqual(['b', 'c-1', 'c_1']);
    });

    it('the work of a dead worker is claimed after its lease ends', async () => {
      const dead = await leased();
      await receive();
      const reclaim = () =>
        database.store.transaction((trx) =>
          callbacks.freeEnded(trx, { endedBeforeMs: clock.now(), nowMs: clock.now(), limit: 10 }),
        );
      expect(await reclaim()).toBe(0);
      clock.advance(LEASE_MS);
      expect(await reclaim()).toBe(1);
      const [taken] = await claim();
      expect(taken).toMatchObject({ id: dead.id, attempts: 2, repeats: 1 });
      expect(await record(dead, confirmed(true))).toEqual(['lost']);
      expect(await rows()).toMatchObject([{ state: 'LEASED' }]);
    });

    it('a repeat and the end of a query never miss each other', async () => {
      for (let i = 0; i < 25; i += 1) {
        const paymentId = `pm_${i}`;
        await receive(paymentId);
        clock.advance(QUIET_MS);
        const [callback] = await claim();
        await Promise.all([receive(paymentId), record(callback!, confirmed(false))]);
        clock.advance(QUIET_MS);
        // In either order, one more query is due.
        expect(await claim()).toMatchObject([{ payment_id: paymentId }]);
      }
    });
  });
});
