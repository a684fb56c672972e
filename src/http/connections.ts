import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Connection, Peers } from './peers.js';
import { inFlightOn } from './socket-answer.js';

/** Requests of one connection that are not answered yet, the first included. Few clients pipeline at all. */
const MAX_IN_FLIGHT = 4;
/** Pipelined requests of all connections; beyond, each connection may have one. */
const MAX_PIPELINED = 512;
/** Bytes that a caller has not read yet, and those of all callers. */
const MAX_UNREAD_BYTES = 8 * 1_048_576;
const MAX_UNREAD_BYTES_OF_ALL = 32 * 1_048_576;
/** Bytes of requests whose headers are not complete, of all connections. */
const MAX_PENDING_BYTES_OF_ALL = 16 * 1_048_576;
const ANSWER_TIMEOUT_MS = 30_000;
const CHECKING_INTERVAL_MS = 250;
/**
 * Connections of the networks with most of them that take the place of others, in each checking interval: 200 a second.
 * Where a stranger's connections replace each other faster, accepting them is all that the gateway does.
 */
const MAX_REPLACEMENTS = 50;
/** Descriptors for the database and the log, and the sockets that listen (`PublicListener`). */
const RESERVED_DESCRIPTORS = 256;

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** From the first byte of an answer until the caller has taken all of it, to the quarter of a second. Default 30 s. */
  readonly answerTimeoutMs?: number;
  /** Whether connections of this address are those of many clients, and never too many. Default: of none. */
  readonly isProxy?: ((address: string) => boolean) | undefined;
  /** For the metrics: a connection was closed because all places were taken, or its network opened too many. Must not throw. */
  readonly onDrop?: (() => void) | undefined;
  /** Answers a request that exceeds the pipeline; its connection closes then. */
  readonly refuse: RequestListener;
}

const CONNECTION = Symbol('tollgate.connection');
type Carrying = { [CONNECTION]?: Connection };

/**
 * Bounds what the connections of strangers can hold: requests in flight, unread answers, incomplete headers and places.
 * At the limit of connections, one that is idle gives way, of the network that has most: new callers and probes are served.
 * Call this before the server listens, after everything else that wraps its request listener.
 * Returns what can be asked before Node makes a socket of a connection: whether it would be refused at once.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): (address: string) => boolean {
  const { maxConnections, isProxy = () => false } = limits;
  const peers = new Peers(isProxy);
  let pipelined = 0;

  /** Since the last check, of networks that are known and of others: a flood of strangers leaves those of callers. */
  const replacements = { known: 0, unknown: 0 };

  const kindOf = (address: string): 'known' | 'unknown' => (peers.isKnown(address) ? 'known' : 'unknown');

  const mayReplaceNone = (address: string): boolean =>
    peers.connections.size >= maxConnections &&
    replacements[kindOf(address)] >= MAX_REPLACEMENTS &&
    peers.isLarge(address, peers.largest(maxConnections));

  const refuses = (address: string): boolean => {
    if (!peers.isFruitless(address) && !mayReplaceNone(address)) return false;
    limits.onDrop?.();
    return true;
  };

  /** Whether the connection may have a place; where all are taken, another gives way. */
  const findPlace = (address: string): boolean => {
    if (refuses(address)) return false;
    if (peers.connections.size < maxConnections) return true;
    limits.onDrop?.();
    const largest = peers.largest(maxConnections);
    if (peers.isLarge(address, largest)) replacements[kindOf(address)] += 1;
    return peers.closeOne(largest);
  };

  // Refused before Node makes a parser for it: strangers may open thousands a second.
  const begin = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (!findPlace(socket.remoteAddress ?? '')) {
      socket.destroy();
      return;
    }
    (socket as Carrying)[CONNECTION] = peers.add(socket);
    for (const listener of begin) listener.call(server, socket);
  });

  const [handle] = server.listeners('request') as [RequestListener];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    const connection = (socket as Carrying)[CONNECTION];
    if (!connection) return handle(request, response);
    connection.noteRequest();
    if (inFlightOn(socket) === response) return handle(request, response);
    const queue = (connection.pipelined ??= new Set());
    if (queue.size + 1 >= MAX_IN_FLIGHT || pipelined >= MAX_PIPELINED) {
      stopParsing(socket);
      response.setHeader('Connection', 'close');
      return limits.refuse(request, response);
    }
    queue.add(response);
    pipelined += 1;
    response.once('close', () => {
      queue.delete(response);
      pipelined -= 1;
    });
    handle(request, response);
  });

  const { answerTimeoutMs = ANSWER_TIMEOUT_MS } = limits;
  const timer = setInterval(() => {
    replacements.known = replacements.unknown = 0;
    peers.forgive();
    check(peers.connections, answerTimeoutMs);
  }, CHECKING_INTERVAL_MS).unref();
  server.once('close', () => clearInterval(timer));
  return refuses;
}

