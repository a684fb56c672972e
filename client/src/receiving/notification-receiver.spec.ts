import { beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import {
  createReceiver,
  type KnownNotification,
  MemoryNotificationStore,
  type NotificationReceiver,
  type Receipt,
} from '../index.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOW_MS = 1_769_428_800_000;
const paid = (version: number, more: object = {}): object => ({
  status: 'ACCEPTED',
  paymentId: 'pm_1',
  shopTransactionId: 'order-1',
  providerName: 'acme',
  version,
  ...more,
});
/** A payment that was never executed, or whose id is not known. */
const unnamed = (version: number, more: object = {}): object =>
  paid(version, { status: 'FAILED', paymentId: undefined, ...more });

describe('createReceiver', () => {
  let processed: string[];
  let failing: boolean;
  let during: () => Promise<void>;
  let receiver: NotificationReceiver;

  beforeEach(() => {
    processed = [];
    failing = false;
    during = async () => {};
    receiver = newReceiver(new MemoryNotificationStore());
  });

  function newReceiver(store: MemoryNotificationStore): NotificationReceiver {
    const process = async ({ event, data }: KnownNotification): Promise<void> => {
      await during();
      if (failing) throw new Error('the database is away');
      processed.push(`${event} ${data.version} ${data.status}`);
    };
    return createReceiver({ secrets: SECRET, store, process, now: () => NOW_MS });
  }

  function receive(data: object, { id = 'ntf_1', to = receiver } = {}): Promise<Receipt> {
    const body = JSON.stringify(data);
    return to.receive(new TextEncoder().encode(body), {
      'webhook-id': id,
      'webhook-timestamp': String(NOW_MS / 1_000),
      'webhook-signature': new Webhook(SECRET).sign(id, new Date(NOW_MS), body),
    });
  }

  const resultOf = async (...args: Parameters<typeof receive>): Promise<string> =>
    (await receive(...args)).result;

  it('processes a notification once', async () => {
    expect(await receive(paid(1))).toEqual({ result: 'processed', status: 200 });
    expect(await receive(paid(1))).toEqual({ result: 'outdated', status: 200 });
    expect(processed).toEqual(['payment 1 ACCEPTED']);
  });

  it('processes nothing older than what was processed', async () => {
    expect(await resultOf(paid(3))).toBe('processed');
    expect(await resultOf(paid(2, { status: 'PENDING' }), { id: 'ntf_2' })).toBe('outdated');
    expect(await resultOf(paid(4), { id: 'ntf_3' })).toBe('processed');
    expect(processed).toEqual(['payment 3 ACCEPTED', 'payment 4 ACCEPTED']);
  });

  it('orders each payment, refund and subscription of each external for itself', async () => {
    const others = [
      paid(1),
      paid(1, { paymentId: 'pm_2' }),
      paid(1, { providerName: 'globex' }),
      paid(1, { refundId: 'pm_1', amount: 1, currency: 'EUR' }),
      { status: 'ACTIVE', subscriptionToken: 'pm_1', providerName: 'acme', version: 1 },
    ];
    for (const data of others) expect([data, await resultOf(data)]).toEqual([data, 'processed']);
    for (const data of others) expect([data, await resultOf(data)]).toEqual([data, 'outdated']);
  });

  it('goes by the order where there is no paymentId', async () => {
    expect(await resultOf(unnamed(1, { status: 'PENDING' }))).toBe('processed');
    expect(await resultOf(unnamed(2))).toBe('processed');
    expect(await resultOf(unnamed(1, { status: 'PENDING' }))).toBe('outdated');
    expect(await resultOf(unnamed(1, { shopTransactionId: 'order-2' }))).toBe('processed');
    expect(await receive(unnamed(1, { shopTransactionId: undefined }))).toMatchObject({ status: 400 });
  });

  it('lets nothing without a paymentId undo an order that is paid', async () => {
    expect(await resultOf(paid(1))).toBe('processed');
    expect(await resultOf(unnamed(9), { id: 'ntf_2' })).toBe('outdated');
    expect(await resultOf(paid(2), { id: 'ntf_3' })).toBe('processed');
  });

  it('misses no ACCEPTED without a paymentId, however high the versions of another attempt are', async () => {
    expect(await resultOf(unnamed(5))).toBe('processed');
    expect(await resultOf(unnamed(2, { status: 'ACCEPTED' }), { id: 'ntf_2' })).toBe('processed');
    expect(await resultOf(unnamed(2, { status: 'ACCEPTED' }), { id: 'ntf_2' })).toBe('outdated');
    expect(await resultOf(unnamed(6), { id: 'ntf_3' })).toBe('outdated');
  });

  it('processes an ACCEPTED without a paymentId once, and once more when the id is known', async () => {
    const accepted = { status: 'ACCEPTED' };
    expect(await resultOf(unnamed(1, accepted))).toBe('processed');
    expect(await resultOf(unnamed(2, accepted), { id: 'ntf_2' })).toBe('outdated');
    expect(await resultOf(paid(3), { id: 'ntf_3' })).toBe('processed');
    expect(await resultOf(unnamed(4, accepted), { id: 'ntf_4' })).toBe('outdated');
    expect(await resultOf(paid(3), { id: 'ntf_3' })).toBe('outdated');
  });

  it('stores nothing where processing fails, and processes the next attempt', async () => {
    failing = true;
    await expect(receive(paid(1))).rejects.toThrow('the database is away');
    failing = false;
    expect(await resultOf(paid(1))).toBe('processed');
    expect(processed).toHaveLength(1);
  });

  it('processes once what two receivers with one store get at the same time', async () => {
    const store = new MemoryNotificationStore();
    const two = [newReceiver(store), newReceiver(store)];
    const receipts = await Promise.all(two.map((to) => receive(paid(1), { to })));
    expect(receipts.map(({ result }) => result).toSorted()).toEqual(['outdated', 'processed']);
    expect(processed).toHaveLength(1);
  });

  it('lets the second of two attempts wait for the first, and try it where that failed', async () => {
    const entered = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<void>();
    during = () => {
      during = async () => {};
      entered.resolve();
      return failed.promise;
    };
    const first = receive(paid(1));
    await entered.promise;
    const second = receive(paid(1));
    failed.reject(new Error('the first failed'));
    await expect(first).rejects.toThrow('the first failed');
    expect((await second).result).toBe('processed');
    expect(processed).toEqual(['payment 1 ACCEPTED']);
  });

  it('refuses a forgery without a look at the store', async () => {
    const receiver = createReceiver({
      secrets: SECRET,
      store: { transaction: (): Promise<never> => Promise.reject(new Error('not to be called')) },
      process: () => {},
    });
    expect(await receiver.receive(new Uint8Array(), {})).toEqual({
      result: 'refused',
      status: 401,
      reason: 'missing-header',
    });
  });

  it('does not start with a secret that cannot be one', () => {
    const options = { store: new MemoryNotificationStore(), process: () => {} };
    expect(() => createReceiver({ ...options, secrets: 'a-secret' })).toThrow(TypeError);
    const secrets = undefined as unknown as string;
    expect(() => createReceiver({ ...options, secrets })).toThrow('`secrets` must be');
  });
});

describe('MemoryNotificationStore', () => {
  it('forgets the subjects raised longest ago beyond its limit', async () => {
    const store = new MemoryNotificationStore(2);
    const raise = (subject: string): Promise<boolean> => store.transaction(({ raise }) => raise(subject, 1));
    expect([await raise('a'), await raise('b'), await raise('c')]).toEqual([true, true, true]);
    expect([await raise('b'), await raise('c'), await raise('a')]).toEqual([false, false, true]);
  });
});
