import type { ExternalConfig } from '../config/external-config.js';
import type { Config } from '../config/config.js';
import { OPERATIONS, type OperationName, type OperationTraits } from '../config/external-operation.js';
import type { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { endHttpClientSpan, startHttpClientSpan } from '../observability/tracing/http-client-span.js';
import type { Span, Tracer } from '../observability/tracing/tracer.js';
import { Exchange, ExchangeBroken, type OutboundAnswer, type OutboundRequest } from '../outbound/exchange.js';
import type { OutboundClient } from '../outbound/outbound-client.js';
import type { ContractResult } from '../rules/contract-reader.js';
import type { SecretMask } from '../sensitive/secret-mask.js';
import type { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { traceHeaders } from '../shared/trace-context.js';
import { AnswerEcho } from './answer-echo.js';
import { type QueriedFields, readAnswer } from './answer-reader.js';
import { transcriptOf } from './attempt-transcript.js';
import type { Call } from './attempts.js';
import { CredentialsUnavailable } from './auth/credentials-unavailable.js';
import { compatibleAnswer } from './compatibility.js';
import type { AuthHeaders, OutboundAuth } from './auth/outbound-auth.js';
import type { CallContext, RequestBody } from './external-provider.js';
import { classify } from './outcome-table.js';
import { notExecuted, type ProviderOutcome, reasonOf } from './provider-outcome.js';
import type { ProvidersMetrics } from './providers.metrics.js';

/** What the calls to one external share. */
export interface Transport {
  readonly external: string;
  readonly client: OutboundClient;
  readonly auth: OutboundAuth;
  /** What the gateway has sent to the external or verifies of it, to be removed from what comes back. */
  readonly secrets: () => SecretMask;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ProvidersMetrics;
  readonly tracer: Tracer;
  readonly httpLogLevel: Config['httpLogLevel'];
  /** Of the base URL: `https://host:port`. */
  readonly origin: string;
  /** Of the base URL, without a slash at its end. */
  readonly basePath: string;
}

/** One call: the same request on each of its attempts. */
export interface CallRequest<A> {
  readonly operation: OperationName;
  /** Below the base URL, query included, encoded. */
  readonly path: string;
  readonly body: RequestBody | undefined;
  readonly answerType: new () => A;
  readonly queried: QueriedFields;
  readonly compatibility: ExternalConfig['compatibility'];
}

/** One call in flight. It sends the attempts, and knows at any moment what is certain about them. */
export class HttpCall<A extends object> implements Call<A> {
  readonly changesState: boolean;
  readonly background: boolean;
  attempts = 0;
  readonly #traits: OperationTraits;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #json: string | undefined;
  readonly #open = new Set<Exchange>();
  #authorising = false;
  /** Requests on the wire, for the spans. */
  #sent = 0;
  /** An attempt has ended that may have been executed. */
  #possiblyExecuted = false;

  constructor(
    private readonly transport: Transport,
    private readonly request: CallRequest<A>,
    private readonly context: CallContext,
  ) {
    this.#traits = OPERATIONS[request.operation];
    this.changesState = this.#traits.changesState;
    this.background = context.priority === 'background';
    this.#headers = requestHeaders(this.#traits, context, request.body !== undefined, transport.clock.now());
    // Serialised once for all attempts, from the validated body and never from the caller's bytes (SPEC §2).
    this.#json = request.body && JSON.stringify(request.body);
  }

  async attempt(number: number, signal: AbortSignal): Promise<ProviderOutcome<A>> {
    this.attempts = number;
    const first = await this.#send(number, signal);
    // A 401 is a complete answer: nothing was executed, so that a second request with another token is safe.
    const again = first.refused && this.transport.auth.invalidate(first.refused);
    return again ? (await this.#send(number, signal)).outcome : first.outcome;
  }

  supersede(): void {
    for (const exchange of this.#open) exchange.cancel('superseded');
  }

  atDeadline(): ProviderOutcome<A> {
    const begun = this.#possiblyExecuted || [...this.#open].some((exchange) => exchange.begun);
    if (!begun && this.#authorising) return noCredentials('No token was received in time');
    return this.#classify(new ExchangeBroken('deadline', begun));
  }

  /** `refused`: the credentials to which the external answered 401. */
  async #send(
    number: number,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: ProviderOutcome<A>; readonly refused?: AuthHeaders }> {
    const startedAt = performance.now();
    const credentials = await this.#credentials(signal);
    if (credentials instanceof CredentialsUnavailable) return { outcome: noCredentials(credentials.message) };

    const span = this.#startSpan();
    const exchange = new Exchange(this.#prepare(credentials, span?.traceparent), {
      signal,
      beforeSend: this.context.beforeSend,
    });
    this.#open.add(exchange);
    const end = await this.transport.client.send(exchange).catch(asBroken);
    if (span) endHttpClientSpan(span, end);
    const outcome = this.#classify(end);
    // The other side may answer once more, and the next request on the connection would receive that answer.
    if (outcome.kind === 'unknown') exchange.discardConnection();
    // In one step: at the deadline, an exchange is either open or has left its doubt behind.
    this.#open.delete(exchange);
    if (outcome.kind === 'unknown') this.#possiblyExecuted = true;

    this.#record(number, end, outcome, credentials, performance.now() - startedAt);
    const unauthorised = !(end instanceof ExchangeBroken) && end.status === 401;
    return { outcome, ...(unauthorised && { refused: credentials }) };
  }

  async #credentials(signal: AbortSignal): Promise<AuthHeaders | CredentialsUnavailable> {
    this.#authorising = true;
    try {
      return await this.transport.auth.headers(signal);
    } catch (error) {
      if (error instanceof CredentialsUnavailable) return error;
      throw error;
    } finally {
      this.#authorising = false;
    }
  }

  /** The span of one request; undefined without tracing. Its URL is masked as in the log. */
  #startSpan(): Span | undefined {
    const { tracer, origin, basePath } = this.transport;
    if (!tracer.enabled) return undefined;
    const { operation, path } = this.request;
    const { method } = this.#traits;
    const request = { method, origin, target: basePath + outside(path), resendCount: this.#sent };
    this.#sent += 1;
    return startHttpClientSpan(tracer, `${method} ${operation}`, request, {
      parent: this.context.traceparent,
    });
  }

  #prepare(credentials: AuthHeaders, span: string | undefined): OutboundRequest {
    return {
      method: this.#traits.method,
      origin: this.transport.origin,
      target: this.transport.basePath + this.request.path,
      headers: { ...this.#headers, ...(span !== undefined && traceHeaders(span)), ...credentials },
      body: this.#json,
    };
  }

  #classify(end: OutboundAnswer | ExchangeBroken): ProviderOutcome<A> {
    const { clock, auth } = this.transport;
    const mtls = auth.tls() !== undefined;
    return classify(end, this.#traits, this.#read, clock.now(), mtls, this.#echo()).outcome;
  }

  /** After the answer: the secrets include the token that this request was sent with. */
  #echo(): AnswerEcho {
    return new AnswerEcho(this.transport.secrets(), this.request.body);
  }

  readonly #read = (json: unknown): ContractResult<A> =>
    readAnswer(
      this.request.answerType,
      compatibleAnswer(this.request, this.request.operation, json),
      this.request.queried,
    );

  #record(
    attempt: number,
    end: OutboundAnswer | ExchangeBroken,
    outcome: ProviderOutcome<A>,
    credentials: AuthHeaders,
    durationMs: number,
  ): void {
    const { external, log, metrics, httpLogLevel } = this.transport;
    const { operation, path, body } = this.request;
    metrics.countAttempt({ external, operation, outcome: outcome.kind });
    if (httpLogLevel === 'none') return;
    const answer = end instanceof ExchangeBroken ? undefined : end;
    const superseded = end instanceof ExchangeBroken && end.reason === 'superseded';
    log.info(
      {
        requestId: this.context.requestId,
        external,
        operation,
        attempt,
        method: this.#traits.method,
        path: outside(path),
        status: answer?.status,
        outcome: outcome.kind,
        reason: superseded ? 'superseded' : reasonOf(outcome),
        durationMs: loggedMs(durationMs),
        ...(httpLogLevel !== 'basic' &&
          transcriptOf(httpLogLevel, { headers: this.#headers, credentials, body }, answer, this.#echo())),
      },
      'external attempt',
    );
  }
}

/** To hundredths of a millisecond. */
export function loggedMs(durationMs: number): number {
  return Math.round(durationMs * 100) / 100;
}

/** The headers of every attempt, credentials aside (SPEC §2). */
export function requestHeaders(
  { method }: { readonly method: string },
  { requestId, traceparent, idempotencyKey }: CallContext,
  hasBody: boolean,
  nowMs: number,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'tollgate',
    'x-request-id': requestId,
  };
  if (hasBody) headers['content-type'] = 'application/json';
  if (traceparent !== undefined) Object.assign(headers, traceHeaders(traceparent));
  if (method !== 'GET') headers['idempotency-key'] = idempotencyKey ?? newIdentifier('idk', nowMs);
  return headers;
}

function asBroken(error: unknown): ExchangeBroken {
  if (error instanceof ExchangeBroken) return error;
  throw error;
}

function noCredentials(why: string): ProviderOutcome<never> {
  return notExecuted('credentials-refused', `The gateway has no credentials for the external: ${why}.`);
}
