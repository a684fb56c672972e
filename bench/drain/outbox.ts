import { setTimeout as sleep } from 'node:timers/promises';
import { NotificationOutbox } from '../../src/notifications/notification.outbox.js';
import { NotificationRepository } from '../../src/notifications/notification.repository.js';
import { ReceiverRegistry } from '../../src/notifications/receiver.registry.js';
import { deliveryConfig } from '../../test/support/delivery.js';
import { openStore } from '../../src/persistence/open-store.js';
import { newIdentifier } from '../../src/shared/identifier.js';
import type { BenchDatabase } from '../databases.js';
import { PAYLOAD, REQUEST_ID, TRACEPARENT } from './notification.js';

const QUEUED_AT_ONCE = 1_000;
const LOOK_EVERY_MS = 200;
const LIMIT_MS = 300_000;

/** Queues `count` notifications, each of a payment of its own, as Tollgate queues them, while no program runs. */
export async function fillOutbox({ config }: BenchDatabase, count: number): Promise<void> {
  const store = await openStore(config);
  const outbox = new NotificationOutbox(
    store,
    new NotificationRepository(),
    new ReceiverRegistry(deliveryConfig({})),
  );
  for (let queued = 0; queued < count; queued += QUEUED_AT_ONCE) {
    await store.transaction(async (trx) => {
      for (let i = queued; i < Math.min(count, queued + QUEUED_AT_ONCE); i += 1) {
        const atMs = Date.now();
        await outbox.enqueue(trx, {
          event: 'payment',
          subjectRef: newIdentifier('pay', atMs),
          external: 'acme',
          version: 1,
          payload: PAYLOAD,
          traceparent: TRACEPARENT,
          requestId: REQUEST_ID,
          atMs,
        });
      }
    });
  }
  await store.close();
}

/**
 * Resolves with how many notifications wait or are on the wire, once that are at most `limit`. Asks the two partial
 * indexes, which shrink as it drains.
 */
export async function untilOpen(database: BenchDatabase, limit: number): Promise<number> {
  const startedAt = performance.now();
  const counted = (column: string): Promise<number> =>
    database.number(`select count(*) from notifications where ${column} is not null`);
  for (;;) {
    // In this order: what is claimed between the two questions is found by the second.
    const open = (await counted('next_attempt_at')) + (await counted('lease_until'));
    if (open <= limit) return open;
    if (performance.now() - startedAt > LIMIT_MS) throw new Error('The outbox does not drain');
    await sleep(LOOK_EVERY_MS);
  }
}

/** Deliveries a second after the first `warmUp` of them, by the times at which they were recorded. */
export async function drainRate(database: BenchDatabase, warmUp: number): Promise<number> {
  const delivered = `from notifications where state = 'DELIVERED' and delivered_at`;
  if ((await database.number(`select count(*) from notifications where delivered_at is null`)) > 0) {
    throw new Error('Not all of them were delivered');
  }
  const from = await database.number(
    `select delivered_at ${delivered} is not null order by delivered_at limit 1 offset ${warmUp - 1}`,
  );
  // What was recorded at that very moment was sent before it.
  const counted = await database.number(`select count(*) ${delivered} > ${from}`);
  const to = await database.number(`select max(delivered_at) ${delivered} > ${from}`);
  return (counted * 1_000) / (to - from);
}
