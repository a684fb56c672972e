import type { Config } from '../config/config.js';
import type { ExternalConfig } from '../config/external-config.js';
import { isOffered, type OperationName } from '../config/external-operation.js';
import type { Log } from '../observability/logging/log.js';
import { currentScope } from '../observability/request-scope.js';
import type { Span, Tracer } from '../observability/tracing/tracer.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import type { Circuit } from '../outbound/circuit-breaker.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import { NO_SECRETS, SecretMask } from '../sensitive/secret-mask.js';
import type { Clock } from '../shared/clock.js';
import type { QueriedFields } from './answer-reader.js';
import { ANSWER_TYPES, type AnswerTo } from './answers.js';
import type { OutboundAuth } from './auth/outbound-auth.js';
import { endSpan, whatWentWrong } from './call-report.js';
import { callbackSecrets } from './callback-secrets.js';
import { CallStats } from './call-stats.js';
import type {
  CallContext,
  CallSlot,
  ExpiryQuery,
  ExternalProvider,
  ProviderHealth,
  RefundStatusQuery,
  RequestBody,
  StatusQuery,
} from './external-provider.js';
import { compatibleType } from './compatibility.js';
import { HttpCall, loggedMs, type Transport } from './http-call.js';
import { type NotExecuted, notExecuted, type ProviderOutcome, reasonOf } from './provider-outcome.js';
import type { ProvidersMetrics } from './providers.metrics.js';
import { Resilience } from './resilience.js';

const MAX_ANSWER_BYTES = 1_048_576;
const MAX_CONNECT_MS = 5_000;

/** Half of the external's time-out, which leaves time for a second attempt to connect; at most 5 s. */
function connectTimeoutMs(timeoutMs: number): number {
  return Math.min(MAX_CONNECT_MS, Math.max(1, Math.floor(timeoutMs / 2)));
}

export interface HttpExternalProviderDependencies {
  /** Of this external alone; closed with the provider. */
  readonly auth: OutboundAuth;
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ProvidersMetrics;
  readonly tracer: Tracer;
  readonly httpLogLevel: Config['httpLogLevel'];
}

interface RequestParts {
  /** Below the base URL; the operation's name by default. */
  readonly path?: string;
  readonly body?: RequestBody;
  readonly queried?: QueriedFields;
}

type Ended<N extends OperationName> = Promise<ProviderOutcome<AnswerTo<N>>>;

/**
 * An external behind HTTP (SPEC §2): `{baseUrl}` + the gateway's own path below the prefix, same method, same JSON,
 * same query. It is the only kind of provider.
 */
