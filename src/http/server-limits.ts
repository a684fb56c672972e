import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { Problem } from '../problems/problem.js';
import { HttpProblem } from './http-problem.js';
import { MAX_HEADER_BYTES, MAX_PATH_BYTES, MAX_QUERY_BYTES } from './request-limits.middleware.js';
import { statusOf } from './problem-catalogue.js';
import { answerOnSocket } from './socket-answer.js';

export interface LimitsOptions {
  readonly clock: Clock;
  /** From the first byte to the end of the headers. Default 10 s. */
  readonly headersTimeoutMs?: number;
  /** From the first byte to the end of the body. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** For the metrics: bytes were not a valid request. Must not throw. */
  readonly onUnreadable?: (status: number) => void;
}

/** How often Node checks for slow connections. Its default of 30 s would triple the time that they may stay. */
const CHECKING_INTERVAL_MS = 1_000;
/** Longer than most load balancers (60 s): the gateway must not close an idle connection first. */
const KEEP_ALIVE_MS = 65_000;
/** Method and version of the request line. */
const REQUEST_LINE_REST_BYTES = 64;

/**
 * Limits header bytes and time before a request exists. Bytes that are not valid HTTP are answered with
 * a problem document, and their connection is closed (SPEC §3). Call this before the server listens.
 */
export function applyLimits(server: Server, options: LimitsOptions): void {
  const { clock, headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = options;
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Options of `createServer` that Nest does not pass on; the server reads them when it needs them.
  Object.assign(server, {
    connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    maxHeaderSize: MAX_HEADER_BYTES + MAX_PATH_BYTES + MAX_QUERY_BYTES + REQUEST_LINE_REST_BYTES,
    // Node would answer without a body; the request limits refuse the request instead.
    requireHostHeader: false,
  });
  const refuse = (socket: Duplex, problem: Problem, packet?: Buffer): void => {
    options.onUnreadable?.(statusOf(problem.code));
    answerOnSocket(socket, problem, newIdentifier('req', clock.now()), packet);
  };
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return;
    refuse(socket, problemOf(error), error.rawPacket);
  });
  server.on('connect', (_request: IncomingMessage, socket) => {
    socket.on('error', () => {});
    refuse(
      socket,
      new HttpProblem('method-not-allowed', 'The gateway is not a proxy.', { Allow: 'GET, POST, DELETE' }),
    );
  });
  // An unknown expectation may be ignored (RFC 9110 §10.1.1); Node would answer it itself.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

function problemOf({ code, rawPacket }: { code?: string; rawPacket?: Buffer }): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Problem('request-timeout', 'The request was incomplete when the time limit ended.');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return isRequestLine(rawPacket)
      ? new Problem('uri-too-long', 'The request target exceeds 12 KiB.')
      : new Problem('headers-too-large', 'The headers exceed 16 KiB.');
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new Problem('payload-too-large', 'The chunk extensions exceed 16 KiB.');
  }
  return new Problem('validation-failed', 'This is not a valid HTTP/1.1 request.', {
    errors: [{ pointer: '', detail: 'is not a valid HTTP/1.1 request' }],
  });
}

/** A first packet without a line end: the target is too long. */
function isRequestLine(packet: Buffer | undefined): boolean {
  return (
    packet !== undefined && !packet.includes('\n') && /^[A-Z]+ [/h]/.test(packet.toString('latin1', 0, 16))
  );
}
