import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  Optional,
} from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Store } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { LeasePipeline } from '../shared/lease-pipeline.js';
import { type DeliveryEnd, isReceiverUnwell } from './delivery-end.js';
import { DELIVERY_LIMITS, DeliveryLimits } from './delivery-limits.js';
import { DeliveryRecorder, type DeliveryResult } from './delivery.recorder.js';
import { NotificationReceiver } from './notification-receiver.js';
import {
  NotificationObserver,
  type ObservedDelivery,
  SilentNotificationObserver,
} from './notification.observer.js';
import { NotificationOutbox } from './notification.outbox.js';
import {
  type DueClaim,
  type LeasedNotification,
  NotificationLeaseRepository,
} from './notification-lease.repository.js';
import { NotificationSender } from './notification.sender.js';
import { ReceiverBreaker, type ReceiverCircuit } from './receiver-breaker.js';
import { pollMsOf } from './retry-schedule.js';

/** After it, another worker takes over what this one was doing (SPEC §5: deliveries end after 10 s). */
const LEASE_MS = 30_000;
const RECLAIM_EVERY_MS = 1_000;

/** Delivers the outbox: claim, send, record. Any number of replicas may do so at once (SPEC §5). */
@Injectable()
export class DeliveryWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(DeliveryWorker.name);
  readonly #breaker: ReceiverBreaker;
  readonly #pipeline: LeasePipeline<LeasedNotification, DeliveryEnd>;
  #reclaimAt = 0;

  constructor(
    private readonly store: Store,
    private readonly leases: NotificationLeaseRepository,
    private readonly recorder: DeliveryRecorder,
    private readonly sender: NotificationSender,
    private readonly receiver: NotificationReceiver,
    private readonly outbox: NotificationOutbox,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Optional() private readonly limits: DeliveryLimits = DELIVERY_LIMITS,
    @Optional() private readonly observer: NotificationObserver = new SilentNotificationObserver(),
  ) {
    this.#breaker = new ReceiverBreaker(clock, (circuit) => this.#onReceiver(circuit));
    this.#pipeline = new LeasePipeline(
      {
        exchange: (ends, room) => this.#exchange(ends, room),
        run: (notification, signal) => this.#deliver(notification, signal),
      },
      {
        limit: config.notifications.concurrency,
        pollMs: pollMsOf(config.notifications.scheduleMs),
        onError: (error) => this.#logger.error({ err: error }, 'Delivery failed; it goes on'),
      },
    );
  }

  /** Whether the receiver is being notified, for health and metrics. */
  get circuit(): ReceiverCircuit {
    return this.#breaker.circuit;
  }

  /** For readiness: how long nothing has been heard of it. */
  get stalledMs(): number {
    return this.#pipeline.stalledMs;
  }

  onApplicationBootstrap(): void {
    if (!this.config.workers) return;
    this.outbox.attachWorker(() => this.#pipeline.wake());
    this.store.listen('notifications', () => this.#pipeline.wake());
    this.#pipeline.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.outbox.attachWorker(undefined);
    await this.#pipeline.stop(this.limits.stopGraceMs);
  }

  /** One transaction: records, takes over from the dead, and claims. */
  async #exchange(ends: readonly DeliveryEnd[], room: number): Promise<readonly LeasedNotification[]> {
    const nowMs = this.clock.now();
    const reclaims = nowMs >= this.#reclaimAt;
    const { limit, probes } = this.#breaker.admit(this.receiver.current ? room : 0);
    const { results, claimed, more } = await this.store.transaction(async (trx) => {
      const results = await this.recorder.record(trx, ends, nowMs);
      const more = reclaims && (await this.recorder.reclaim(trx, this.#expiry(nowMs), nowMs));
      const claimed =
        more || limit === 0 ? [] : await this.leases.claimDue(trx, this.#claim(limit, probes, nowMs));
      return { results, claimed, more };
    });
    if (more) this.#pipeline.wake();
    else if (reclaims) this.#reclaimAt = nowMs + RECLAIM_EVERY_MS;
    for (const [i, end] of ends.entries()) this.#observe(end, results[i]!);
    if (probes) this.#breaker.probe(claimed[0]?.payment_ref);
    return claimed;
  }

  async #deliver(notification: LeasedNotification, signal: AbortSignal): Promise<DeliveryEnd> {
    const end = await this.sender.send(this.receiver.current!, notification, signal);
    const { outcome } = end;
    const receiver = isReceiverUnwell(outcome)
      ? 'unwell'
      : outcome.kind === 'not-sent'
        ? 'undecided'
        : 'well';
    this.#breaker.end(notification.payment_ref, receiver);
    return end;
  }

  #claim(limit: number, probes: boolean, nowMs: number): DueClaim {
    return {
      nowMs,
      limit,
      token: randomUUID(),
      leaseUntilMs: nowMs + LEASE_MS,
      // A probe is one that has hardly been tried: an old one may fail for reasons of its own.
      order: probes ? 'latest-due' : 'longest-due',
    };
  }

  /** At its start, a process on SQLite is the only one: whoever held a lease is dead. */
  #expiry(nowMs: number): number {
    return this.#reclaimAt === 0 && this.store.dialect === 'sqlite' ? Number.MAX_SAFE_INTEGER : nowMs;
  }

  #observe({ notification, startedAtMs, durationMs, outcome }: DeliveryEnd, result: DeliveryResult): void {
    if (result === 'handed-back') return;
    const told: ObservedDelivery = {
      notificationId: notification.id,
      paymentRef: notification.payment_ref,
      external: notification.external,
      requestId: notification.request_id,
      traceparent: notification.traceparent,
      attempt: notification.attempts,
      result,
      statusCode: outcome.kind === 'answered' ? outcome.answer.statusCode : undefined,
      error: outcome.kind === 'broken' ? outcome.error : undefined,
      durationMs,
      ageMs: startedAtMs - notification.created_at,
    };
    if (result === 'dead') this.#logger.error(told, 'A notification was not taken, and is DEAD');
    else if (result !== 'delivered') this.#logger.warn(told, 'A notification was not taken');
    this.observer.onDelivery(told);
  }

  #onReceiver(circuit: ReceiverCircuit): void {
    if (circuit === 'closed') this.#logger.warn('The receiver takes notifications again');
    else this.#logger.error('The receiver takes no notifications: they wait, and one at a time probes it');
    this.observer.onReceiver(circuit);
  }
}
