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
import { type FreeCapacity, LeaseWorker } from '../leases/lease-worker.js';
import { WorkerHealth } from '../leases/worker.health.js';
import { Log } from '../observability/logging/log.js';
import { traceIdOf } from '../observability/tracing/tracer.js';
import { Store, type Trx } from '../persistence/store.js';
import type { Circuit } from '../outbound/circuit-breaker.js';
import { Clock } from '../shared/clock.js';
import {
  type DeliveryEnd,
  type DeliveryReport,
  type DeliveryResult,
  isReceiverFailing,
  notSent,
} from './delivery-end.js';
import { DELIVERY_LIMITS, DeliveryLimits } from './delivery-limits.js';
import { DeliveryRecorder } from './delivery.recorder.js';
import { type LeasedNotification, NotificationLeaseRepository } from './notification-lease.repository.js';
import { NotificationSender } from './notification.sender.js';
import { NotificationsMetrics } from './notifications.metrics.js';
import { ReceiverBreaker } from './receiver-breaker.js';
import { ReceiverLane } from './receiver-lane.js';
import { ReceiverRegistry } from './receiver.registry.js';
import { pollMsOf } from './retry-schedule.js';

/** Afterwards another worker takes over (SPEC §5: deliveries end within 10 s). */
const LEASE_MS = 30_000;

/** At most so many are claimed for a receiver beyond those that are on the wire. */
const AHEAD_LIMIT = 200;

