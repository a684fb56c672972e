import { Injectable } from '@nestjs/common';
import { type Condition, HealthChecks } from '../observability/health/health-checks.js';
import { Metrics } from '../observability/metrics/metrics.js';
import type { Circuit } from '../outbound/circuit-breaker.js';
import type { ExternalProvider } from './external-provider.js';
import { ExternalProviderRegistry } from './external-provider.registry.js';

const CIRCUITS: readonly Circuit[] = ['closed', 'half-open', 'open'];

/**
 * The present state of each external, as this replica sees it, for metrics and readiness. It never makes readiness
 * fail (SPEC §8).
 */
@Injectable()
export class ProvidersGauges {
  constructor(
    private readonly registry: ExternalProviderRegistry,
    metrics: Metrics,
    health: HealthChecks,
  ) {
    this.#declareGauges(metrics);
    health.add({ name: 'registry', required: true, condition: () => this.#registryCondition() });
    health.add({ name: 'externals', required: false, condition: () => this.#externalsCondition() });
  }

  #declareGauges(metrics: Metrics): void {
    metrics.gauge(
      'tollgate_external_circuit_state',
      '1 for the state that the circuit breaker is in.',
      () =>
        this.registry.all().flatMap((provider) => {
          const { circuit } = provider.health();
          return CIRCUITS.map((state) => ({
            labels: { external: provider.config.name, state },
            value: state === circuit ? 1 : 0,
          }));
        }),
      ['external', 'state'],
    );
    const each = (
      name: string,
      help: string,
      read: (provider: ExternalProvider) => number | undefined,
    ): void => metrics.gauge(name, help, () => this.#samples(read), ['external']);
    each(
      'tollgate_external_calls_in_flight',
      'Calls in flight that count towards the concurrency limit.',
      (provider) => provider.health().inFlight,
    );
    each(
      'tollgate_external_concurrency_limit',
      'maxConcurrency of the external, per replica.',
      (provider) => provider.config.maxConcurrency,
    );
    each('tollgate_external_last_success_timestamp_seconds', 'When the external answered last.', (provider) =>
      seconds(provider.health().lastSuccessAt),
    );
    each(
      'tollgate_external_last_failure_timestamp_seconds',
      'When a call to the external failed last.',
      (provider) => seconds(provider.health().lastFailureAt),
    );
  }

  *#samples(read: (provider: ExternalProvider) => number | undefined) {
    for (const provider of this.registry.all()) {
      const value = read(provider);
      if (value !== undefined) yield { labels: { external: provider.config.name }, value };
    }
  }

  #registryCondition(): Condition {
    const externals = this.registry.names().length;
    return { well: externals > 0, details: { externals } };
  }

  #externalsCondition(): Condition {
    const states = this.registry.all().map((provider) => {
      const { circuit, inFlight } = provider.health();
      return [provider.config.name, { circuit, inFlight }] as const;
    });
    return {
      well: states.every(([, { circuit }]) => circuit === 'closed'),
      namedDetails: { externals: Object.fromEntries(states) },
    };
  }
}

function seconds(atMs: number | undefined): number | undefined {
  return atMs === undefined ? undefined : atMs / 1_000;
}
