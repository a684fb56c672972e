import { Field, NestedField } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { quantity, text, texts, trueOrFalse } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { ExternalProvider, ProviderHealth } from '../../providers/external-provider.js';
import { isOffered, OPERATION_NAMES } from '../../config/external-operation.js';
import type { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { type Page, pageOf, positionIn } from '../lists/keyset.js';
import { DEFAULT_LIMIT, type PageQuery } from '../lists/list-query.js';
import { shownText, shownTimeOrNone } from '../records/shown.js';

class CircuitBreakerRecord {
  @Field(quantity, { example: 5 })
  failures: number;

  @Field(quantity, { example: 10000 })
  windowMs: number;

  @Field(quantity, { example: 5000 })
  openMs: number;
}

class LatencyRecord {
  @Field(quantity, {
    description: 'The number of recent calls that the percentiles are taken from.',
    example: 128,
  })
  calls: number;

  @Field(quantity, { description: 'In milliseconds, rounded.', example: 42 })
  p50Ms: number;

  @Field(quantity, { example: 180 })
  p95Ms: number;
}

/** An external: its configuration without secrets, and its health as seen by this replica. */
export class ExternalRecord {
  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(text, { example: 'https://acme.internal/payments' })
  baseUrl: string;

  @Field(oneOf(['closed', 'open', 'half-open']), { description: 'The circuit breaker.', example: 'closed' })
  circuit: ProviderHealth['circuit'];

  @Field(quantity, { description: 'Calls in flight.', example: 3 })
  inFlight: number;

  @Field(quantity, { description: 'The maximum number of calls in flight.', example: 200 })
  maxConcurrency: number;

  @NestedField(() => LatencyRecord, { optional: true, description: 'Absent before the first call.' })
  latency?: LatencyRecord | undefined;

  @Field(instant, { optional: true, example: '2026-01-31T12:00:00.150Z' })
  lastSuccessAt?: string | undefined;

  @Field(instant, { optional: true, example: '2026-01-31T11:40:10.000Z' })
  lastFailureAt?: string | undefined;

  @Field(text, { optional: true, example: 'timeout: No answer came in time.' })
  lastFailure?: string | undefined;

  @Field(quantity, { example: 10000 })
  timeoutMs: number;

  @NestedField(() => CircuitBreakerRecord)
  circuitBreaker: CircuitBreakerRecord;

  @Field(text, { description: 'How the gateway authenticates to the external.', example: 'bearer' })
  auth: string;

  @Field(text, {
    description: 'How the external authenticates its callbacks.',
    example: 'standard-webhooks',
  })
  callbackAuth: string;

  @Field(texts, { optional: true, description: 'The addresses that may send callbacks; absent: all.' })
  callbackAllowedIps?: string[] | undefined;

  @Field(texts, { description: 'The enabled operations.', example: ['pay', 'status'] })
  operations: string[];

  @Field(trueOrFalse, { example: true })
  honoursIdempotencyKey: boolean;

  @Field(trueOrFalse, { example: false })
  statusByShopTransactionId: boolean;

  @Field(trueOrFalse, { description: 'False: one exchange a connection.', example: true })
  reuseConnections: boolean;

  @Field(quantity, { description: 'An older connection serves no further exchange.', example: 300_000 })
  maxConnectionAgeMs: number;

  @Field(oneOf(['refuse', 'allow']), { example: 'refuse' })
  duplicatePayments: 'refuse' | 'allow';

  @Field(oneOf(['queried', 'trusted']), {
    description: '`trusted`: the status in a signed callback is believed.',
    example: 'queried',
  })
  callbackStatus: 'queried' | 'trusted';
}

/** A page of the configured externals, by name. */
export function externalsPage(registry: ExternalProviderRegistry, query: PageQuery): Page<ExternalRecord> {
  const { limit = DEFAULT_LIMIT } = query;
  const begin = positionIn('externals', query) ?? '';
  const rest = registry
    .names()
    .filter((name) => name > begin)
    .toSorted();
  const shown = rest.slice(0, limit);
  const items = shown.flatMap((name) => registry.get(name) ?? []).map(externalRecord);
  return pageOf('externals', query, items, rest.length > limit ? shown.at(-1) : undefined);
}

function externalRecord(provider: ExternalProvider): ExternalRecord {
  const { config } = provider;
  const { circuit, inFlight, latency, lastSuccessAt, lastFailureAt, lastFailure } = provider.health();
  return {
    external: config.name,
    baseUrl: config.baseUrl,
    circuit,
    inFlight,
    maxConcurrency: config.maxConcurrency,
    latency: latency && {
      calls: latency.calls,
      p50Ms: Math.round(latency.p50Ms),
      p95Ms: Math.round(latency.p95Ms),
    },
    lastSuccessAt: shownTimeOrNone(lastSuccessAt),
    lastFailureAt: shownTimeOrNone(lastFailureAt),
    lastFailure: shownText(lastFailure),
    timeoutMs: config.timeoutMs,
    circuitBreaker: { ...config.circuitBreaker },
    auth: config.auth.type,
    callbackAuth: config.callbackAuth.type,
    callbackAllowedIps: config.callbackAllowedIps && [...config.callbackAllowedIps],
    operations: OPERATION_NAMES.filter((name) => isOffered(config, name)),
    honoursIdempotencyKey: config.honoursIdempotencyKey,
    statusByShopTransactionId: config.statusByShopTransactionId,
    reuseConnections: config.reuseConnections,
    maxConnectionAgeMs: config.maxConnectionAgeMs,
    duplicatePayments: config.duplicatePayments,
    callbackStatus: config.callbackStatus,
  };
}
