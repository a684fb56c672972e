import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { Problem } from '../problems/problem.js';
import { HttpProblem } from './http-problem.js';
import { MAX_HEADER_BYTES, MAX_PATH_BYTES, MAX_QUERY_BYTES } from './limits.middleware.js';
import { statusOf } from './problem-catalogue.js';
import { answerOnSocket } from './socket-answer.js';

export interface LimitsOptions {
  readonly maxConnections: number;
  readonly clock: Clock;
  /** From the first byte to the end of the headers. Default 10 s. */
  readonly headersTimeoutMs?: number;
  /** From the first byte to the end of the body. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Told, for the metrics, of connections that were closed unheard, and of what was no request. Must not throw. */
  readonly onDrop?: () => void;
  readonly onUnreadable?: (status: number) => void;
}

/** How often connections are looked at that may be too slow. Node's own 30 s would let them stay three times as long. */
const CHECKING_INTERVAL_MS = 1_000;
/** Longer than load balancers keep theirs (60 s with most): whoever closes first must not be this side. */
const KEEP_ALIVE_MS = 65_000;
/** Method and version beside the target. */
const REQUEST_LINE_REST_BYTES = 64;

/**
 * Bounds what anybody may cost before a request exists: connections, header bytes, time. What cannot be read as HTTP is
 * answered with a problem document too, and its connection closed (SPEC §3). To be called before the server listens.
 */
export function applyLimits(server: Server, options: LimitsOptions): void {
  const { maxConnections, clock, headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = options;
  server.maxConnections = maxConnections;
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Options of `createServer`, which Nest does not let through; the server reads them when it needs them.
  Object.assign(server, {
    connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    maxHeaderSize: MAX_HEADER_BYTES + MAX_PATH_BYTES + MAX_QUERY_BYTES + REQUEST_LINE_REST_BYTES,
    // Answered without a body otherwise; the request limits refuse it.
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
  // An expectation that is not known may be overlooked (RFC 9110 §10.1.1); Node would answer it itself.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('drop', () => options.onDrop?.());
}

function problemOf({ code, rawPacket }: { code?: string; rawPacket?: Buffer }): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Problem('request-timeout', 'The request was not complete in time.');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return isRequestLine(rawPacket)
      ? new Problem('uri-too-long', 'The request target has more than 12 KiB.')
      : new Problem('headers-too-large', 'The headers have more than 16 KiB.');
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new Problem('payload-too-large', 'The chunk extensions have more than 16 KiB.');
  }
  return new Problem('validation-failed', 'This is no valid HTTP/1.1 request.', {
    errors: [{ pointer: '', detail: 'is no valid HTTP/1.1 request' }],
  });
}

/** A first packet without a line's end: it is the target that is too long. */
function isRequestLine(packet: Buffer | undefined): boolean {
  return (
    packet !== undefined && !packet.includes('\n') && /^[A-Z]+ [/h]/.test(packet.toString('latin1', 0, 16))
  );
}
