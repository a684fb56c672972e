import { Injectable } from '@nestjs/common';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import { LATENCY_BUCKETS, Metrics } from '../observability/metrics/metrics.js';
import type { DeliveryReport } from './delivery-end.js';
import { NotificationRepository } from './notification.repository.js';
import type { Circuit } from '../outbound/circuit-breaker.js';

const DELAY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 21_600, 86_400];

@Injectable()
export class NotificationsMetrics {
  readonly #attempts;
  readonly #durations;
  readonly #delays;
  #circuit: Circuit = 'closed';

  constructor(metrics: Metrics, gauges: DatabaseGauges, notifications: NotificationRepository) {
    this.#attempts = metrics.counter(
      'tollgate_notification_attempts_total',
      'Attempts to notify the receiver by result.',
      ['result'],
    );
    this.#durations = metrics.histogram(
      'tollgate_notification_attempt_duration_seconds',
      'Duration of attempts to notify the receiver.',
      LATENCY_BUCKETS,
    );
    this.#delays = metrics.histogram(
      'tollgate_notification_delay_seconds',
      'From the commit that queued a notification to its delivery.',
      DELAY_BUCKETS,
    );
    metrics.gauge(
      'tollgate_receiver_paused',
      '1 while this replica pauses deliveries because the receiver fails.',
      () => (this.#circuit === 'closed' ? 0 : 1),
    );
    declareQueue(gauges, notifications);
  }

  countAttempt({ result, durationMs, ageMs }: DeliveryReport): void {
    this.#attempts.inc({ result });
    this.#durations.observe(durationMs / 1_000);
    if (result === 'delivered') this.#delays.observe((ageMs + durationMs) / 1_000);
  }

  setCircuit(circuit: Circuit): void {
    this.#circuit = circuit;
  }
}

function declareQueue(gauges: DatabaseGauges, notifications: NotificationRepository): void {
  gauges.add(
    {
      tollgate_notifications_waiting: { help: 'Notifications that wait for their next attempt.' },
      tollgate_notifications_oldest_age_seconds: {
        help: 'Age of the oldest waiting notification; 0 if none waits.',
      },
      tollgate_notifications_dead: {
        help: 'Notifications that have exhausted their attempts and were not replayed.',
      },
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
