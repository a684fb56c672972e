import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
 * Connections of the addresses with most of them that take the place of others, in each checking interval: 200 a second.
 * Where a stranger's connections replace each other faster, accepting them is all that the gateway does.
 */
const MAX_REPLACEMENTS = 50;
/**
 * Connections of one address that ended before credentials were accepted on one: so many at once, and in each checking
 * interval, 64 a second. Accepting those that come and go faster costs the gateway more than answering all its callers.
 */
const MAX_FRUITLESS = 256;
const FRUITLESS_PER_CHECK = 16;
/** Descriptors for the database and the log, and the sockets that listen (`PublicListener`). */
const RESERVED_DESCRIPTORS = 256;

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** From the first byte of an answer until the caller has taken all of it, to the quarter of a second. Default 30 s. */
  readonly answerTimeoutMs?: number;
  /** For the metrics: a connection was closed because all places were taken. Must not throw. */
  readonly onDrop?: (() => void) | undefined;
  /** Answers a request that exceeds the pipeline; its connection closes then. */
  readonly refuse: RequestListener;
}

/** The connections of one address, in the order of their arrival. */
class Peer {
  readonly connections = new Set<Connection>();
  /** Those without a complete request so far: they give way first. */
  readonly unproven = new Set<Connection>();
  /** Whether credentials were accepted on one of them, which may be those of a proxy. */
  isKnown = false;
}

/** What is known of an open connection. */
class Connection {
  /** Responses behind the one in flight; undefined until the caller pipelines. */
  pipelined: Set<ServerResponse> | undefined;
  /** When the check first saw the answer in flight begun. */
  begun: { readonly answer: ServerResponse; readonly at: number } | undefined;
  /** `socket.bytesRead` when the last request arrived. */
  readUntilRequest = 0;

  constructor(
    readonly socket: Socket,
    readonly peer: Peer,
  ) {}

  leave(): void {
    this.peer.connections.delete(this);
    this.peer.unproven.delete(this);
  }

  get unreadBytes(): number {
    let bytes = this.socket.writableLength;
    if (this.pipelined) for (const { writableLength } of this.pipelined) bytes += writableLength;
    return bytes;
  }

  /** Without a request that the gateway works on: closing it loses nothing that was begun. */
  get isIdle(): boolean {
    const answer = inFlightOn(this.socket);
    return !answer || answer.headersSent || !answer.req.complete;
  }
}

/** Counts, by address, connections that ended before credentials were accepted there; they are forgiven over time. */
class FruitlessConnections {
  readonly #counts = new Map<string, number>();

  add(address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  areTooMany(address: string): boolean {
    return (this.#counts.get(address) ?? 0) >= MAX_FRUITLESS;
  }

  /** Call it in each checking interval. */
  forgive(): void {
    for (const [address, count] of this.#counts) {
      if (count > FRUITLESS_PER_CHECK) this.#counts.set(address, count - FRUITLESS_PER_CHECK);
      else this.#counts.delete(address);
    }
  }
}

const CONNECTION = Symbol('tollgate.connection');
type Carrying = { [CONNECTION]?: Connection };

/**
 * Bounds what the connections of strangers can hold: requests in flight, unread answers, incomplete headers and places.
 * At the limit of connections, one that is idle gives way, of the address that has most: new callers and probes are served.
 * Call this before the server listens, after everything else that wraps its request listener.
 * Returns what can be asked before Node makes a socket of a connection: whether it would be refused at once.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): (address: string) => boolean {
  const all = new Set<Connection>();
  const peers = new Map<string, Peer>();
  let pipelined = 0;

  /** Since the last check, of addresses that are known and of others: a flood of strangers leaves those of callers. */
  const replacements = { known: 0, unknown: 0 };
  const fruitless = new FruitlessConnections();

  /** Whether the address has so many connections that it may replace few more. */
  const isLarge = (address: string, largest: Peer): boolean =>
    2 * (peers.get(address)?.connections.size ?? 0) >= largest.connections.size;

  const kindOf = (address: string): 'known' | 'unknown' =>
    peers.get(address)?.isKnown ? 'known' : 'unknown';

  const mayReplaceNone = (address: string): boolean =>
    all.size >= limits.maxConnections &&
    replacements[kindOf(address)] >= MAX_REPLACEMENTS &&
    isLarge(address, largestOf(peers.values()));

  const refuses = (address: string): boolean => {
    const comesAndGoes = kindOf(address) === 'unknown' && fruitless.areTooMany(address);
    if (!comesAndGoes && !mayReplaceNone(address)) return false;
    limits.onDrop?.();
    return true;
  };

  /** Whether the connection may have a place; where all are taken, one that is idle gives way. */
  const findPlace = (address: string): boolean => {
    if (refuses(address)) return false;
    if (all.size < limits.maxConnections) return true;
    limits.onDrop?.();
    const largest = largestOf(peers.values());
    if (isLarge(address, largest)) replacements[kindOf(address)] += 1;
    const idle = idleOf(largest);
    if (!idle) return false;
    idle.leave();
    all.delete(idle);
    idle.socket.destroy();
    return true;
  };

  // Refused before Node makes a parser for it: strangers may open thousands a second.
  const begin = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    if (!findPlace(remoteAddress)) {
      socket.destroy();
      return;
    }
    let peer = peers.get(remoteAddress);
    if (!peer) peers.set(remoteAddress, (peer = new Peer()));
    const connection = new Connection(socket, peer);
    (socket as Carrying)[CONNECTION] = connection;
    all.add(connection);
    peer.connections.add(connection);
    peer.unproven.add(connection);
    socket.once('close', () => {
      all.delete(connection);
      connection.leave();
      if (!connection.peer.isKnown) fruitless.add(remoteAddress);
      if (connection.peer.connections.size === 0 && peers.get(remoteAddress) === connection.peer)
        peers.delete(remoteAddress);
    });
    for (const listener of begin) listener.call(server, socket);
  });

  const [handle] = server.listeners('request') as [RequestListener];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    const connection = (socket as Carrying)[CONNECTION];
    if (!connection) return handle(request, response);
    connection.readUntilRequest = socket.bytesRead;
    connection.peer.unproven.delete(connection);
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
    fruitless.forgive();
    check(all, answerTimeoutMs);
  }, CHECKING_INTERVAL_MS).unref();
  server.once('close', () => clearInterval(timer));
  return refuses;
}

/** Without this, the bytes of a body that came in several parts would count as those of the next request's headers. */
export function noteBodyEnd(socket: Socket): void {
  const connection = (socket as Carrying)[CONNECTION];
  if (connection) connection.readUntilRequest = socket.bytesRead;
}

/** Credentials were accepted on the connection: its address may open connections as fast as it likes while it has one. */
export function noteKnown(socket: Socket): void {
  const connection = (socket as Carrying)[CONNECTION];
  if (connection) connection.peer.isKnown = true;
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

/** The address that has most connections: a stranger's flood costs the stranger. */
function largestOf(peers: Iterable<Peer>): Peer {
  let largest = new Peer();
  for (const peer of peers) if (peer.connections.size > largest.connections.size) largest = peer;
  return largest;
}

function idleOf({ unproven, connections }: Peer): Connection | undefined {
  const [oldest] = unproven;
  return oldest ?? firstIdle(connections);
}

function firstIdle(connections: Iterable<Connection>): Connection | undefined {
  for (const connection of connections) if (connection.isIdle) return connection;
  return undefined;
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
