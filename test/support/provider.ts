import type { ExternalConfig } from '../../src/config/external-config.js';
import { createLog } from '../../src/observability/logging/log.js';
import { Metrics } from '../../src/observability/metrics/metrics.js';
import { NoopTracer } from '../../src/observability/tracing/noop.tracer.js';
import { createOutboundAuth } from '../../src/providers/auth/outbound-auth.factory.js';
import type { CallContext } from '../../src/providers/external-provider.js';
import {
  HttpExternalProvider,
  type HttpExternalProviderDependencies,
} from '../../src/providers/http-external-provider.js';
import { ProvidersMetrics } from '../../src/providers/providers.metrics.js';
import { AddressGuard } from '../../src/outbound/address-guard.js';
import { OutboundClient } from '../../src/outbound/outbound-client.js';
import { SystemClock } from '../../src/shared/clock.js';
import { LogLines } from './log-lines.js';

/** A configuration with the defaults of the externals file and short times. */
export function externalConfig(overrides: Partial<ExternalConfig> & { baseUrl: string }): ExternalConfig {
  return {
    name: 'acme',
    timeoutMs: 2_000,
    maxConcurrency: 50,
    auth: { type: 'none' },
    callbackAuth: { type: 'none' },
    callbackAllowedIps: undefined,
    operations: {},
    honoursIdempotencyKey: false,
    statusByShopTransactionId: false,
    reuseConnections: true,
    maxConnectionAgeMs: 300_000,
    duplicatePayments: 'refuse',
    compatibility: undefined,
    callbackStatus: 'queried',
    circuitBreaker: { failures: 1_000, windowMs: 10_000, openMs: 1_000 },
    ...overrides,
  };
}

const guard = new AddressGuard({ blockPrivateAddresses: false });

export const tokenClient = new OutboundClient({ guard, connectTimeoutMs: 5_000, maxAnswerBytes: 65_536 });

/** A real provider of one external. */
export function httpProvider(
  config: ExternalConfig,
  overrides: Partial<HttpExternalProviderDependencies> = {},
): HttpExternalProvider {
  const clock = new SystemClock();
  return new HttpExternalProvider(config, {
    auth: createOutboundAuth(config.auth, { clock, tokenClient }),
    guard,
    clock,
    log: createLog('info', new LogLines(), clock),
    metrics: new ProvidersMetrics(new Metrics()),
    tracer: new NoopTracer(),
    httpLogLevel: 'none',
    ...overrides,
  });
}

export const context: CallContext = { requestId: 'req-1', idempotencyKey: 'key-1' };

export const payRequest = { amount: 1_299, currency: 'EUR', shopTransactionId: 'order-1' };
