import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Clock } from '../shared/clock.js';
import { setContext } from './request-context.js';
import { requestIdOf, traceOf } from './tracing-headers.js';

/** Runs first and gives every request its ids, so that refused requests can be traced too (SPEC §8). */
export function requestContext(clock: Clock): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const receivedAtMs = clock.now();
    const requestId = requestIdOf(request.headers, receivedAtMs);
    setContext(request, {
      requestId,
      ...traceOf(request.headers),
      receivedAtMs,
      logFields: {},
    });
    response.setHeader('X-Request-Id', requestId);
    next();
  };
}
