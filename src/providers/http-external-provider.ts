import type { ExternalConfig } from '../config/external-config.js';
import type { FieldError } from '../rules/field-error.js';
import { readContract } from '../rules/contract-reader.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import type { Clock } from '../shared/clock.js';
import {
  PayAnswer,
  PayByLinkAnswer,
  PaymentStatusAnswer,
  RefundAnswer,
  SubscriptionChargeAnswer,
  SubscriptionExpireAnswer,
  SubscriptionPayAnswer,
  SubscriptionStatusAnswer,
  SubscriptionUpdateAnswer,
} from './answers.js';
import type { OutboundAuth } from './auth/outbound-auth.js';
import type {
  CallContext,
  ExternalProvider,
  ProviderHealth,
  RequestBody,
  StatusQuestion,
} from './external-provider.js';
import { maskAnswerTexts } from './answer-masking.js';
import { HttpCall, reasonOf, type Transport } from './http-call.js';
import { CallStats } from './call-stats.js';
import type { OperationName } from './operation.js';
import type { ProviderObserver } from './provider-observer.js';
import type { NotExecuted, ProviderOutcome } from './provider-outcome.js';
import { requestHeaders } from './request-headers.js';
import { Resilience } from './resilience.js';

const MAX_ANSWER_BYTES = 1_048_576;
const LONGEST_CONNECT_MS = 5_000;

/** Half of the operation's time-out, so that a second attempt to connect still fits in; 5 s at most. */
function connectTimeoutMs(timeoutMs: number): number {
  return Math.min(LONGEST_CONNECT_MS, Math.max(1, Math.floor(timeoutMs / 2)));
}

export interface HttpExternalProviderDependencies {
  /** This external's own; closed with it. */
  readonly auth: OutboundAuth;
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly observer: ProviderObserver;
}

interface RequestParts {
  /** Below the base URL; the operation's name where it is left out. */
  readonly path?: string;
  readonly body?: RequestBody;
  /** What a question is about: an answer that names another is about something else, and breaks the contract. */
  readonly about?: Readonly<Record<string, string>>;
}

/**
 * An external behind HTTP (SPEC §2), and the only kind of provider there is: `{baseUrl}` + the gateway's own path below the
 * prefix, same method, same JSON, same query.
 */
export class HttpExternalProvider implements ExternalProvider {
  readonly #resilience: Resilience;
  readonly #transport: Transport;
  readonly #client: OutboundClient;
  readonly #auth: OutboundAuth;
  readonly #callStats: CallStats;
  #closed = false;

