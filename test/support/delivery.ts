import { AuditLog } from '../../src/audit/audit.log.js';
import { Logger } from '@nestjs/common';
import type { Config } from '../../src/config/config.js';
import { PAYMENT_CALLBACK, type ReceiverConfig } from '../../src/config/receiver-config.js';
import type { WorkerHealth } from '../../src/leases/worker.health.js';
import type { DeliveryReport } from '../../src/notifications/delivery-end.js';
import { DeliveryRecorder } from '../../src/notifications/delivery.recorder.js';
import { DeliveryWorker } from '../../src/notifications/delivery.worker.js';
import { NotificationAttemptRepository } from '../../src/notifications/notification-attempt.repository.js';
import { NotificationLeaseRepository } from '../../src/notifications/notification-lease.repository.js';
import { type NotificationDraft, NotificationOutbox } from '../../src/notifications/notification.outbox.js';
import type { NotificationsMetrics } from '../../src/notifications/notifications.metrics.js';
import { NotificationReplay } from '../../src/notifications/notification.replay.js';
import { NotificationRepository } from '../../src/notifications/notification.repository.js';
import { NotificationSender } from '../../src/notifications/notification.sender.js';
import type { NotificationRow } from '../../src/notifications/notification.table.js';
import type { Circuit } from '../../src/outbound/circuit-breaker.js';
import { ReceiverRegistry } from '../../src/notifications/receiver.registry.js';
import { ReplayRepository } from '../../src/notifications/replay.repository.js';
import { RetrySchedule } from '../../src/notifications/retry-schedule.js';
import { createLog } from '../../src/observability/logging/log.js';
import type { Store } from '../../src/persistence/store.js';
import { Secret } from '../../src/sensitive/secret.js';
import type { Clock } from '../../src/shared/clock.js';
import { newIdentifier } from '../../src/shared/identifier.js';
import { LogLines } from './log-lines.js';

export const NOTIFICATION_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export interface DeliveryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly receiverUrl?: string | undefined;
  /** Those of the receivers file. */
  readonly receivers?: readonly ReceiverConfig[];
  readonly secrets?: readonly string[];
  readonly scheduleMs?: readonly number[];
  readonly concurrency?: number;
  readonly deadlineMs?: number;
  readonly maxConnectionAgeMs?: number;
  readonly stopGraceMs?: number;
  readonly placeWaitMs?: number;
}

/** The module `notifications`, built as its module builds it, over a database that the test opened. */
export interface Delivery {
  readonly outbox: NotificationOutbox;
  readonly notifications: NotificationRepository;
  readonly leases: NotificationLeaseRepository;
  readonly replay: NotificationReplay;
  readonly worker: DeliveryWorker;
  readonly receivers: ReceiverRegistry;
  readonly deliveries: readonly DeliveryReport[];
  /** By receiver. */
  readonly circuits: readonly (readonly [receiver: string, circuit: Circuit])[];
  start(): void;
  stop(): Promise<void>;
  /** Commits one notification and wakes the worker; returns the id of that to `PAYMENT_CALLBACK_URL`. */
  queue(draft?: Partial<NotificationDraft>): Promise<string>;
  row(id: string): Promise<NotificationRow>;
  rows(): Promise<NotificationRow[]>;
}

// Failures are logged, and most are intended here.
Logger.overrideLogger(false);

class RecordingMetrics implements Pick<NotificationsMetrics, 'countAttempt' | 'setCircuit'> {
  readonly deliveries: DeliveryReport[] = [];
  readonly circuits: [string, Circuit][] = [];
  countAttempt(delivery: DeliveryReport): void {
    this.deliveries.push(delivery);
  }
  setCircuit(receiver: string, circuit: Circuit): void {
    this.circuits.push([receiver, circuit]);
  }
}

const NO_HEALTH = { add: () => {} } as unknown as WorkerHealth;

export function buildDelivery(options: DeliveryOptions): Delivery {
  const { store, clock } = options;
  const config = deliveryConfig(options);
  const notifications = new NotificationRepository();
  const leases = new NotificationLeaseRepository();
  const attempts = new NotificationAttemptRepository();
  const receivers = new ReceiverRegistry(config);
  receivers.replace(options.receivers ?? []);
  const outbox = new NotificationOutbox(store, notifications, receivers);
  const limits = {
    deadlineMs: options.deadlineMs ?? 10_000,
    stopGraceMs: options.stopGraceMs ?? 200,
    placeWaitMs: options.placeWaitMs ?? 1_000,
    maxConnectionAgeMs: options.maxConnectionAgeMs ?? 300_000,
  };
  const sender = new NotificationSender(clock, config, limits);
  const recorder = new DeliveryRecorder(leases, attempts, new RetrySchedule(config));
  const metrics = new RecordingMetrics();
  const worker = new DeliveryWorker(
    store,
    leases,
    recorder,
    sender,
    receivers,
    metrics as unknown as NotificationsMetrics,
    createLog('fatal', new LogLines(), clock),
    config,
    clock,
    NO_HEALTH,
    limits,
  );
  const replay = new NotificationReplay(
    store,
    notifications,
    new ReplayRepository(),
    outbox,
    new AuditLog(store, clock),
    clock,
  );
  return {
    outbox,
    notifications,
    leases,
    replay,
    worker,
    receivers,
    deliveries: metrics.deliveries,
    circuits: metrics.circuits,
    start: () => worker.onApplicationBootstrap(),
    stop: async () => {
      await worker.beforeApplicationShutdown();
      await sender.onApplicationShutdown();
    },
    queue: async (draft = {}) => {
      const full = { ...draftOf(clock.now()), ...draft };
      await store.transaction((trx) => outbox.enqueue(trx, full));
      outbox.wake();
      const { id } = await newestOf(store, full.subjectRef);
      return id;
    },
    row: (id) =>
      store.read((db) =>
        db.selectFrom('notifications').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
      ),
    rows: () => store.read((db) => db.selectFrom('notifications').selectAll().orderBy('id').execute()),
  };
}

function newestOf(store: Store, subjectRef: string): Promise<{ id: string }> {
  return store.read((db) =>
    db
      .selectFrom('notifications')
      .select('id')
      .where('payment_ref', '=', subjectRef)
      .where('receiver', '=', PAYMENT_CALLBACK)
      .where('newest', '=', 1)
      .executeTakeFirstOrThrow(),
  );
}

function draftOf(atMs: number): NotificationDraft {
  return {
    event: 'payment',
    subjectRef: newIdentifier('pay', atMs),
    external: 'acme',
    version: 1,
    payload: { status: 'ACCEPTED', paymentId: 'pm_1', shopTransactionId: 'order-1', providerName: 'acme' },
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    requestId: 'req-of-the-test',
    atMs,
  };
}

/** The part of the configuration that the module reads. */
export function deliveryConfig({
  receiverUrl,
  secrets,
  scheduleMs,
  concurrency,
}: Pick<DeliveryOptions, 'receiverUrl' | 'secrets' | 'scheduleMs' | 'concurrency'>): Config {
  return {
    workers: true,
    egress: { allowHttpHosts: [], blockPrivateAddresses: false },
    notifications: {
      receiverUrl,
      secrets: (secrets ?? [NOTIFICATION_SECRET]).map((secret) => new Secret(secret)),
      scheduleMs: scheduleMs ?? [5_000, 30_000, 120_000],
      concurrency: concurrency ?? 32,
    },
  } as unknown as Config;
}
