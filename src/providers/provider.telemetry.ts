import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/config.js';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { LATENCY_BUCKETS, Metrics } from '../observability/metrics/metrics.js';
import { currentScope } from '../observability/request-scope.js';
import { Tracer } from '../observability/tracing/tracer.js';
import type { Circuit } from '../outbound/circuit-breaker.js';
import type { OperationName } from './operation.js';
import {
  type CallTrace,
  type ObservedAttempt,
  type ObservedCall,
  type ObservedReload,
  ProviderObserver,
} from './provider-observer.js';

/** One log line and the metrics of each call to an external, and of what becomes of the externals themselves (SPEC §8). */
@Injectable()
export class ProviderTelemetry extends ProviderObserver {
  readonly #calls;
  readonly #durations;
  readonly #attempts;
  readonly #circuits;
  readonly #reloads;
  readonly #httpLogLevel: Config['httpLogLevel'];

  constructor(
    private readonly log: Log,
    metrics: Metrics,
    private readonly tracer: Tracer,
    @Inject(CONFIG) { httpLogLevel }: Config,
  ) {
    super();
    this.#httpLogLevel = httpLogLevel;
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
    this.#reloads = metrics.counter('tollgate_config_reloads_total', 'Changes of the externals file.', [
      'result',
    ]);
    this.#reloads.inc({ result: 'accepted' }, 0);
    this.#reloads.inc({ result: 'rejected' }, 0);
  }

  trace(external: string, operation: OperationName, parent: string | undefined): CallTrace {
    const span = this.tracer.start(`call ${operation}`, {
      kind: 'client',
      parent,
      attributes: { 'tollgate.external': external, 'tollgate.operation': operation },
    });
    return {
      traceparent: span.traceparent,
      end: (outcome, reason) => {
        span.set({ 'tollgate.outcome': outcome, 'tollgate.reason': reason });
        if (outcome === 'unknown' || outcome === 'not-executed') span.fail(reason ?? outcome);
        span.end();
      },
    };
  }

  onCall(call: ObservedCall): void {
    const { external, operation, outcome, reason, durationMs, attempts, requestId } = call;
    const scope = currentScope();
    if (scope) scope.externalMs += durationMs;
    this.#calls.inc({ external, operation, outcome, reason: reason ?? '' });
    if (attempts > 0) this.#durations.observe({ external, operation, outcome }, durationMs / 1_000);
    const troubled = outcome === 'unknown' || (outcome === 'not-executed' && attempts > 0);
    const level = troubled ? 'warn' : 'info';
    if (!this.log.isLevelEnabled(level)) return;
    this.log[level](
      { requestId, external, operation, outcome, reason, attempts, durationMs: rounded(durationMs) },
      'external call',
    );
  }

  onAttempt(attempt: ObservedAttempt): void {
    const { external, operation, outcome } = attempt;
    this.#attempts.inc({ external, operation, outcome });
    if (this.#httpLogLevel !== 'none') this.#writeAttempt(attempt, this.#httpLogLevel);
  }

  onCircuit(external: string, circuit: Circuit): void {
    this.#circuits.inc({ external, state: circuit });
    if (circuit === 'open')
      this.log.warn({ external, circuit }, 'circuit breaker opened: operations are refused');
    else this.log.info({ external, circuit }, 'circuit breaker changed');
  }

  onWarning(external: string, message: string): void {
    this.log.warn({ external, detail: outside(message) }, 'external needs attention');
  }

  onReload({ added, changed, removed }: ObservedReload): void {
    this.#reloads.inc({ result: 'accepted' });
    this.log.info({ added, changed, removed }, 'externals changed');
  }

  onReloadRejected(error: Error): void {
    this.#reloads.inc({ result: 'rejected' });
    this.log.error(
      { detail: outside(error.message) },
      'the externals file was changed and is not valid: the externals stay as they were',
    );
  }

  #writeAttempt(attempt: ObservedAttempt, level: 'basic' | 'headers' | 'body'): void {
    const { external, operation, requestId, method, status, outcome, reason, durationMs } = attempt;
    this.log.info(
      {
        requestId,
        external,
        operation,
        attempt: attempt.attempt,
        method,
        path: outside(attempt.path),
        status,
        outcome,
        reason,
        durationMs: rounded(durationMs),
        ...(level !== 'basic' && attempt.transcript(level)),
      },
      'external attempt',
    );
  }
}

function rounded(durationMs: number): number {
  return Math.round(durationMs * 100) / 100;
}
