import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import { Metrics } from '../observability/metrics/metrics.js';
import type { VerificationResult } from './verification.recorder.js';

@Injectable()
export class CallbacksMetrics {
  readonly #verifications;
  readonly #expired;

  constructor(metrics: Metrics, gauges: DatabaseGauges) {
    this.#verifications = metrics.counter(
      'tollgate_callback_verifications_total',
      'Status queries to externals about callbacks by result.',
      ['external', 'result'],
    );
    this.#expired = metrics.counter(
      'tollgate_callbacks_expired_total',
      'Unconfirmed callbacks of no known payment that were deleted.',
      ['external'],
    );
    declareInbox(gauges);
  }

  countExpired(external: string): void {
    this.#expired.inc({ external });
  }

  countVerification(external: string, result: VerificationResult): void {
    this.#verifications.inc({ external, result });
  }
}

function declareInbox(gauges: DatabaseGauges): void {
  gauges.add(
    {
      tollgate_callbacks_waiting: {
        help: 'Callbacks whose external is still to be queried.',
        labelNames: ['external'],
      },
      tollgate_callbacks_overdue_seconds: {
        help: 'How long the first waiting callback has been due; 0 if none is due.',
        labelNames: ['external'],
      },
      tollgate_callbacks_unconfirmed: { help: 'Callbacks that their external never confirmed.' },
    },
    async (db, nowMs) => {
      // Index callbacks_waiting.
      const waiting = await db
        .selectFrom('callbacks')
        .select(({ fn }) => [
          'external',
          fn.countAll<number>().as('count'),
          fn.min('next_attempt_at').as('first'),
        ])
        .where('next_attempt_at', 'is not', null)
        .groupBy('external')
        .execute();
      // Index callbacks_unconfirmed.
      const { count: unconfirmed } = await db
        .selectFrom('callbacks')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where(sql`state`, '=', sql.lit('UNCONFIRMED'))
        .executeTakeFirstOrThrow();
      return {
        tollgate_callbacks_waiting: waiting.map(({ external, count }) => ({
          labels: { external },
          value: count,
        })),
        tollgate_callbacks_overdue_seconds: waiting.map(({ external, first }) => ({
          labels: { external },
          value: Math.max(0, nowMs - (first ?? nowMs)) / 1_000,
        })),
        tollgate_callbacks_unconfirmed: [{ value: unconfirmed }],
      };
    },
  );
}
