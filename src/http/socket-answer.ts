import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Problem } from '../problems/problem.js';
import { problemAnswer } from './problem-answer.js';
import { MAX_PATH_BYTES } from './request-limits.middleware.js';

/** How long the socket is read after a refusal, so that the sender receives the answer. */
const LINGER_MS = 1_000;

/** The response in flight on a connection, if any. */
export function inFlightOn(socket: Duplex): (ServerResponse & { readonly req: IncomingMessage }) | undefined {
  return (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage ?? undefined;
}

/**
 * Answers bytes that are not a valid request with a problem document, and closes the connection. If a complete
 * request precedes them, which may be executed, its response is the last one.
 */
export function answerOnSocket(
  socket: Duplex,
  problem: Problem,
  requestId: string,
  packet: Buffer | undefined,
): void {
  const inFlight = inFlightOn(socket);
  if (inFlight?.req.complete) {
    endWith(inFlight, socket);
    return;
  }
  // Part of another response was sent: more bytes would be read as the rest of it.
  if (inFlight?.headersSent) {
    socket.destroy();
    return;
  }
  const requestLine = requestLineOf(inFlight?.req, packet);
  // A DELETE has no body and may be in flight already; any other incomplete request has not begun.
  const begun = inFlight !== undefined && requestLine.method === 'DELETE';
  const { status, headers, body } = problemAnswer(problem, requestLine, requestId, begun);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => (inFlight ? socket.destroy() : linger(socket)));
}

/** Responses after which the connection is closed. */
const ending = new WeakSet<ServerResponse>();

function endWith(response: ServerResponse, socket: Duplex): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
  else if (!ending.has(response)) response.once('finish', () => socket.end());
  ending.add(response);
}

/** A target in origin form. */
const REQUEST_LINE = /^([A-Z]+) (\/[!"$->@-[\]^-~]*)(?:\?[!-~]*)? HTTP\//;

/** Method and path, as far as they can be read from a request that may be incomplete. */
function requestLineOf(
  request: IncomingMessage | undefined,
  packet: Buffer | undefined,
): { readonly method: string; readonly path: string } {
  const line = request
    ? `${request.method} ${request.url} HTTP/`
    : (packet?.toString('latin1', 0, MAX_PATH_BYTES) ?? '');
  const [, method = /^[A-Z]+(?= )/.exec(line)?.[0] ?? '', path = '/'] = REQUEST_LINE.exec(line) ?? [];
  return { method, path };
}

/** Closing at once would reset the connection before the other side has read the answer. */
function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
}
