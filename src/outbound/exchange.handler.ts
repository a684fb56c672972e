import type { Dispatcher } from 'undici';
import type { Line } from './connection.js';
import { decoded } from './content-coding.js';
import { codeOf, ExchangeBroken, type BreakReason, type Exchange, type OutboundAnswer } from './exchange.js';

/** The caller of one exchange. */
interface Waiting {
  readonly exchange: Exchange;
  readonly resolve: (answer: OutboundAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Follows one request through undici, and keeps {@link Exchange.begun} true to the wire. Any status is an answer;
 * every other end is an {@link ExchangeBroken}.
 */
export class ExchangeHandler implements Dispatcher.DispatchHandler {
  /**
   * Undefined once the exchange has ended. undici's queues keep a handler for some time afterwards, and with it
   * everything that it references: with the caller's request that was 2 MB per young collection, and pauses of 5 ms
   * (measured).
   */
  #waiting: Waiting | undefined;
  /** Set by undici's client that has taken the request. */
  line: Line | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #cancelled: BreakReason | undefined;
  #refused = false;
  #status = 0;
  #headers: OutboundAnswer['headers'] = {};
  #size = 0;
  readonly #chunks: Buffer[] = [];
  readonly #onAbort = (): void => this.cancel('aborted');

  constructor(
    exchange: Exchange,
    private readonly maxAnswerBytes: number,
    resolve: (answer: OutboundAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.#waiting = { exchange, resolve, reject };
    exchange.carrier = this;
    const { signal, timeoutMs } = exchange.limits;
    if (signal?.aborted) this.cancel('aborted');
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== undefined && !this.ended)
      this.#timer = setTimeout(() => this.cancel('deadline'), timeoutMs);
  }

  get ended(): boolean {
    return this.#waiting === undefined;
  }

  /** undici calls this right before it writes the request; an error thrown here prevents the write. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (!this.#waiting) throw new Error('Cancelled before it was begun');
    const { exchange } = this.#waiting;
    // undici may retry a request on a second connection when it drops the first one itself. A payment is never sent
    // so.
    if (exchange.begun) throw new Error('A request is never written twice');
    try {
      exchange.limits.beforeSend?.();
    } catch (error) {
      this.#refused = true;
      throw error;
    }
    this.line?.connection?.begin();
    exchange.begun = true;
    this.#controller = controller;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: OutboundAnswer['headers'],
  ): void {
    // 1xx announce an answer and are none (RFC 9110 §15.2).
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#cancelled) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > this.maxAnswerBytes) this.cancel('too-large');
  }

  onResponseEnd(): void {
    const waiting = this.#waiting;
    const connection = this.line?.connection;
    const answer = { ...this.#answer(), ...(connection?.early && { early: true }) };
    connection?.end();
    if (waiting) waiting.exchange.answeredOn = connection;
    this.#end()?.resolve(decoded(answer, this.maxAnswerBytes));
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    const waiting = this.#end();
    if (!waiting) return;
    const { begun } = waiting.exchange;
    if (isInternal(error)) return waiting.reject(error);
    const reason = this.#reasonOf(error, begun);
    const partial = reason === 'too-large' ? this.#answer() : undefined;
    waiting.reject(new ExchangeBroken(reason, begun, error, partial));
  }

  /** Ends the exchange, if it has not ended. */
  cancel(reason: BreakReason): void {
    if (!this.#waiting || this.#cancelled) return;
    this.#cancelled = reason;
    // Without a controller the request still waits for a connection; onRequestStart will refuse to write it.
    if (this.#controller) this.#controller.abort(new Error(`Cancelled: ${reason}`));
    else {
      const { begun } = this.#waiting.exchange;
      this.#end()?.reject(new ExchangeBroken(reason, begun));
    }
  }

  #answer(): OutboundAnswer {
    const chunks = this.#chunks.splice(0);
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    return { status: this.#status, headers: this.#headers, body };
  }

  /** The caller; undefined after the first time. */
  #end(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#controller = undefined;
    this.line = undefined;
    clearTimeout(this.#timer);
    if (waiting) waiting.exchange.carrier = undefined;
    waiting?.exchange.limits.signal?.removeEventListener('abort', this.#onAbort);
    return waiting;
  }

  #reasonOf(error: Error, begun: boolean): BreakReason {
    if (this.#cancelled) return this.#cancelled;
    if (this.#refused) return 'refused';
    if (!begun) return 'no-connection';
    if (codeOf(error) === 'UND_ERR_HEADERS_OVERFLOW') return 'not-http';
    // undici gives this error no code. After the headers, it means a body that broke off or was malformed.
    if (error.name === 'HTTPParserError' && this.#status === 0) return 'not-http';
    return 'cut';
  }
}

/** A request that undici refuses to build is an internal error, not a failure of the other side. */
function isInternal(error: Error): boolean {
  return codeOf(error) === 'UND_ERR_INVALID_ARG';
}