  constructor(
    readonly config: ExternalConfig,
    { auth, guard, clock, observer }: HttpExternalProviderDependencies,
  ) {
    const { origin, pathname } = new URL(config.baseUrl);
    this.#auth = auth;
    this.#callStats = new CallStats(clock);
    this.#client = new OutboundClient({
      guard,
      tls: () => auth.tls(),
      connectTimeoutMs: connectTimeoutMs(config.timeoutMs),
      maxAnswerBytes: MAX_ANSWER_BYTES,
    });
    // Steady traffic would keep connections with a withdrawn certificate alive.
    auth.onChange(() => this.#client.renew());
    this.#resilience = new Resilience(config, (circuit) => observer.onCircuit(config.name, circuit));
    this.#transport = {
      external: config.name,
      client: this.#client,
      origin,
      auth,
      clock,
      observer,
      basePath: pathname.replace(/\/$/, ''),
    };
  }

  pay(body: RequestBody, context: CallContext): Promise<ProviderOutcome<PayAnswer>> {
    return this.#call('pay', PayAnswer, context, { body });
  }

  payByLink(body: RequestBody, context: CallContext): Promise<ProviderOutcome<PayByLinkAnswer>> {
    return this.#call('pay-by-link', PayByLinkAnswer, context, { body });
  }

  refund(body: RequestBody, context: CallContext): Promise<ProviderOutcome<RefundAnswer>> {
    return this.#call('refund', RefundAnswer, context, { body });
  }

  status(question: StatusQuestion, context: CallContext): Promise<ProviderOutcome<PaymentStatusAnswer>> {
    const [[name, value]] = Object.entries(question) as [[string, string]];
    return this.#call('status', PaymentStatusAnswer, context, {
      path: `status?${name}=${encodeURIComponent(value)}`,
      about: { ...question },
    });
  }

  scheduleSubscription(
    body: RequestBody,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionPayAnswer>> {
    return this.#call('subscription/schedule', SubscriptionPayAnswer, context, { body });
  }

  startSubscription(
    body: RequestBody,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionPayAnswer>> {
    return this.#call('subscription/start', SubscriptionPayAnswer, context, { body });
  }

  paySubscription(
    body: RequestBody,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionChargeAnswer>> {
    return this.#call('subscription/pay', SubscriptionChargeAnswer, context, { body });
  }

  updateSubscription(
    token: string,
    body: RequestBody,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionUpdateAnswer>> {
    return this.#callToken('subscription/update', SubscriptionUpdateAnswer, token, context, { body });
  }

  subscriptionStatus(
    token: string,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionStatusAnswer>> {
    return this.#callToken('subscription/status', SubscriptionStatusAnswer, token, context, {
      about: { subscriptionToken: token },
    });
  }

  expireSubscription(
    token: string,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionExpireAnswer>> {
    return this.#callToken('subscription/expire', SubscriptionExpireAnswer, token, context);
  }

  health(): ProviderHealth {
    const { circuit, inFlight } = this.#resilience;
    return { circuit, inFlight, ...this.#callStats.snapshot() };
  }

  /**
   * Another provider takes this one's place. Whoever still holds it may go on calling; its sockets are closed whenever no
   * call is under way. Resolves when they are for the first time.
   */
  async retire(): Promise<void> {
    this.#auth.close();
    await this.#client.drain();
  }

  cut(): void {
    this.#closed = true;
    this.#resilience.cut('all');
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#resilience.cut('background');
    await this.retire();
  }

  /** A token stands in the path. Dots alone cannot: they are steps in it to whoever reads it, encoded or not (RFC 3986 §5.2.4). */
  async #callToken<A extends object>(
    operation: OperationName,
    type: new () => A,
    token: string,
    context: CallContext,
    parts: Omit<RequestParts, 'path'> = {},
  ): Promise<ProviderOutcome<A>> {
    if (token === '.' || token === '..')
      return notExecuted('not-supported', 'Such a token cannot stand in a path.');
    return this.#call(operation, type, context, {
      ...parts,
      path: `${operation}/${encodeURIComponent(token)}`,
    });
  }

  async #call<A extends object>(
    operation: OperationName,
    type: new () => A,
    context: CallContext,
    { path = operation, body, about = {} }: RequestParts,
  ): Promise<ProviderOutcome<A>> {
    if (this.config.operations[operation] === false) {
      return notExecuted('not-supported', `The operation ${operation} is switched off for this external.`);
    }
    if (this.#closed) return notExecuted('shutting-down', 'The gateway is stopping.');
    const { observer, clock } = this.#transport;
    const trace = observer.trace(this.config.name, operation, context.traceparent);
    const traced = { ...context, traceparent: trace.traceparent };
    const call = new HttpCall<A>(this.#transport, {
      operation,
      path: `/${path}`,
      body,
      headers: requestHeaders(operation, traced, body !== undefined, clock.now()),
      requestId: context.requestId,
      background: context.priority === 'background',
      read: (json) => {
        const result = readContract(type, json, { unknownFields: 'drop' });
        if (!result.ok) return result;
        const errors = contradictions(result.value, about);
        if (errors.length > 0) return { ok: false, errors };
        maskAnswerTexts(result.value);
        return result;
      },
    });
    const startedAt = performance.now();
    const outcome = await this.#client.use(() => this.#resilience.run(call));
    const durationMs = performance.now() - startedAt;
    this.#callStats.note(outcome, call.attempts > 0 ? durationMs : undefined);
    trace.end(outcome.kind, reasonOf(outcome));
    observer.onCall({
      external: this.config.name,
      operation,
      requestId: context.requestId,
      attempts: call.attempts,
      outcome: outcome.kind,
      reason: reasonOf(outcome),
      durationMs,
    });
    return outcome;
  }
}

/** Where the answer names something else than what was asked about. */
function contradictions(answer: object, about: Readonly<Record<string, string>>): FieldError[] {
  return Object.entries(about)
    .filter(([name, value]) => ((answer as Record<string, unknown>)[name] ?? value) !== value)
    .map(([name]) => ({ pointer: `/${name}`, detail: 'must be the one that was asked about' }));
}

function notExecuted(reason: NotExecuted['reason'], detail: string): NotExecuted {
  return { kind: 'not-executed', reason, detail, retryAfterMs: undefined };
}
