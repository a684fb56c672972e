import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { answerProblem } from './problem.filter.js';
import { Problem } from '../problems/problem.js';
import { pathOf } from './request-parameters.js';
import type { ShutdownState } from './shutdown-state.js';

const RETRY_AFTER_MS = 1_000;
/** Orchestrators still need health and metrics. */
const OPERATING = /^\/(?:health|metrics)(?:\/|$)/;

/** While the gateway shuts down, requests on open connections are refused and not executed (SPEC §3, §8). */
export function shutdownGate(state: ShutdownState): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    state.track(response);
    if (!state.refuses || OPERATING.test(pathOf(request))) return next();
    answerProblem(
      request,
      response,
      new Problem('shutting-down', 'This replica is shutting down; nothing was executed.', {
        retryAfterMs: RETRY_AFTER_MS,
      }),
    );
  };
}
