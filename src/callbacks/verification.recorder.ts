import { Injectable } from '@nestjs/common';
import { RetrySchedule } from '../notifications/retry-schedule.js';
import type { Trx } from '../persistence/store.js';
import { CALLBACK_LEASES, CallbackRepository, type LeasedCallback } from './callback.repository.js';
import type { VerificationEnd, VerificationOutcome } from './verification-end.js';

/** What became of a callback after a status query: a closed set, fit for a metric's label. */
export type VerificationResult = 'verified' | 'again' | 'retry' | 'unconfirmed' | 'put-off' | 'lost';

/** Records how status queries about callbacks ended. */
@Injectable()
export class VerificationRecorder {
  constructor(
    private readonly schedule: RetrySchedule,
    private readonly callbacks: CallbackRepository,
  ) {}

  /** Returns what became of each, in the same order. */
  async record(trx: Trx, ends: readonly VerificationEnd[], nowMs: number): Promise<VerificationResult[]> {
    const results: VerificationResult[] = [];
    for (const { callback, outcome } of ends) {
      // Repeats that arrived during the query have changed the row since it was claimed.
      const row = await CALLBACK_LEASES.hold(trx, callback);
      results.push(row ? await this.#recordOne(trx, row as LeasedCallback, outcome, nowMs) : 'lost');
    }
    return results;
  }

  async #recordOne(
    trx: Trx,
    row: LeasedCallback,
    outcome: VerificationOutcome,
    nowMs: number,
  ): Promise<VerificationResult> {
    switch (outcome.kind) {
      case 'confirmed':
        return this.#confirmed(trx, row, outcome, nowMs);
      case 'unconfirmed':
        return this.#unconfirmed(trx, row, outcome, nowMs);
      case 'not-queried': {
        const nextAttemptAtMs = nowMs + outcome.retryAfterMs;
        await reschedule(trx, row, row.attempts - 1, nextAttemptAtMs, row.last_error);
        return 'put-off';
      }
      default:
        return outcome satisfies never;
    }
  }

  /** A callback that was repeated during the query is queried again: the status may have changed after the answer. */
  async #confirmed(
    trx: Trx,
    row: LeasedCallback,
    { settled, shopTransactionId }: Extract<VerificationOutcome, { kind: 'confirmed' }>,
    nowMs: number,
  ): Promise<VerificationResult> {
    if (row.again === 1 && !settled) {
      await reschedule(trx, row, 0, nowMs, null);
      return 'again';
    }
    await CALLBACK_LEASES.end(trx, row, {
      state: 'VERIFIED',
      finished_at: nowMs,
      last_error: null,
      shop_transaction_id: shopTransactionId,
      again: 0,
    });
    return 'verified';
  }

  async #unconfirmed(
    trx: Trx,
    row: LeasedCallback,
    {
      error: detail,
      retryAfterMs,
      maxAttempts = Infinity,
    }: Extract<VerificationOutcome, { kind: 'unconfirmed' }>,
    nowMs: number,
  ): Promise<VerificationResult> {
    const error = (await this.callbacks.isErased(trx, row)) ? null : detail;
    // A repeat starts the schedule anew.
    const attempts = row.again === 1 ? 1 : row.attempts;
    const nextAttemptAtMs = attempts < maxAttempts ? this.schedule.next(attempts, nowMs, retryAfterMs) : null;
    if (nextAttemptAtMs === null) {
      await CALLBACK_LEASES.end(trx, row, {
        state: 'UNCONFIRMED',
        finished_at: nowMs,
        last_error: error,
        again: 0,
      });
      return 'unconfirmed';
    }
    await reschedule(trx, row, attempts, nextAttemptAtMs, error);
    return 'retry';
  }
}

/** The external is queried about the callback (again) at `atMs`; `attempts` have counted so far. */
async function reschedule(
  trx: Trx,
  row: LeasedCallback,
  attempts: number,
  atMs: number,
  error: string | null,
): Promise<void> {
  await CALLBACK_LEASES.end(trx, row, {
    state: 'PENDING',
    attempts,
    next_attempt_at: atMs,
    last_error: error,
    again: 0,
  });
}
