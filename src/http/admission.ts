import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
// oxlint-disable-next-line typescript/consistent-type-imports -- Nest injects by the class
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { Problem } from '../problems/problem.js';
import { OPERATING_PATH } from './operating-path.js';
import { problemAnswer } from './problem-answer.js';
import { originForm } from './request-limits.middleware.js';
import { PacedTurns, Turns } from './turns.js';

/**
 * Below it the admission refuses nothing: this many payments are some 60 ms of CPU time, or 150 on a slow processor. With 64,
 * 128 callers were refused each time that something else took the processor for a tenth of a second.
 */
const MIN_LIMIT = 192;
/** Also what the limit returns to while less than half of it is in use. */
const FIRST_LIMIT = 256;
const MAX_LIMIT = 4_096;
/** By window. */
const GROWTH = 1.1;
const MOST_SHRINKING = 0.5;
/** How often the limit changes. */
const WINDOW_MS = 100;
/** One log line with a count, not one for each refusal. */
const LOG_EVERY_MS = 10_000;
const TICK_MS = 25;
/**
 * What requests may always take of the gateway itself, on average, and how late its work may make the event loop. With
 * 50 ms, 128 callers at once were refused: on PostgreSQL their payments took 65 ms.
 */
const TOLERATED_MS = 100;
/** Slower requests mean that the database hangs. */
const MAX_USUAL_MS = 250;
/** The weight of one window in the usual time. */
const USUAL_WEIGHT = 0.05;
const OVERLOADED = new Problem('overloaded', 'The gateway has more requests than it can process now.', {
  retryAfterMs: 1_000,
});
/** Never waits behind other requests. */
const LIVENESS_PATH = /^\/health\/live(?:\?|$)/;
const API_PATH = /^\/(?:v3|admin)\//;
/**
 * Requests that begin between two ticks: ten thousand a second, more than one event loop can do, and 320 for paths that
 * need no credentials: a page with all its files, and what strangers can take of the event loop.
 */
const API_PER_TICK = 256;
const PUBLIC_PER_TICK = 8;
const MAX_WAITING = 1_024;
/** Of a sender that is not known yet: a larger one waits for its turn. Most callbacks are smaller. */
const LARGE_BODY_BYTES = 4_096;

const ADMITTED = Symbol('tollgate.admitted');

/**
 * A request that was admitted. It counts while the gateway works on it: not while it waits for its body or an external,
 * and not while its caller reads the answer.
 */
export class AdmittedRequest {
  #waitedMs = 0;
  #waits = 0;
  #ended = false;
  #waitsSince = 0;
  readonly #startedAt = performance.now();

  constructor(private readonly admission: Admission) {}

