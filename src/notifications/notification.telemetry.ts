import { Injectable } from '@nestjs/common';
import { Log } from '../observability/logging/log.js';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import { LATENCY_BUCKETS, Metrics } from '../observability/metrics/metrics.js';
import { traceIdOf } from '../observability/tracing/traceparent.js';
import { NotificationObserver, type ObservedDelivery } from './notification.observer.js';
import { NotificationRepository } from './notification.repository.js';
import type { ReceiverCircuit } from './receiver-breaker.js';

const DELAY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 21_600, 86_400];

/** One log line and the metrics of each delivery. What fails is logged by the worker itself. */
@Injectable()
export class NotificationTelemetry extends NotificationObserver {
  readonly #attempts;
  readonly #durations;
  readonly #delays;
  #receiver: ReceiverCircuit = 'closed';

  constructor(
    private readonly log: Log,
    metrics: Metrics,
    gauges: DatabaseGauges,
    notifications: NotificationRepository,
  ) {
    super();
    this.#attempts = metrics.counter(
      'tollgate_notification_attempts_total',
      'Attempts to notify the receiver by what became of the notification.',
      ['result'],
    );
    this.#durations = metrics.histogram(
      'tollgate_notification_attempt_duration_seconds',
      'Attempts to notify the receiver.',
      LATENCY_BUCKETS,
    );
    this.#delays = metrics.histogram(
      'tollgate_notification_delay_seconds',
      'From the commit that queued a notification to its delivery.',
      DELAY_BUCKETS,
    );
    metrics.gauge(
      'tollgate_receiver_paused',
      '1 while this replica holds back: the receiver is unwell.',
      () => [{ value: this.#receiver === 'closed' ? 0 : 1 }],
    );
    declareQueue(gauges, notifications);
  }

  onDelivery(delivery: ObservedDelivery): void {
    const { result, durationMs, ageMs } = delivery;
    this.#attempts.inc({ result });
    this.#durations.observe(durationMs / 1_000);
    if (result !== 'delivered') return;
    this.#delays.observe((ageMs + durationMs) / 1_000);
    const { notificationId, paymentRef, external, requestId, traceparent, attempt, statusCode } = delivery;
    this.log.info(
      {
        requestId,
        traceId: traceparent === null ? undefined : traceIdOf(traceparent),
        external,
        notificationId,
        paymentRef,
        attempt,
        result,
        statusCode,
        durationMs,
        ageMs,
      },
      'delivery',
    );
  }

  onReceiver(circuit: ReceiverCircuit): void {
    this.#receiver = circuit;
  }
}

function declareQueue(gauges: DatabaseGauges, notifications: NotificationRepository): void {
  gauges.add(
    {
      tollgate_notifications_waiting: { help: 'Notifications that wait for their next attempt.' },
      tollgate_notifications_oldest_age_seconds: {
        help: 'Age of the oldest notification that waits; 0: none does.',
      },
      tollgate_notifications_dead: { help: 'Notifications that were given up, until they are replayed.' },
    },
    async (db, nowMs) => {
      const { waiting, oldestCreatedAtMs, dead } = await notifications.backlog(db);
      const ageMs = oldestCreatedAtMs === null ? 0 : nowMs - oldestCreatedAtMs;
      return {
        tollgate_notifications_waiting: [{ value: waiting }],
        tollgate_notifications_oldest_age_seconds: [{ value: Math.max(0, ageMs) / 1_000 }],
        tollgate_notifications_dead: [{ value: dead }],
      };
    },
  );
}
