import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { DatabaseGauges } from '../observability/metrics/database.gauges.js';
import { Metrics } from '../observability/metrics/metrics.js';
import { traceIdOf } from '../observability/tracing/traceparent.js';
import { CallbackObserver, type ObservedVerification } from './callback.observer.js';

/** One log line and the metrics of each verified callback. What fails is logged by the worker itself. */
@Injectable()
export class CallbackTelemetry extends CallbackObserver {
  readonly #verifications;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
    gauges: DatabaseGauges,
  ) {
    super();
    this.#verifications = metrics.counter(
      'tollgate_callback_verifications_total',
      'Questions to externals about callbacks, by what came of them.',
      ['external', 'result'],
    );
    declareInbox(gauges);
  }

  onVerification(verification: ObservedVerification): void {
    const { external, result, traceparent, paymentId, error, ...rest } = verification;
    this.#verifications.inc({ external, result });
    // Not confirmed: the worker has said so.
    if (error !== undefined) return;
    this.log.info(
      {
        ...rest,
        traceId: traceparent === null ? undefined : traceIdOf(traceparent),
        external,
        paymentId: outside(paymentId),
        result,
      },
      'verification',
    );
  }
}

function declareInbox(gauges: DatabaseGauges): void {
  gauges.add(
    {
      tollgate_callbacks_waiting: {
        help: 'Callbacks that wait for their external to be asked.',
        labelNames: ['external'],
      },
      tollgate_callbacks_overdue_seconds: {
        help: 'How long the first of them has been due; 0: none is.',
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