/** Without this, the bytes of a body that came in several parts would count as those of the next request's headers. */
export function noteBodyEnd(socket: Socket): void {
  const connection = (socket as Carrying)[CONNECTION];
  if (connection) connection.readUntilRequest = socket.bytesRead;
}

/** Credentials were accepted on the connection: its network may open connections as fast as it likes from now on. */
export function noteKnown(socket: Socket): void {
  (socket as Carrying)[CONNECTION]?.noteKnown();
}

/** How many connections fit into the process's limit of descriptors: each may need one more to an external. */
export function connectionsWithin(maxConnections: number, descriptors = descriptorLimit()): number {
  return Math.max(1, Math.min(maxConnections, Math.floor((descriptors - RESERVED_DESCRIPTORS) / 2)));
}

/** Node raises the soft limit to the hard one when it starts. Infinite where the system does not publish it. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * Discards what the connection sends from now on: Node's parser would make an object of each further request of a
 * chunk, 3,600 in 64 KiB. A parser stops at a request that upgrades the connection.
 */
function stopParsing(socket: Socket): void {
  const { parser } = socket as Socket & { parser?: { onIncoming: () => number } | null };
  if (parser) parser.onIncoming = () => UPGRADE;
}

/**
 * Discards what is left of the body, of which one read may hold 10,000 chunks: Node would emit each. The request does not
 * end; its answer must close the connection.
 */
export function stopReadingBody(socket: Socket): void {
  const { parser } = socket as Socket & { parser?: { incoming: IncomingMessage | null } | null };
  if (parser) parser.incoming = null;
}

/** llhttp's `on_headers_complete`: the rest of the bytes is of another protocol. */
const UPGRADE = 2;

function check(all: ReadonlySet<Connection>, answerTimeoutMs: number): void {
  const now = performance.now();
  let unread = 0;
  let pending = 0;
  for (const connection of all) {
    const { socket } = connection;
    const answer = inFlightOn(socket);
    if (!answer) pending += socket.bytesRead - connection.readUntilRequest;
    else {
      connection.readUntilRequest = socket.bytesRead;
      if (isUnreadFor(connection, answer, now, answerTimeoutMs)) socket.destroy();
    }
    const bytes = connection.unreadBytes;
    if (bytes > MAX_UNREAD_BYTES) socket.destroy();
    else unread += bytes;
  }
  if (unread > MAX_UNREAD_BYTES_OF_ALL) closeLargest(all, unread - MAX_UNREAD_BYTES_OF_ALL / 2, unreadOf);
  if (pending > MAX_PENDING_BYTES_OF_ALL)
    closeLargest(all, pending - MAX_PENDING_BYTES_OF_ALL / 2, pendingOf);
}

function isUnreadFor(connection: Connection, answer: ServerResponse, now: number, limitMs: number): boolean {
  if (!answer.headersSent) return false;
  if (connection.begun?.answer !== answer) connection.begun = { answer, at: now };
  return now - connection.begun.at >= limitMs;
}

function closeLargest(all: Iterable<Connection>, excess: number, sizeOf: (one: Connection) => number): void {
  let rest = excess;
  const bySize = [...all].map((connection) => ({ connection, bytes: sizeOf(connection) }));
  for (const { connection, bytes } of bySize.toSorted((a, b) => b.bytes - a.bytes)) {
    if (rest <= 0 || bytes === 0) return;
    connection.socket.destroy();
    rest -= bytes;
  }
}

function unreadOf(connection: Connection): number {
  return connection.unreadBytes;
}

function pendingOf({ socket, readUntilRequest }: Connection): number {
  return inFlightOn(socket) ? 0 : socket.bytesRead - readUntilRequest;
}
