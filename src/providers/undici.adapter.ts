import { AxiosHeaders, type AxiosAdapter } from 'axios';
import { Pool, type buildConnector, type Dispatcher } from 'undici';
import { codeOf, ExchangeBroken, type BreakReason, type Exchange, type ExternalAnswer } from './exchange.js';

/** An answer may have 1 MiB at most. */
export const MAX_ANSWER_BYTES = 1_048_576;

/**
 * An idle socket is dropped after 4 s, or 2 s before the end that the external's `Keep-Alive: timeout=` announces: a
 * request written to a socket that the other side closed a moment ago is one of unknown outcome.
 */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MARGIN_MS = 2_000;
/** However long the external announces: what stands between may forget a silent connection sooner. */
const KEEP_ALIVE_MAX_MS = 30_000;

const NO_HEADERS = new AxiosHeaders();

export interface UndiciAdapterOptions {
  /** `https://host:port`. */
  readonly origin: string;
  /** Dials through the address guard. */
  readonly connect: buildConnector.connector;
}

/**
 * Carries axios' requests to one origin over undici's connections: HTTP/1.1 with keep-alive, one request at a time on each,
 * no redirects, nothing decompressed. axios' own adapter costs half as much CPU again per request, and does not tell
 * whether a request was begun.
 *
 * A status is never an error here. What is, is an {@link ExchangeBroken}.
 */
export class UndiciAdapter {
  readonly #pool: Pool;

  constructor({ origin, connect }: UndiciAdapterOptions) {
    this.#pool = new Pool(origin, {
      connect,
      // Facts about one request are facts about its connection: nothing else is on it.
      pipelining: 1,
      allowH2: false,
      // The deadline of the exchange covers connecting, headers and body alike.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_ANSWER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    });
  }

  /**
   * The axios adapter for one exchange, whose facts it keeps up to date. Request and answer go past axios, which would copy
   * and normalise their headers four times: that costs as much as half of what undici does.
   */
  forExchange(exchange: Exchange): AxiosAdapter {
    return async (config) => {
      const data = await this.#send(exchange);
      return { data, status: data.status, statusText: '', headers: NO_HEADERS, config };
    };
  }

  /** Lets exchanges under way end, then closes the sockets. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  #send(exchange: Exchange): Promise<ExternalAnswer> {
    return new Promise((resolve, reject) => {
      const handler = new ExchangeHandler(exchange, resolve, reject);
      if (handler.ended) return;
      const { method, target, headers, body = null } = exchange.request;
      this.#pool.dispatch({ method, path: target, headers, body }, handler);
    });
  }
}

/** Who is to be told how an exchange ends. */
interface Waiting {
  readonly exchange: Exchange;
  readonly resolve: (answer: ExternalAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Follows one request through undici, and keeps {@link Exchange.begun} true to the wire. */
export class ExchangeHandler implements Dispatcher.DispatchHandler {
  /**
   * Undefined once it has ended. undici's queues keep a handler for some time after, in what they have grown out of, and V8's young
   * collections keep with it whatever it holds: with the caller's request that was 2 MB each time, and pauses of 5 ms (measured).
   */
  #waiting: Waiting | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #cancelled: BreakReason | undefined;
  #status = 0;
  #headers: ExternalAnswer['headers'] = {};
  readonly #chunks: Buffer[] = [];
  readonly #onAbort = (): void => this.#cancel('deadline');

  constructor(exchange: Exchange, resolve: (answer: ExternalAnswer) => void, reject: (error: Error) => void) {
    this.#waiting = { exchange, resolve, reject };
    exchange.cancel = (reason) => this.#cancel(reason);
    if (exchange.signal.aborted) this.#cancel('deadline');
    else exchange.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get ended(): boolean {
    return this.#waiting === undefined;
  }

  /** undici calls this right before it writes the request; an error thrown here keeps it from being written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (!this.#waiting) throw new Error('Cancelled before it was begun');
    const { exchange } = this.#waiting;
    // undici may hand a request to a second connection when it drops the first one itself. A payment is never sent so.
    if (exchange.begun) throw new Error('A request is never written twice');
    exchange.begun = true;
    this.#controller = controller;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: ExternalAnswer['headers'],
  ): void {
    // 1xx announce an answer, and are none (RFC 9110 §15.2).
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const chunks = this.#chunks.splice(0);
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.#end()?.resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    const waiting = this.#end();
    if (!waiting) return;
    const { begun } = waiting.exchange;
    waiting.reject(isDefect(error) ? error : new ExchangeBroken(this.#reasonOf(error, begun), begun, error));
  }

  #cancel(reason: 'deadline' | 'superseded'): void {
    if (!this.#waiting) return;
    this.#cancelled = reason;
    const error = new ExchangeBroken(reason, this.#waiting.exchange.begun);
    // Without a controller it still waits for a connection; onRequestStart will refuse to go on.
    if (this.#controller) this.#controller.abort(error);
    else this.#end()?.reject(error);
  }

  /** Who waits; the first time only. */
  #end(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#controller = undefined;
    waiting?.exchange.signal.removeEventListener('abort', this.#onAbort);
    return waiting;
  }

  #reasonOf(error: Error, begun: boolean): BreakReason {
    if (this.#cancelled) return this.#cancelled;
    if (!begun) return 'no-connection';
    const code = codeOf(error);
    if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too-large';
    if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'not-http';
    // undici gives this error no code. Once there were headers, it means a body that broke off or went wrong on its way.
    if (error.name === 'HTTPParserError' && this.#status === 0) return 'not-http';
    return 'cut';
  }
}

/** A request that the gateway should not have built is a defect of its own, and no fault of the external. */
function isDefect(error: Error): boolean {
  return codeOf(error) === 'UND_ERR_INVALID_ARG';
}
