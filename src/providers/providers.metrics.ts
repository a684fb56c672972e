import { Injectable } from '@nestjs/common';
import type { OperationName } from '../config/external-operation.js';
import { LATENCY_BUCKETS, Metrics } from '../observability/metrics/metrics.js';
import type { Circuit } from '../outbound/circuit-breaker.js';
import type { DiscardReason } from '../outbound/connection.js';
import type { ProviderOutcome } from './provider-outcome.js';

/** The labels of a call or an attempt, each from a closed set. */
export interface CallLabels {
  readonly external: string;
  readonly operation: OperationName;
  readonly outcome: ProviderOutcome<unknown>['kind'];
}

@Injectable()
export class ProvidersMetrics {
  readonly #calls;
  readonly #durations;
  readonly #attempts;
  readonly #circuits;
  readonly #discards;
  readonly #reloads;

  constructor(metrics: Metrics) {
    this.#calls = metrics.counter(
      'tollgate_external_calls_total',
      'Calls to externals by how they ended (reason: "" for completed), further attempts included.',
      ['external', 'operation', 'outcome', 'reason'],
    );
    this.#durations = metrics.histogram(
      'tollgate_external_call_duration_seconds',
      'Calls to externals that were sent, further attempts included.',
      LATENCY_BUCKETS,
      ['external', 'operation', 'outcome'],
    );
    this.#attempts = metrics.counter(
      'tollgate_external_attempts_total',
      'Requests that were sent to externals, by how each ended.',
      ['external', 'operation', 'outcome'],
    );
    this.#circuits = metrics.counter(
      'tollgate_external_circuit_changes_total',
      'Changes of circuit breakers, by the new state.',
      ['external', 'state'],
    );
    this.#discards = metrics.counter(
      'tollgate_external_connections_discarded_total',
      'Connections to externals that were closed because a later answer on them could not be trusted.',
      ['external', 'reason'],
    );
    this.#reloads = metrics.counter('tollgate_config_reloads_total', 'Changes of the externals file.', [
      'result',
    ]);
    // From zero: Prometheus sees no increase in what was not there before.
    this.#reloads.inc({ result: 'accepted' }, 0);
    this.#reloads.inc({ result: 'rejected' }, 0);
  }

  /** `durationMs` of a call that was sent; undefined for one that was refused before its first attempt. */
  countCall(labels: CallLabels, reason: string | undefined, durationMs: number | undefined): void {
    const { external, operation, outcome } = labels;
    this.#calls.inc({ external, operation, outcome, reason: reason ?? '' });
    if (durationMs !== undefined) this.#durations.observe(labels, durationMs / 1_000);
  }

  countAttempt(labels: CallLabels): void {
    this.#attempts.inc(labels);
  }

  countCircuitChange(external: string, state: Circuit): void {
    this.#circuits.inc({ external, state });
  }

  countDiscard(external: string, reason: DiscardReason): void {
    this.#discards.inc({ external, reason });
  }

  countReload(result: 'accepted' | 'rejected'): void {
    this.#reloads.inc({ result });
  }
}
