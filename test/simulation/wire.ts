import type { Dispatcher } from 'undici';
import type { Connection } from '../../src/outbound/connection.js';
import { ExchangeHandler } from '../../src/outbound/exchange.handler.js';
import { network } from '../../src/outbound/network.js';
import { currentLife, inWorld, type Life } from './platform.js';
import type { Moments } from './replica.js';

/** A request as it reaches an external or a receiver. */
export interface WireRequest {
  readonly host: string;
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** It begins before the request was written whole. */
  readonly early?: true;
}

/** What the network does to one exchange. */
export interface Fate {
  readonly kind:
    | 'answered'
    | 'refused' // no connection
    | 'lost' // the request never arrives, and nobody says so
    | 'silent' // it arrives, and the answer never does
    | 'cut' // it arrives, and the connection breaks
    | 'cut-early' // the connection breaks, and it arrives all the same: a proxy still had it
    | 'not-http'; // it arrives, and the answer is no HTTP
  /** Until the request is on the wire. */
  readonly connectMs: number;
  readonly requestMs: number;
  readonly answerMs: number;
}

export interface Wire extends Pick<Moments, 'crash'> {
  fateOf(request: WireRequest): Fate;
  serve(request: WireRequest): WireAnswer;
  /** The replica stops before it sends the request, as {@link Moments.stops}. */
  stopsBefore(request: WireRequest, life: Life): boolean;
}

/** Connects every outbound client to `wire`: the program's own handler sees what undici would show it. */
export function connect(wire: Wire): void {
  network.open = () => new SimulatedDispatcher(wire) as unknown as Dispatcher;
}

/** A connection whose answer began before the request was written whole. */
const EARLY = { early: true, end() {}, discard() {} } as unknown as Connection;

class SimulatedDispatcher {
  constructor(private readonly wire: Wire) {}

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const life = currentLife();
    const url = new URL(options.path, options.origin);
    const request: WireRequest = {
      host: url.hostname,
      method: options.method,
      url,
      headers: options.headers as Record<string, string>,
      body: typeof options.body === 'string' ? options.body : '',
    };
    const fate = this.wire.fateOf(request);
    let ended = false;
    let aborted = false;
    const fail = (error: Error): void => {
      if (ended || life.dead) return;
      ended = true;
      handler.onResponseError?.(controller, error);
    };
    const controller = {
      aborted: false,
      paused: false,
      reason: null,
      rawHeaders: null,
      rawTrailers: null,
      pause() {},
      resume() {},
      abort: (error: Error) => {
        if (!ended) aborted = true;
        queueMicrotask(() => fail(error));
      },
    } as unknown as Dispatcher.DispatchController;
    const answer = (end: WireAnswer | undefined): void => {
      if (ended || life.dead) return;
      if (fate.kind === 'cut')
        return fail(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }));
      if (fate.kind === 'not-http')
        return fail(Object.assign(new Error('Expected HTTP/'), { name: 'HTTPParserError' }));
      if (fate.kind !== 'answered' || !end) return;
      handler.onResponseStart?.(controller, end.status, {
        'content-type': 'application/json',
        ...end.headers,
      });
      if (end.early && handler instanceof ExchangeHandler) handler.line = { connection: EARLY };
      if (this.wire.crash(life, 'while an answer arrives')) return;
      if (end.body !== '') handler.onResponseData?.(controller, Buffer.from(end.body));
      // The client has read enough of it.
      if (aborted) return;
      ended = true;
      handler.onResponseEnd?.(controller, {});
    };
    const send = (): void => {
      if (ended || this.wire.crash(life, 'before a request is sent')) return;
      if (this.wire.stopsBefore(request, life)) {
        setTimeout(send, 1);
        return;
      }
      if (fate.kind === 'refused')
        return fail(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      try {
        handler.onRequestStart?.(controller, {});
      } catch (error) {
        return fail(error as Error);
      }
      // On the wire: it arrives even if its sender dies now.
      if (fate.kind !== 'lost') this.#arrive(request, fate, answer);
      if (fate.kind === 'cut-early')
        fail(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }));
      this.wire.crash(life, 'after a request was sent');
    };
    setTimeout(send, fate.connectMs);
    return true;
  }

  /** `answer` keeps the async context of the caller, whose timers die with it. */
  #arrive(request: WireRequest, fate: Fate, answer: (end: WireAnswer) => void): void {
    let served: WireAnswer | undefined;
    inWorld(() => setTimeout(() => (served = this.wire.serve(request)), fate.requestMs));
    setTimeout(() => answer(served!), fate.requestMs + fate.answerMs);
  }

  async close(): Promise<void> {}
  async destroy(): Promise<void> {}
}
