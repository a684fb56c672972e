import { Injectable } from '@nestjs/common';
import { erasedAmong } from '../erasures/erased-subjects.js';
import type { Trx } from '../persistence/store.js';
import type { Lease } from '../leases/lease-table.js';
import { retryAfterMs } from '../outbound/retry-after.js';
import { type DeliveryEnd, type DeliveryResult, attemptResultOf } from './delivery-end.js';
import {
  type NotificationAttempt,
  NotificationAttemptRepository,
} from './notification-attempt.repository.js';
import { type FailedState, NotificationLeaseRepository } from './notification-lease.repository.js';
import { RetrySchedule } from './retry-schedule.js';

const RESULT_OF_FAILURE: Readonly<Record<FailedState, DeliveryResult>> = {
  RETRY: 'retry',
  DEAD: 'dead',
  SUPERSEDED: 'superseded',
};

/** Rows per statement. */
const BATCH = 100;
const LEASE_EXPIRED = 'the worker ended before it recorded this attempt';

/** Records how attempts ended. An attempt whose lease is lost is appended to the attempts and changes nothing else. */
@Injectable()
export class DeliveryRecorder {
  constructor(
    private readonly leases: NotificationLeaseRepository,
    private readonly attempts: NotificationAttemptRepository,
    private readonly schedule: RetrySchedule,
  ) {}

  /** Returns what became of each, in the same order. */
  async record(trx: Trx, ends: readonly DeliveryEnd[], nowMs: number): Promise<DeliveryResult[]> {
    const results: DeliveryResult[] = [];
    for (let from = 0; from < ends.length; from += BATCH) {
      results.push(...(await this.#recordBatch(trx, ends.slice(from, from + BATCH), nowMs)));
    }
    return results;
  }

  /** Takes over from workers that died; true: there may be more of their rows. */
  async free(trx: Trx, endedBeforeMs: number, nowMs: number): Promise<boolean> {
    const freed = await this.leases.freeEnded(trx, { endedBeforeMs, nowMs, limit: BATCH });
    await this.attempts.append(
      trx,
      freed.map(({ id, attempts }) => ({
        notification_ref: id,
        attempt: attempts,
        at: nowMs,
        status_code: null,
        duration_ms: null,
        error: LEASE_EXPIRED,
        answer: null,
      })),
    );
    return freed.length === BATCH;
  }

  async #recordBatch(trx: Trx, ends: readonly DeliveryEnd[], nowMs: number): Promise<DeliveryResult[]> {
    const results: DeliveryResult[] = [];
    for (const end of ends) results.push(await this.#recordOne(trx, end, nowMs));
    const erased = await erasedAmong(
      trx,
      ends.map(({ notification }) => notification.payment_ref),
    );
    const delivered = ends.filter((_, i) => results[i] === 'delivered').map(leaseOf);
    // In one round trip.
    await Promise.all([
      this.leases.markDelivered(trx, delivered, nowMs),
      this.attempts.append(
        trx,
        ends.filter((_, i) => results[i] !== 'handed-back').map((end) => attemptOf(end, erased)),
      ),
    ]);
    return results;
  }

  /** Deliveries, nearly all of the ends, share one statement of their own. */
  async #recordOne(trx: Trx, end: DeliveryEnd, nowMs: number): Promise<DeliveryResult> {
    const attemptResult = attemptResultOf(end.outcome);
    if (attemptResult === 'delivered') return attemptResult;
    if (attemptResult === 'not-sent') {
      await this.leases.handBack(trx, leaseOf(end), nowMs);
      return 'handed-back';
    }
    const nextAttemptAtMs = attemptResult === 'gone' ? null : this.#nextAttemptAt(end, nowMs);
    const state = await this.leases.markFailed(trx, leaseOf(end), nextAttemptAtMs, nowMs);
    return state === undefined ? 'lost' : RESULT_OF_FAILURE[state];
  }

  #nextAttemptAt({ notification, outcome }: DeliveryEnd, nowMs: number): number | null {
    const header = outcome.kind === 'answered' ? outcome.answer.retryAfter : undefined;
    return this.schedule.next(notification.attempts, nowMs, retryAfterMs(header, nowMs));
  }
}

function leaseOf({ notification }: DeliveryEnd): Lease {
  return notification;
}

function attemptOf(
  { notification, startedAtMs, durationMs, outcome }: DeliveryEnd,
  erased: ReadonlySet<string>,
): NotificationAttempt {
  const answer = outcome.kind === 'answered' ? outcome.answer : undefined;
  const isErased = erased.has(notification.payment_ref);
  return {
    notification_ref: notification.id,
    attempt: notification.attempts,
    at: startedAtMs,
    status_code: answer?.statusCode ?? null,
    duration_ms: durationMs,
    error: outcome.kind === 'broken' && !isErased ? outcome.error : null,
    answer: isErased ? null : (answer?.text ?? null),
  };
}
