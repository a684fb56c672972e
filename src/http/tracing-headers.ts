import type { IncomingHttpHeaders } from 'node:http';
import { maskCardNumbers } from '../security/card-number.js';
import { newIdentifier, randomHex } from '../shared/identifier.js';

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's `X-Request-Id` where it is one that can be logged safely, else a new one (SPEC §8). */
export function requestIdOf(headers: IncomingHttpHeaders, nowMs: number): string {
  const given = headers['x-request-id'];
  const usable = typeof given === 'string' && REQUEST_ID.test(given) && maskCardNumbers(given) === given;
  return usable ? given : newIdentifier('req', nowMs);
}

/** The caller's `traceparent` where it is valid (W3C Trace Context §3.2), else the begin of a new trace. */
export function traceparentOf(headers: IncomingHttpHeaders): string {
  const given = headers['traceparent'];
  if (typeof given === 'string' && TRACEPARENT.test(given)) return given;
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}