export class HttpExternalProvider implements ExternalProvider {
  readonly #auth: OutboundAuth;
  readonly #client: OutboundClient;
  readonly #transport: Transport;
  readonly #resilience: Resilience;
  readonly #stats: CallStats;
  #closed = false;
  #circuitOpenedAt: number | undefined;
  #masked: { readonly secrets: readonly string[] | undefined; readonly mask: SecretMask } = {
    secrets: undefined,
    mask: NO_SECRETS,
  };

  constructor(
    readonly config: ExternalConfig,
    private readonly dependencies: HttpExternalProviderDependencies,
  ) {
    const { auth, guard, clock } = dependencies;
    const { origin, pathname } = new URL(config.baseUrl);
    this.#auth = auth;
    this.#client = new OutboundClient({
      guard,
      tls: () => auth.tls(),
      connectTimeoutMs: connectTimeoutMs(config.timeoutMs),
      maxAnswerBytes: MAX_ANSWER_BYTES,
      reuseConnections: config.reuseConnections,
      maxConnectionAgeMs: config.maxConnectionAgeMs,
      onDiscard: (reason) => dependencies.metrics.countDiscard(config.name, reason),
    });
    // Steady traffic would keep connections with a withdrawn certificate alive.
    auth.onChange(() => this.#client.renew());
    this.#transport = {
      ...dependencies,
      external: config.name,
      secrets: () => this.secrets(),
      client: this.#client,
      origin,
      basePath: pathname.replace(/\/$/, ''),
    };
    this.#resilience = new Resilience(config, (circuit) => this.#recordCircuit(circuit));
    this.#stats = new CallStats(clock);
  }

  reserve(operation: OperationName): CallSlot | NotExecuted {
    return this.#unavailable(operation) ?? this.#resilience.reserve();
  }

  recordRefusal(operation: OperationName, requestId: string, refusal: NotExecuted): void {
    if (!this.#unavailable(operation)) this.#record(operation, requestId, refusal, 0, 0);
  }

  pay(body: RequestBody, context: CallContext): Ended<'pay'> {
    return this.#call('pay', context, { body });
  }

  payByLink(body: RequestBody, context: CallContext): Ended<'pay-by-link'> {
    return this.#call('pay-by-link', context, { body });
  }

  refund(body: RequestBody, context: CallContext): Ended<'refund'> {
    return this.#call('refund', context, { body });
  }

  refundStatus({ paymentId, by }: RefundStatusQuery, context: CallContext): Ended<'refund/status'> {
    const ofPayment = { ...(paymentId !== undefined && { paymentId }) };
    const path = `refund/status?${queryText({ ...ofPayment, ...by })}`;
    const queried = 'refundId' in by ? { ...ofPayment, ...by } : ofPayment;
    return this.#call('refund/status', context, { path, queried });
  }

  cancel(body: RequestBody, context: CallContext): Ended<'cancel'> {
    return this.#call('cancel', context, { body });
  }

  status(query: StatusQuery, context: CallContext): Ended<'status'> {
    const path = `status?${queryText(query)}`;
    return this.#call('status', context, { path, queried: { ...query } });
  }

  scheduleSubscription(body: RequestBody, context: CallContext): Ended<'subscription/schedule'> {
    return this.#call('subscription/schedule', context, { body });
  }

  startSubscription(body: RequestBody, context: CallContext): Ended<'subscription/start'> {
    return this.#call('subscription/start', context, { body });
  }

  paySubscription(body: RequestBody, context: CallContext): Ended<'subscription/pay'> {
    return this.#call('subscription/pay', context, { body });
  }

  updateSubscription(token: string, body: RequestBody, context: CallContext): Ended<'subscription/update'> {
    return this.#callToken('subscription/update', token, context, { body });
  }

  subscriptionStatus(token: string, context: CallContext): Ended<'subscription/status'> {
    return this.#callToken('subscription/status', token, context, { queried: { subscriptionToken: token } });
  }

  expireSubscription(
    token: string,
    context: CallContext,
    query: ExpiryQuery = {},
  ): Ended<'subscription/expire'> {
    return this.#callToken('subscription/expire', token, context, { query: queryText({ ...query }) });
  }

  health(): ProviderHealth {
    const { circuit, inFlight, pauseLeftMs } = this.#resilience;
    return {
      circuit,
      circuitOpenedAt: circuit === 'closed' ? undefined : this.#circuitOpenedAt,
      nextTryAt: pauseLeftMs > 0 ? this.dependencies.clock.now() + Math.ceil(pauseLeftMs) : undefined,
      inFlight,
      ...this.#stats.snapshot(),
    };
  }

  /**
   * Another provider takes over. Requests that hold this one finish their calls, and its sockets close whenever no
   * call is in flight. Resolves when they are closed for the first time.
   */
  async retire(): Promise<void> {
    this.#auth.close();
    await this.#client.drain();
  }

  /** Ends calls in flight as if their time-out had passed, and refuses further ones. */
  cut(): void {
    this.#closed = true;
    this.#resilience.cut('all');
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#resilience.cut('background');
    await this.retire();
  }

  /**
   * The token is the last segment of the path. `.` and `..` are refused: every reader takes them as steps in the
   * path, encoded or not (RFC 3986 §5.2.4).
   */
  async #callToken<N extends OperationName>(
    operation: N,
    token: string,
    context: CallContext,
    { query = '', ...parts }: Omit<RequestParts, 'path'> & { readonly query?: string } = {},
  ): Ended<N> {
    if (token === '.' || token === '..')
      return notExecuted('not-supported', 'This token cannot be part of a path.');
    return this.#call(operation, context, {
      ...parts,
      path: `${operation}/${encodeURIComponent(token)}${query && `?${query}`}`,
    });
  }

  async #call<N extends OperationName>(
    operation: N,
    context: CallContext,
    { path = operation, body, queried = {} }: RequestParts,
  ): Ended<N> {
    const unavailable = this.#unavailable(operation);
    if (unavailable) return unavailable;

    const span = this.#startSpan(operation, context.traceparent);
    const answerType = compatibleType(
      this.config,
      operation,
      ANSWER_TYPES[operation] as new () => AnswerTo<N>,
    );
    const call = new HttpCall(
      this.#transport,
      {
        operation,
        path: `/${path}`,
        body,
        answerType,
        queried,
        compatibility: this.config.compatibility,
      },
      { ...context, traceparent: span.traceparent },
    );
    const startedAt = performance.now();
    const outcome = await this.#run(call, context.slot);
    const durationMs = performance.now() - startedAt;

    endSpan(span, outcome);
    this.#record(operation, context.requestId, outcome, call.attempts, durationMs);
    return outcome;
  }

  async #run<A extends object>(call: HttpCall<A>, slot: CallSlot | undefined): Promise<ProviderOutcome<A>> {
    const admitted = currentScope()?.admitted;
    admitted?.beginWait();
    try {
      return await this.#client.use(() => this.#resilience.run(call, slot));
    } finally {
      admitted?.endWait();
    }
  }

  /** Made again when a token or certificate is another one. */
  secrets(): SecretMask {
    const secrets = this.#auth.secrets();
    if (secrets !== this.#masked.secrets)
      this.#masked = {
        secrets,
        mask: new SecretMask([...secrets, ...callbackSecrets(this.config.callbackAuth)]),
      };
    return this.#masked.mask;
  }

  #unavailable(operation: OperationName): NotExecuted | undefined {
    if (!isOffered(this.config, operation))
      return notExecuted('not-supported', `The operation ${operation} is switched off for this external.`);
    return this.#closed ? notExecuted('shutting-down', 'The gateway is stopping.') : undefined;
  }

  #startSpan(operation: OperationName, parent: string | undefined): Span {
    return this.dependencies.tracer.start(`call ${operation}`, {
      parent,
      attributes: { 'tollgate.external': this.config.name, 'tollgate.operation': operation },
    });
  }

  #record(
    operation: OperationName,
    requestId: string,
    end: ProviderOutcome<unknown>,
    attempts: number,
    durationMs: number,
  ): void {
    const { log, metrics } = this.dependencies;
    const external = this.config.name;
    const outcome = end.kind;
    const reason = reasonOf(end);
    const sent = attempts > 0;
    const scope = currentScope();
    if (scope) scope.externalMs += durationMs;
    this.#stats.record(end, sent ? durationMs : undefined);
    metrics.countCall({ external, operation, outcome }, reason, sent ? durationMs : undefined);
    const level = outcome === 'unknown' || (outcome === 'not-executed' && sent) ? 'warn' : 'info';
    if (!log.isLevelEnabled(level)) return;
    log[level](
      {
        requestId,
        external,
        operation,
        outcome,
        reason,
        ...whatWentWrong(end),
        attempts,
        durationMs: loggedMs(durationMs),
      },
      'external call',
    );
  }

  #recordCircuit(circuit: Circuit): void {
    const { log, metrics } = this.dependencies;
    const external = this.config.name;
    metrics.countCircuitChange(external, circuit);
    if (circuit === 'closed') this.#circuitOpenedAt = undefined;
    else this.#circuitOpenedAt ??= this.dependencies.clock.now();
    if (circuit === 'open') log.warn({ external, circuit }, 'circuit breaker opened: operations are refused');
    else log.info({ external, circuit }, 'circuit breaker changed');
  }
}

function queryText(query: object): string {
  return Object.entries(query as Record<string, string>)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}
