import { Injectable } from '@nestjs/common';
import { PAYMENT_CALLBACK } from '../config/receiver-config.js';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import { LATENCY_BUCKETS, Metrics, type Sample } from '../observability/metrics/metrics.js';
import type { DeliveryReport } from './delivery-end.js';
import { NO_BACKLOG, type NotificationBacklog, NotificationRepository } from './notification.repository.js';
import { ReceiverRegistry } from './receiver.registry.js';
import type { Circuit } from '../outbound/circuit-breaker.js';

const DELAY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 21_600, 86_400];

@Injectable()
export class NotificationsMetrics {
  readonly #attempts;
  readonly #durations;
  readonly #delays;
  readonly #reloads;
  readonly #circuits = new Map<string, Circuit>();

  constructor(
    metrics: Metrics,
    gauges: DatabaseGauges,
    notifications: NotificationRepository,
    private readonly receivers: ReceiverRegistry,
  ) {
    this.#attempts = metrics.counter(
      'tollgate_notification_attempts_total',
      'Attempts to notify a receiver by result.',
      ['receiver', 'result'],
    );
    this.#durations = metrics.histogram(
      'tollgate_notification_attempt_duration_seconds',
      'Duration of attempts to notify a receiver.',
      LATENCY_BUCKETS,
      ['receiver'],
    );
    this.#delays = metrics.histogram(
      'tollgate_notification_delay_seconds',
      'From the commit that queued a notification to its delivery.',
      DELAY_BUCKETS,
      ['receiver'],
    );
    metrics.gauge(
      'tollgate_receiver_paused',
      '1 while this replica pauses deliveries because the receiver fails.',
      () =>
        receivers.names().map((receiver) => ({
          labels: { receiver },
          value: (this.#circuits.get(receiver) ?? 'closed') === 'closed' ? 0 : 1,
        })),
      ['receiver'],
    );
    for (const histogram of [this.#durations, this.#delays]) histogram.zero({ receiver: PAYMENT_CALLBACK });
    this.#reloads = metrics.counter('tollgate_receivers_reloads_total', 'Changes of the receivers file.', [
      'result',
    ]);
    this.#reloads.inc({ result: 'accepted' }, 0);
    this.#reloads.inc({ result: 'rejected' }, 0);
    this.#declareQueue(gauges, notifications);
  }

  countAttempt({ receiver, result, durationMs, ageMs }: DeliveryReport): void {
    this.#attempts.inc({ receiver, result });
    this.#durations.observe({ receiver }, durationMs / 1_000);
    if (result === 'delivered') this.#delays.observe({ receiver }, (ageMs + durationMs) / 1_000);
  }

  setCircuit(receiver: string, circuit: Circuit): void {
    this.#circuits.set(receiver, circuit);
  }

  countReload(result: 'accepted' | 'rejected'): void {
    this.#reloads.inc({ result });
  }

  /** Of the receivers that are configured, and of those that have left notifications. */
  #declareQueue(gauges: DatabaseGauges, notifications: NotificationRepository): void {
    const labelNames = ['receiver'];
    gauges.add(
      {
        tollgate_notifications_waiting: {
          help: 'Notifications that wait for their next attempt.',
          labelNames,
        },
        tollgate_notifications_oldest_age_seconds: {
          help: 'Age of the oldest waiting notification; 0 if none waits.',
          labelNames,
        },
        tollgate_notifications_dead: {
          help: 'Notifications that have exhausted their attempts and were not replayed.',
          labelNames,
        },
      },
      async (db, nowMs) => {
        const backlogs = await notifications.backlog(db);
        const names = new Set([...this.receivers.names(), ...backlogs.keys()]);
        const samples = (read: (backlog: NotificationBacklog) => number): Sample<'receiver'>[] =>
          Array.from(names, (receiver) => ({
            labels: { receiver },
            value: read(backlogs.get(receiver) ?? NO_BACKLOG),
          }));
        return {
          tollgate_notifications_waiting: samples(({ waiting }) => waiting),
          tollgate_notifications_oldest_age_seconds: samples(({ oldestCreatedAtMs: oldest }) =>
            oldest === null ? 0 : Math.max(0, nowMs - oldest) / 1_000,
          ),
          tollgate_notifications_dead: samples(({ dead }) => dead),
        };
      },
    );
  }
}
