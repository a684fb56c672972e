import { Injectable } from '@nestjs/common';
import { RetrySchedule } from '../notifications/retry-schedule.js';
import type { Trx } from '../persistence/store.js';
import type { VerificationResult } from './callback.observer.js';
import { CallbackRepository } from './callback.repository.js';
import type { CallbackRow } from './callback.table.js';
import type { VerificationEnd, VerificationVerdict } from './verification-end.js';

/** Writes down how questions to externals ended. */
@Injectable()
export class VerificationRecorder {
  constructor(
    private readonly callbacks: CallbackRepository,
    private readonly schedule: RetrySchedule,
  ) {}

  /** Answers what became of each, in the same order. */
  async record(trx: Trx, ends: readonly VerificationEnd[], nowMs: number): Promise<VerificationResult[]> {
    const results: VerificationResult[] = [];
    for (const { callback, verdict } of ends) {
      const row = await this.callbacks.hold(trx, { id: callback.id, token: callback.lease_token });
      results.push(row ? await this.#recordOne(trx, row, verdict, nowMs) : 'lost');
    }
    return results;
  }

  async #recordOne(
    trx: Trx,
    row: CallbackRow,
    verdict: VerificationVerdict,
    nowMs: number,
  ): Promise<VerificationResult> {
    switch (verdict.kind) {
      case 'confirmed':
        return this.#confirmed(trx, row, verdict, nowMs);
      case 'unconfirmed':
        return this.#unconfirmed(trx, row, verdict, nowMs);
      case 'not-asked': {
        const nextAttemptAtMs = nowMs + verdict.retryAfterMs;
        await this.callbacks.putOff(trx, row.id, {
          attempts: row.attempts - 1,
          nextAttemptAtMs,
          error: row.last_error,
        });
        return 'put-off';
      }
      default:
        return verdict satisfies never;
    }
  }

  /** One that was repeated while the external was asked is asked about again: its status may have changed after the question. */
  async #confirmed(
    trx: Trx,
    { id, again }: CallbackRow,
    { settled, shopTransactionId }: Extract<VerificationVerdict, { kind: 'confirmed' }>,
    nowMs: number,
  ): Promise<VerificationResult> {
    if (again === 1 && !settled) {
      await this.callbacks.putOff(trx, id, { attempts: 0, nextAttemptAtMs: nowMs, error: null });
      return 'again';
    }
    await this.callbacks.markVerified(trx, id, shopTransactionId, nowMs);
    return 'verified';
  }

  async #unconfirmed(
    trx: Trx,
    { id, again, attempts }: CallbackRow,
    { error, retryAfterMs }: Extract<VerificationVerdict, { kind: 'unconfirmed' }>,
    nowMs: number,
  ): Promise<VerificationResult> {
    // A repeat begins the schedule anew.
    const counted = again === 1 ? 1 : attempts;
    const nextAttemptAtMs = this.schedule.next(counted, nowMs, retryAfterMs);
    if (nextAttemptAtMs === null) {
      await this.callbacks.markUnconfirmed(trx, id, error, nowMs);
      return 'unconfirmed';
    }
    await this.callbacks.putOff(trx, id, { attempts: counted, nextAttemptAtMs, error });
    return 'retry';
  }
}
