import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { maskCardNumbers } from '../sensitive/card-number.js';
import type { Clock } from '../shared/clock.js';
import { newIdentifier, randomHex } from '../shared/identifier.js';
import { readTracestate, traceContext } from '../shared/trace-context.js';
import { type RequestContext, setContext } from './request-context.js';

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/** Runs first and gives every request its ids, so that refused requests can be traced too (SPEC §8). */
export function requestContext(clock: Clock): RequestHandler {
  return (request, response, next) => {
    const receivedAtMs = clock.now();
    const requestId = requestIdOf(request.headers, receivedAtMs);
    setContext(request, { requestId, ...traceOf(request.headers), receivedAtMs, logFields: {} });
    response.setHeader('X-Request-Id', requestId);
    next();
  };
}

/** The caller's `X-Request-Id` if it is safe to log, else a new one (SPEC §8). */
function requestIdOf(headers: IncomingHttpHeaders, nowMs: number): string {
  const given = headers['x-request-id'];
  const usable = typeof given === 'string' && REQUEST_ID.test(given) && maskCardNumbers(given) === given;
  return usable ? given : newIdentifier('req', nowMs);
}

/** The caller's trace if its `traceparent` is valid (W3C Trace Context §3.2), else a new one. */
export function traceOf(headers: IncomingHttpHeaders): Pick<RequestContext, 'traceparent' | 'continued'> {
  const { traceparent: given } = headers;
  const traceparent = typeof given === 'string' ? readTraceparent(given) : undefined;
  if (traceparent !== undefined)
    return { traceparent: traceContext(traceparent, tracestateOf(headers)), continued: true };
  return { traceparent: `00-${randomHex(16)}-${randomHex(8)}-01`, continued: false };
}

/** What other tracing systems keep in the trace: stored and passed on, so that it must hold no card number. */
function tracestateOf({ tracestate: given }: IncomingHttpHeaders): string | undefined {
  if (typeof given !== 'string' || maskCardNumbers(given) !== given) return undefined;
  return readTracestate(given);
}

/** A `traceparent` of a later version is reduced to the fields of version 00 (§4.3); undefined if it is not valid. */
function readTraceparent(given: string): string | undefined {
  const [, version, ids, flags, rest] = TRACEPARENT.exec(given) ?? [];
  if (version === undefined) return undefined;
  if (version === '00') return rest === undefined ? given : undefined;
  return `00-${ids}-0${Number.parseInt(flags!, 16) & SAMPLED}`;
}
