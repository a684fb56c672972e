/**
 * How fast the outbox drains to a receiver that answers at once, and how soon an idle worker is on the wire:
 *
 *   node --import ./test/support/typescript-hooks.js bench/notification-drain.ts [--count 5000] [--rounds 3]
 * [--postgres URL]
 *
 * The receiver is a process of its own on the loopback, and does nothing but count. "Durable" signs, sends and
 * records on SQLite (each turn of the worker on the disk before it counts) or on PostgreSQL; "not durable" is the
 * same loop over SQLite in memory; "send alone" is signing and sending with nothing claimed or recorded, what the
 * wire allows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import type { DatabaseConfig } from '../src/config/config.js';
import type { LeasedNotification } from '../src/notifications/notification-lease.repository.js';
import { NotificationSender } from '../src/notifications/notification.sender.js';
import { openStore } from '../src/persistence/open-store.js';
import type { Store } from '../src/persistence/store.js';
import { Secret } from '../src/sensitive/secret.js';
import { SystemClock } from '../src/shared/clock.js';
import { buildDelivery, type Delivery, deliveryConfig } from '../test/support/delivery.js';
import { startReceiver } from '../test/support/test-receiver.js';
import { until } from '../test/support/until.js';

const CONCURRENCY = 32;
const QUEUED_AT_ONCE = 50;
const LIMIT_MS = 120_000;
const IDLE_ROUNDS = 200;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    postgres: { type: 'string' },
  },
});
const count = Number(values.count);
const rounds = Number(values.rounds);
const clock = new SystemClock();

const receiver = await startCountingReceiver();
try {
  console.log(`${count} notifications, concurrency ${CONCURRENCY}, best and all of ${rounds} rounds`);
  const { postgres } = values;
  const durable = postgres === undefined ? sqliteFile : () => postgresSchema(postgres);
  await report(postgres ? 'durable, PostgreSQL' : 'durable, SQLite', () => drain(durable));
  await report('not durable, SQLite in memory', () => drain(sqliteMemory));
  await report('send alone', sendAlone);
  await idle(durable);
} finally {
  receiver.process.kill();
}

async function report(name: string, round: () => Promise<number>): Promise<void> {
  const rates: number[] = [];
  for (let i = 0; i < rounds; i += 1) rates.push(Math.round(count / ((await round()) / 1_000)));
  console.log(
    `${name.padEnd(34)} ${String(Math.max(...rates)).padStart(6)}/s   (${rates.join(', ')}; load ${loadavg()[0]!.toFixed(1)})`,
  );
}

/** Milliseconds from the start of the worker to the record of the last delivery. */
async function drain(open: () => Promise<BenchDatabase>): Promise<number> {
  const database = await open();
  const delivery = buildDelivery({
    store: database.store,
    clock,
    receiverUrl: receiver.url,
    concurrency: CONCURRENCY,
  });
  try {
    for (let i = 0; i < count; i += QUEUED_AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(QUEUED_AT_ONCE, count - i) }, () => delivery.queue()));
    }
    const startedAt = performance.now();
    delivery.start();
    await until(() => delivery.deliveries.length === count, 'the queue to drain', LIMIT_MS);
    const elapsedMs = performance.now() - startedAt;
    await expectAllDelivered(delivery);
    return elapsedMs;
  } finally {
    await delivery.stop();
    await database.dispose();
  }
}

async function expectAllDelivered(delivery: Delivery): Promise<void> {
  const states = (await delivery.rows()).map(({ state }) => state);
  if (states.length !== count || states.some((state) => state !== 'DELIVERED')) {
    throw new Error('Not all of them were delivered and recorded');
  }
}

async function sendAlone(): Promise<number> {
  const config = deliveryConfig({ receiverUrl: receiver.url, concurrency: CONCURRENCY });
  const sender = new NotificationSender(clock, config);
  const target = { name: 'bench', url: receiver.url, secrets: config.notifications.secrets };
  const notification = await sampleNotification();
  const never = new AbortController().signal;
  let left = count;
  const startedAt = performance.now();
  const lane = async (): Promise<void> => {
    while (left-- > 0) await sender.send(target, notification, never);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  const elapsedMs = performance.now() - startedAt;
  await sender.onApplicationShutdown();
  return elapsedMs;
}

async function sampleNotification(): Promise<LeasedNotification> {
  const database = await sqliteMemory();
  const delivery = buildDelivery({ store: database.store, clock });
  const row = await delivery.row(await delivery.queue());
  await database.dispose();
  return { ...row, lease_token: 'bench', lease_until: Number.MAX_SAFE_INTEGER };
}

/** From the commit that queues a notification to its request at the receiver, one at a time. */
async function idle(open: () => Promise<BenchDatabase>): Promise<void> {
  const database = await open();
  const near = await startReceiver();
  const delivery = buildDelivery({ store: database.store, clock, receiverUrl: near.url });
  delivery.start();
  const waits: number[] = [];
  for (let i = 0; i < IDLE_ROUNDS; i += 1) {
    const subjectRef = `pay_${i}`;
    await database.store.transaction((trx) =>
      delivery.outbox.enqueue(trx, {
        event: 'payment',
        subjectRef,
        external: 'acme',
        version: 1,
        payload: { status: 'ACCEPTED', paymentId: subjectRef },
        traceparent: undefined,
        atMs: clock.now(),
      }),
    );
    const committedAt = performance.now();
    delivery.outbox.wake();
    await until(() => near.received.length > i, 'the notification');
    waits.push(near.received[i]!.atMs - committedAt);
    await until(() => delivery.deliveries.length > i, 'its record');
  }
  await delivery.stop();
  await Promise.all([near.stop(), database.dispose()]);
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor(sorted.length * share)]!.toFixed(1);
  console.log(
    `idle, from commit to the request at the receiver: median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(0.999)} ms`,
  );
}

interface BenchDatabase {
  readonly store: Store;
  dispose(): Promise<void>;
}

async function opened(config: DatabaseConfig, remove: () => unknown): Promise<BenchDatabase> {
  const store = await openStore(config);
  const dispose = async (): Promise<void> => {
    await store.close();
    await remove();
  };
  return { store, dispose };
}

function sqliteMemory(): Promise<BenchDatabase> {
  return opened({ kind: 'sqlite', path: ':memory:' }, () => {});
}

function sqliteFile(): Promise<BenchDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-drain-'));
  return opened({ kind: 'sqlite', path: join(folder, 'tollgate.db') }, () =>
    rmSync(folder, { recursive: true }),
  );
}

async function postgresSchema(url: string): Promise<BenchDatabase> {
  const schema = `drain_${process.pid}_${Math.trunc(performance.now())}`;
  await onServer(url, `create schema ${schema}`);
  return opened({ kind: 'postgres', url: new Secret(url), poolSize: 10, schema }, () =>
    onServer(url, `drop schema ${schema} cascade`),
  );
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** It answers 200 to everything, in a process of its own, so that its CPU is not the gateway's. */
async function startCountingReceiver(): Promise<{ url: string; process: ChildProcess }> {
  const program =
    `const s = require('node:http').createServer((q, r) => { q.resume(); q.on('end', () => r.end('{"received":true}')); });` +
    `s.keepAliveTimeout = 60000; s.listen(0, '127.0.0.1', () => console.log(s.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: `http://127.0.0.1:${port.toString().trim()}/`, process: child };
}
