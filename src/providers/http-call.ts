import type { ContractResult } from '../rules/contract-reader.js';
import type { Clock } from '../shared/clock.js';
import { transcriptOf, type SentRequest } from './attempt-transcript.js';
import type { Call } from './attempts.js';
import { CredentialsUnavailable } from './auth/credentials-unavailable.js';
import type { AuthHeaders, OutboundAuth } from './auth/outbound-auth.js';
import { Exchange, ExchangeBroken, type OutboundAnswer, type OutboundRequest } from '../outbound/exchange.js';
import type { OutboundClient } from '../outbound/outbound-client.js';
import { OPERATIONS, type OperationName } from './operation.js';
import { judge } from './outcome-table.js';
import type { ProviderObserver } from './provider-observer.js';
import type { ProviderOutcome } from './provider-outcome.js';

/** What the calls to one external share. */
export interface Transport {
  readonly external: string;
  readonly client: OutboundClient;
  readonly auth: OutboundAuth;
  readonly clock: Clock;
  readonly observer: ProviderObserver;
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
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | undefined;
  readonly requestId: string;
  readonly background: boolean;
  readonly read: (json: unknown) => ContractResult<A>;
}

/** One call under way: sends its attempts, and knows what is certain about them at any moment. */
export class HttpCall<A extends object> implements Call<A> {
  readonly changesState: boolean;
  readonly background: boolean;
  attempts = 0;
  readonly #operation;
  readonly #json: string | undefined;
  readonly #open = new Set<Exchange>();
  #authorising = false;
  /** An attempt has ended that may have been executed. */
  #possiblyExecuted = false;

  constructor(
    private readonly transport: Transport,
    private readonly request: CallRequest<A>,
  ) {
    this.#operation = OPERATIONS[request.operation];
    this.changesState = this.#operation.changesState;
    this.background = request.background;
    // Serialised anew from what was validated, never the caller's bytes (SPEC §2), and once for all attempts.
    this.#json = request.body && JSON.stringify(request.body);
  }

  async attempt(number: number, signal: AbortSignal): Promise<ProviderOutcome<A>> {
    this.attempts = number;
    const first = await this.#exchange(number, signal);
    // A 401 is a whole answer that says that nothing was executed: with another token it is worth a second try.
    const again = first.refused && this.transport.auth.invalidate(first.refused);
    return again ? (await this.#exchange(number, signal)).outcome : first.outcome;
  }

  supersede(): void {
    for (const exchange of this.#open) exchange.cancel('superseded');
  }

  atDeadline(): ProviderOutcome<A> {
    const begun = this.#possiblyExecuted || [...this.#open].some((exchange) => exchange.begun);
    if (!begun && this.#authorising) return noCredentials('No token came in time');
    const end = new ExchangeBroken('deadline', begun);
    return judge(end, this.#operation, this.request.read, this.transport.clock.now()).outcome;
  }

  async #exchange(
    number: number,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: ProviderOutcome<A>; readonly refused?: AuthHeaders }> {
    const { clock, external, observer } = this.transport;
    const { operation, path, headers, body, requestId, read } = this.request;
    const startedAt = performance.now();
    const credentials = await this.#credentials(signal);
    if (credentials instanceof CredentialsUnavailable) return { outcome: noCredentials(credentials.message) };

    const exchange = new Exchange(this.#request(credentials), { signal });
    this.#open.add(exchange);
    const end = await this.#send(exchange);
    const answer = end instanceof ExchangeBroken ? undefined : end;
    const { outcome } = judge(end, this.#operation, read, clock.now());
    // In one step: at the deadline, an exchange is either open or has left its doubt behind.
    this.#open.delete(exchange);
    if (outcome.kind === 'unknown') this.#possiblyExecuted = true;
    const sent: SentRequest = { headers, credentials, body };
    observer.onAttempt({
      external,
      operation,
      requestId,
      attempt: number,
      method: this.#operation.method,
      path,
      status: answer?.status,
      outcome: outcome.kind,
      reason: end instanceof ExchangeBroken && end.reason === 'superseded' ? 'superseded' : reasonOf(outcome),
      durationMs: performance.now() - startedAt,
      transcript: (level) => transcriptOf(level, sent, answer),
    });
    return { outcome, ...(answer?.status === 401 && { refused: credentials }) };
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

  #request(credentials: AuthHeaders): OutboundRequest {
    return {
      method: this.#operation.method,
      origin: this.transport.origin,
      target: this.transport.basePath + this.request.path,
      headers: { ...this.request.headers, ...credentials },
      body: this.#json,
    };
  }

  async #send(exchange: Exchange): Promise<OutboundAnswer | ExchangeBroken> {
    try {
      return await this.transport.client.send(exchange);
    } catch (error) {
      if (error instanceof ExchangeBroken) return error;
      throw error;
    }
  }
}

export function reasonOf(outcome: ProviderOutcome<unknown>): string | undefined {
  return outcome.kind === 'completed' ? undefined : outcome.reason;
}

function noCredentials(why: string): ProviderOutcome<never> {
  return {
    kind: 'not-executed',
    reason: 'credentials-refused',
    detail: `No credentials for the external were to be had: ${why}.`,
    retryAfterMs: undefined,
  };
}
