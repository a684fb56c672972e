import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { RequestHandler } from 'express';
import { Problem } from '../problems/problem.js';
import { InFlight } from '../shared/in-flight.js';
import { OPERATING_PATH } from './operating-path.js';
import { answerProblem } from './problem.filter.js';
import { pathOf } from './request-parameters.js';

const RETRY_AFTER_MS = 1_000;

/**
 * Whether the gateway is shutting down (SPEC §8). `draining`: the gateway is not ready, but serves requests until
 * load balancers notice. `closing`: new requests are refused, and requests in flight finish.
 */
@Injectable()
export class ShutdownState {
  readonly #responses = new InFlight<ServerResponse>();
  #phase: 'running' | 'draining' | 'closing' = 'running';

  get begun(): boolean {
    return this.#phase !== 'running';
  }

  /** Requests that are not answered yet. */
  get inFlight(): number {
    return this.#responses.size;
  }

  /** From now on each response closes its connection, so that the caller's next request goes to another replica. */
  drain(): void {
    this.#phase = 'draining';
    for (const response of this.#responses) endConnectionWith(response);
  }

  close(): void {
    this.#phase = 'closing';
  }

  /**
   * Tracks each response until it is sent. While `closing`, refuses requests on open connections without executing
   * them (SPEC §3).
   */
  readonly middleware: RequestHandler = (request, response, next) => {
    if (this.begun) endConnectionWith(response);
    const place = this.#responses.enter(response);
    response.once('close', () => this.#responses.leave(place));
    if (this.#phase !== 'closing' || OPERATING_PATH.test(pathOf(request))) return next();
    const detail = 'This replica is shutting down; nothing was executed.';
    answerProblem(request, response, new Problem('shutting-down', detail, { retryAfterMs: RETRY_AFTER_MS }));
  };
}

function endConnectionWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
