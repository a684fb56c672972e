import type { Dispatcher } from 'undici';
import { ExchangeHandler } from './exchange.handler.js';
import type { Exchange, OutboundAnswer } from './exchange.js';
import { network, type OutboundClientOptions } from './network.js';
import { type PauseDetector, processPauses } from './pause-detector.js';

/**
 * The gateway's only HTTP client: for externals, the receiver, token endpoints and issuers
 * (docs/adr/0007-outbound-http.md). HTTP/1.1 with keep-alive, one request at a time per connection, so that a fact
 * about a connection is a fact about one request; no redirects, bounded answers, decoded within the same bound, every
 * address checked by the guard.
 */
export class OutboundClient {
  #agent: Dispatcher | undefined;
  #users = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  readonly #pauses: PauseDetector;
  #pausesBefore: number;

  constructor(private readonly options: OutboundClientOptions) {
    this.#pauses = options.pauses ?? processPauses;
    this.#pausesBefore = this.#pauses.count();
  }

  /**
   * Every status resolves.
   * @throws ExchangeBroken where no complete answer was received
   */
  send(exchange: Exchange): Promise<OutboundAnswer> {
    return new Promise((resolve, reject) => {
      const handler = new ExchangeHandler(exchange, this.options.maxAnswerBytes, resolve, reject);
      if (handler.ended) return;
      const { method, origin, target: path, headers, body = null } = exchange.request;
      this.#renewAfterPause();
      this.#agent ??= network.open(this.options, this.#pauses);
      const reset = this.options.reuseConnections === false;
      this.#agent.dispatch({ origin, method, path, headers, body, ...(reset && { reset }) }, handler);
    });
  }

  /**
   * New connections are dialled from now on, as the credentials have changed; exchanges in flight end on the old
   * ones.
   */
  renew(): void {
    void this.#closeAgent();
  }

  /** Keeps the connections open while `work` runs, even after {@link drain}. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work();
    } finally {
      this.#users -= 1;
      if (this.#drained && this.#users === 0) void this.#closeIdle();
    }
  }

  /** Closes the sockets whenever {@link use} has no user. Resolves when they are closed for the first time. */
  drain(): Promise<void> {
    if (!this.#drained) {
      this.#drained = Promise.withResolvers<void>();
      if (this.#users === 0) void this.#closeIdle();
    }
    return this.#drained.promise;
  }

  /** Lets exchanges in flight end, then closes the sockets. */
  close(): Promise<void> {
    return this.#closeAgent();
  }

  /** Ends exchanges in flight and closes the sockets. */
  async destroy(): Promise<void> {
    await this.#agent?.destroy();
  }

  /** Closes all idle connections at once, where `LineClient` would refuse one after the other. */
  #renewAfterPause(): void {
    const pauses = this.#pauses.count();
    if (pauses === this.#pausesBefore) return;
    this.#pausesBefore = pauses;
    this.renew();
  }

  async #closeIdle(): Promise<void> {
    await this.#closeAgent();
    this.#drained!.resolve();
  }

  async #closeAgent(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.close();
  }
}