/** Delivers the outbox to its receivers (SPEC §5). Each has its own capacity and breaker: none delays another. */
@Injectable()
export class DeliveryWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(DeliveryWorker.name);
  /** By receiver, for the URL that it has now. */
  readonly #breakers = new Map<
    string,
    { readonly url: string | undefined; readonly breaker: ReceiverBreaker }
  >();
  readonly #lanes = new Map<string, ReceiverLane>();
  readonly #worker: LeaseWorker<LeasedNotification, DeliveryEnd>;

  constructor(
    private readonly store: Store,
    private readonly leases: NotificationLeaseRepository,
    private readonly recorder: DeliveryRecorder,
    private readonly sender: NotificationSender,
    private readonly receivers: ReceiverRegistry,
    private readonly metrics: NotificationsMetrics,
    private readonly log: Log,
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
    health: WorkerHealth,
    @Optional() private readonly limits: DeliveryLimits = DELIVERY_LIMITS,
  ) {
    const { concurrency, scheduleMs } = config.notifications;
    this.#worker = new LeaseWorker<LeasedNotification, DeliveryEnd>(
      {
        claim: (trx, capacity) => this.#claim(trx, capacity),
        run: (notification, signal) => this.#deliver(notification, signal),
        record: (trx, ends, nowMs) => this.#record(trx, ends, nowMs),
        free: (trx, endedBeforeMs, nowMs) => recorder.free(trx, endedBeforeMs, nowMs),
        keyOf: ({ receiver }) => receiver,
      },
      {
        store,
        clock,
        channel: 'notifications',
        get limit() {
          return (concurrency + AHEAD_LIMIT) * Math.max(1, receivers.all().length);
        },
        pollMs: pollMsOf(scheduleMs),
        onError: (error) => this.#logger.error({ err: error }, 'Delivery failed; the worker continues'),
      },
    );
    health.add('delivery', this.#worker);
  }

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#worker.stop(this.limits.stopGraceMs);
  }

  async #claim(trx: Trx, { nowMs, limit, running }: FreeCapacity): Promise<LeasedNotification[]> {
    const claimed: LeasedNotification[] = [];
    for (const { name } of this.receivers.all()) {
      const own = this.config.notifications.concurrency + this.#ahead(trx, name) - running(name);
      claimed.push(...(await this.#claimFor(trx, name, Math.min(own, limit - claimed.length), nowMs)));
    }
    return claimed;
  }

  /**
   * How many are claimed beyond those on the wire: what will be sent during this turn and the next, by the pace of the
   * last one. A receiver that answers quickly does not wait for the database, and little is held back for a slow one.
   */
  #ahead(trx: Trx, receiver: string): number {
    const { left, mark } = this.#laneOf(receiver).sinceClaim();
    this.store.afterCommit(trx, mark);
    return Math.min(2 * left, AHEAD_LIMIT);
  }

  async #claimFor(trx: Trx, receiver: string, free: number, nowMs: number): Promise<LeasedNotification[]> {
    const breaker = this.#breakerOf(receiver);
    const { limit, probes } = breaker.admit(Math.max(0, free));
    if (limit === 0) return [];
    const claimed = await this.leases.claimDue(trx, {
      nowMs,
      limit,
      receiver,
      leaseUntilMs: nowMs + LEASE_MS,
      // A probe is a notification that has hardly been tried: an old one may fail for reasons of its own.
      order: probes ? 'latest-due' : 'longest-due',
    });
    if (probes) this.store.afterCommit(trx, () => breaker.probe(claimed[0]?.payment_ref));
    return claimed;
  }

  async #deliver(notification: LeasedNotification, signal: AbortSignal): Promise<DeliveryEnd> {
    const { receiver, payment_ref } = notification;
    const end = await this.#send(notification, signal);
    const { outcome } = end;
    const health = isReceiverFailing(outcome) ? 'unwell' : outcome.kind === 'not-sent' ? 'undecided' : 'well';
    this.#breakerOf(receiver).end(payment_ref, health);
    return end;
  }

  async #send(notification: LeasedNotification, signal: AbortSignal): Promise<DeliveryEnd> {
    const { receiver, payment_ref } = notification;
    const lane = this.#laneOf(receiver);
    const place = lane.enter();
    if (place !== true && !(await place)) return notSent(notification, this.clock.now());
    try {
      // The circuit may have opened while it waited.
      if (!this.#breakerOf(receiver).sends(payment_ref)) return notSent(notification, this.clock.now());
      return await this.sender.send(this.receivers.get(receiver), notification, signal);
    } finally {
      lane.leave();
    }
  }

  async #record(trx: Trx, ends: readonly DeliveryEnd[], nowMs: number): Promise<void> {
    const results = await this.recorder.record(trx, ends, nowMs);
    this.store.afterCommit(trx, () => {
      for (const [i, end] of ends.entries()) this.#report(end, results[i]!);
    });
  }

  #report({ notification, startedAtMs, durationMs, outcome }: DeliveryEnd, result: DeliveryResult): void {
    if (result === 'handed-back') return;
    const { traceparent } = notification;
    const report: DeliveryReport = {
      notificationId: notification.id,
      receiver: notification.receiver,
      event: notification.event,
      subjectRef: notification.payment_ref,
      external: notification.external,
      requestId: notification.request_id,
      attempt: notification.attempts,
      result,
      statusCode: outcome.kind === 'answered' ? outcome.answer.statusCode : undefined,
      durationMs,
      ageMs: startedAtMs - notification.created_at,
    };
    this.metrics.countAttempt(report);
    if (result === 'delivered') {
      const traceId = traceparent === null ? undefined : traceIdOf(traceparent);
      this.log.info({ ...report, traceId }, 'delivery');
      return;
    }
    const fields = { ...report, traceparent, error: outcome.kind === 'broken' ? outcome.error : undefined };
    if (result === 'dead') {
      this.#logger.error(fields, 'The receiver did not accept a notification, which is now DEAD');
    } else this.#logger.warn(fields, 'The receiver did not accept a notification');
  }

  #laneOf(receiver: string): ReceiverLane {
    let lane = this.#lanes.get(receiver);
    if (!lane) {
      lane = new ReceiverLane(this.config.notifications.concurrency, this.limits.placeWaitMs);
      this.#lanes.set(receiver, lane);
    }
    return lane;
  }

  #breakerOf(receiver: string): ReceiverBreaker {
    const url = this.receivers.get(receiver)?.url;
    const present = this.#breakers.get(receiver);
    if (present && (present.url === url || url === undefined)) return present.breaker;
    const breaker = new ReceiverBreaker(this.clock, (circuit) => this.#onCircuit(receiver, circuit));
    this.#breakers.set(receiver, { url, breaker });
    // Another URL is another service: what is known of the one before says nothing about it.
    if (present) this.metrics.setCircuit(receiver, 'closed');
    return breaker;
  }

  #onCircuit(receiver: string, circuit: Circuit): void {
    this.metrics.setCircuit(receiver, circuit);
    if (circuit === 'closed') this.#logger.warn({ receiver }, 'The receiver accepts notifications again');
    else {
      const message = 'The receiver fails: its notifications wait, and one at a time probes it';
      this.#logger.error({ receiver }, message);
    }
  }
}