  beginWait(): void {
    this.#waits += 1;
    if (this.#waits > 1 || this.#ended) return;
    this.#waitsSince = performance.now();
    this.admission.leave();
  }

  endWait(): void {
    this.#waits -= 1;
    if (this.#waits > 0 || this.#ended) return;
    this.#waitedMs += performance.now() - this.#waitsSince;
    this.admission.enter();
  }

  /** Waits until a body of a sender that is not known yet may be verified. */
  turnOf(body: Buffer): Promise<void> | undefined {
    return this.admission.turnOf(body);
  }

  /** The answer begins, or the caller has gone, perhaps during a wait. Further calls have no effect. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#waits > 0) return;
    this.admission.leave();
    this.admission.ended(performance.now() - this.#startedAt - this.#waitedMs);
  }
}

/** The admitted request, for what waits on its behalf. */
export function admittedOf(request: IncomingMessage): AdmittedRequest | undefined {
  return (request as { [ADMITTED]?: AdmittedRequest })[ADMITTED];
}

/**
 * Ends the admission of a request when its answer begins: how fast the caller reads it is not the gateway's work.
 * `prototype` is that of all responses, so that no request pays for a property of its own.
 */
export function endAdmissionWithAnswer(prototype: ServerResponse): void {
  const writeHead = Reflect.get(prototype, 'writeHead') as (...rest: unknown[]) => ServerResponse;
  prototype.writeHead = function (this: ServerResponse, ...rest: unknown[]) {
    admittedOf(this.req)?.end();
    return Reflect.apply(writeHead, this, rest);
  };
}

/**
 * Limits how many requests the gateway works on at the same time; further ones are refused at once with `overloaded`,
 * before Express and for a tenth of the CPU time of a payment. The limit follows what the machine and the database
 * can do: it grows while it is reached and requests take no longer of the gateway than twice their usual time, and
 * shrinks when they do, or when the event loop is late. The usual time is measured while less than half of the limit is in use.
 */
@Injectable()
export class Admission implements OnApplicationShutdown {
  #busy = 0;
  #limit = FIRST_LIMIT;
  #refused = 0;
  /** Of {@link #refused}: those that {@link onRefused} knows, and those that the log has. */
  #reported = 0;
  #logged = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;
  /** Called after refusals with their number; must not throw. */
  onRefused: ((count: number) => void) | undefined;
  readonly #logger = new Logger(Admission.name);
  #usualMs = TOLERATED_MS / 4;
  #windowBeganAt = performance.now();
  #windowCount = 0;
  #windowMs = 0;
  #windowPeak = 0;
  /**
   * How late the event loop was at most, for the work of its own thread: in a process that was stopped, or that others keep
   * from the processor, it says nothing of the number of requests. A late answer of an external counts as its time,
   * not as the gateway's.
   */
  #windowLagMs = 0;
  #tickedAt = performance.now();
  #workedMs = threadCpuMs();
  readonly #apiTurns = new Turns(API_PER_TICK, MAX_WAITING);
  readonly #publicTurns = new Turns(PUBLIC_PER_TICK, MAX_WAITING);
  readonly #largeTurns = new PacedTurns();
  readonly #ticks = setInterval(() => this.#tick(), TICK_MS).unref();

  constructor(private readonly clock: Clock) {}

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get busy(): number {
    return this.#busy;
  }

  get refused(): number {
    return this.#refused;
  }

  /**
   * Refuses requests of `server` before its own listener. Call this before the server listens. `clientOf`: who takes
   * turns with other clients, where many requests begin at once.
   */
  guard(server: Server, clientOf: (request: IncomingMessage) => string): void {
    const [handle] = server.listeners('request') as [RequestListener];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { url = '' } = request;
      if (LIVENESS_PATH.test(url)) return handle(request, response);
      const isOperating = OPERATING_PATH.test(url);
      if (!isOperating && this.#busy >= this.#limit) return this.refuse(request, response);
      const turns = API_PATH.test(url) ? this.#apiTurns : this.#publicTurns;
      turns.begin({
        source: () => clientOf(request),
        begin: () => {
          if (isOperating) handle(request, response);
          else this.#admit(request, response, handle);
        },
        refuse: () => this.refuse(request, response),
        isWanted: () => !request.socket?.destroyed,
      });
    });
  }

  #admit(request: IncomingMessage, response: ServerResponse, handle: RequestListener): void {
    const admitted = new AdmittedRequest(this);
    this.enter();
    (request as { [ADMITTED]?: AdmittedRequest })[ADMITTED] = admitted;
    response.once('close', () => admitted.end());
    handle(request, response);
  }

  /** Verifying a large body takes milliseconds, even for a caller without credentials: it waits for its turn. */
  turnOf(body: Buffer): Promise<void> | undefined {
    if (body.length <= LARGE_BODY_BYTES) return undefined;
    return new Promise((resolve) => this.#largeTurns.begin(resolve));
  }

  onApplicationShutdown(): void {
    clearInterval(this.#ticks);
  }

  enter(): void {
    this.#busy += 1;
    if (this.#busy > this.#windowPeak) this.#windowPeak = this.#busy;
  }

  leave(): void {
    this.#busy -= 1;
  }

  /** `ownMs`: what the request took of the gateway itself. */
  ended(ownMs: number): void {
    this.#windowCount += 1;
    this.#windowMs += ownMs;
  }

  #tick(): void {
    const now = performance.now();
    if (this.#refused > this.#logged) this.#report(now);
    const workedMs = threadCpuMs();
    const lagMs = Math.min(now - this.#tickedAt, workedMs - this.#workedMs) - TICK_MS;
    this.#windowLagMs = Math.max(this.#windowLagMs, lagMs);
    this.#tickedAt = now;
    this.#workedMs = workedMs;
    this.#apiTurns.tick();
    this.#publicTurns.tick();
    const measured = this.#windowCount > 0 || this.#windowLagMs > TOLERATED_MS;
    if (measured && now - this.#windowBeganAt >= WINDOW_MS) this.#adapt(now);
  }

  #report(now: number): void {
    const count = this.#refused - this.#reported;
    if (count > 0) this.onRefused?.(count);
    this.#reported = this.#refused;
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#logger.warn(
      { refused: this.#refused - this.#logged, limit: this.limit, busy: this.#busy },
      'Requests were refused: the gateway has more than it can process',
    );
    this.#logged = this.#refused;
    this.#loggedAt = now;
  }

  #adapt(now: number): void {
    const meanMs = this.#windowCount > 0 ? this.#windowMs / this.#windowCount : this.#usualMs;
    const targetMs = Math.max(TOLERATED_MS, 2 * this.#usualMs);
    const late = this.#windowLagMs > TOLERATED_MS;
    if (this.#windowPeak < this.#limit / 2) {
      // Few requests at once: what made the event loop late (a start, a neighbour) is not their number.
      if (!late) this.#usualMs += (Math.min(meanMs, MAX_USUAL_MS) - this.#usualMs) * USUAL_WEIGHT;
      if (this.#limit < FIRST_LIMIT) this.#limit *= GROWTH;
    } else if (late) {
      this.#shrink(TOLERATED_MS / this.#windowLagMs);
    } else if (meanMs > targetMs) {
      this.#shrink(targetMs / meanMs);
    } else if (this.#windowPeak >= this.#limit) {
      this.#limit = Math.min(MAX_LIMIT, this.#limit * GROWTH);
    }
    this.#windowBeganAt = now;
    this.#windowCount = 0;
    this.#windowMs = 0;
    this.#windowPeak = this.#busy;
    this.#windowLagMs = 0;
  }

  #shrink(factor: number): void {
    this.#limit = Math.max(MIN_LIMIT, this.#limit * Math.max(MOST_SHRINKING, factor));
  }

  /** Answers `overloaded`, not-executed, without Express. */
  refuse(request: IncomingMessage, response: ServerResponse): void {
    this.#refused += 1;
    const { method = '', url = '/' } = request;
    const path = originForm(url).split('?', 1)[0]!;
    const requestId = newIdentifier('req', this.clock.now());
    const { status, headers, body } = problemAnswer(OVERLOADED, { method, path }, requestId);
    response.writeHead(status, headers);
    response.end(body);
  }
}

/** Processor time of the event loop's thread so far. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
