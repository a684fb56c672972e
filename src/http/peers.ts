import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from './client-address.js';
import { inFlightOn } from './socket-answer.js';

/**
 * Connections of one network that ended before credentials were accepted there: so many at once, and in each checking
 * interval, 64 a second. Accepting those that come and go faster costs the gateway more than answering all its callers.
 */
const MAX_FRUITLESS = 256;
const FRUITLESS_PER_CHECK = 16;
/** Above it, the one whose last credentials are the oldest is forgotten. */
const MAX_KNOWN = 10_000;

/** The connections of one network, in the order of their arrival. */
class Peer {
  readonly connections = new Set<Connection>();
  /** Those without a complete request so far: they give way first. */
  readonly unproven = new Set<Connection>();

  constructor(
    readonly network: string,
    public isKnown: boolean,
  ) {}
}

const NOBODY = new Peer('', true);

/** What is known of an open connection. */
export class Connection {
  /** Responses behind the one in flight; undefined until the caller pipelines. */
  pipelined: Set<ServerResponse> | undefined;
  /** When the check first saw the answer in flight begun. */
  begun: { readonly answer: ServerResponse; readonly at: number } | undefined;
  /** `socket.bytesRead` when the last request arrived. */
  readUntilRequest = 0;
  /** Whether credentials were accepted on it. */
  isKnown = false;

  constructor(
    readonly socket: Socket,
    readonly peer: Peer,
    private readonly peers: Peers,
  ) {}

  noteRequest(): void {
    this.readUntilRequest = this.socket.bytesRead;
    this.peer.unproven.delete(this);
  }

  noteKnown(): void {
    this.isKnown = true;
    this.peers.noteKnown(this.peer.network);
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

/**
 * Open connections by the network that they come from ({@link networkOf}): what its owner opens counts together. A
 * network is known once credentials were accepted there, which may be a proxy's, and stays so: behind it, callers and
 * strangers cannot be told apart before their requests are read.
 */
export class Peers {
  readonly #all = new Set<Connection>();
  readonly #peers = new Map<string, Peer>();
  /** Without open connections too; the one whose last credentials are the oldest first. */
  readonly #known = new Set<string>();
  #connectionsOfStrangers = 0;
  /** Connections of strangers that ended; forgiven over time. */
  readonly #fruitless = new Map<string, number>();

  /** `isProxy`: whether an address is known from the beginning. */
  constructor(
    private readonly isProxy: (address: string) => boolean,
    private readonly maxKnown = MAX_KNOWN,
  ) {}

  /** All open connections. */
  get connections(): ReadonlySet<Connection> {
    return this.#all;
  }

  isKnown(address: string): boolean {
    const network = networkOf(address);
    return this.#peers.get(network)?.isKnown || this.#known.has(network) || this.isProxy(address);
  }

  /** Whether the network's connections come and go faster than {@link FRUITLESS_PER_CHECK}, for nothing. */
  isFruitless(address: string): boolean {
    const count = this.#fruitless.get(networkOf(address)) ?? 0;
    return count >= MAX_FRUITLESS && !this.isKnown(address);
  }

  /** Call it in each checking interval. */
  forgive(): void {
    for (const [network, count] of this.#fruitless) {
      if (count > FRUITLESS_PER_CHECK) this.#fruitless.set(network, count - FRUITLESS_PER_CHECK);
      else this.#fruitless.delete(network);
    }
  }

  /** Until it is closed. */
  add(socket: Socket): Connection {
    const { remoteAddress = '' } = socket;
    const network = networkOf(remoteAddress);
    let peer = this.#peers.get(network);
    if (!peer) this.#peers.set(network, (peer = new Peer(network, this.#known.has(network))));
    if (!peer.isKnown && this.isProxy(remoteAddress)) this.#becomeKnown(peer);
    const connection = new Connection(socket, peer, this);
    this.#all.add(connection);
    peer.connections.add(connection);
    peer.unproven.add(connection);
    if (!peer.isKnown) this.#connectionsOfStrangers += 1;
    socket.once('close', () => {
      this.#remove(connection);
      if (!this.isKnown(remoteAddress)) this.#fruitless.set(network, (this.#fruitless.get(network) ?? 0) + 1);
    });
    return connection;
  }

  noteKnown(network: string): void {
    const peer = this.#peers.get(network);
    if (peer) this.#becomeKnown(peer);
    // Behind all others: the set is in the order of the last credentials.
    this.#known.delete(network);
    this.#known.add(network);
    if (this.#known.size <= this.maxKnown) return;
    const [oldest] = this.#known;
    this.#known.delete(oldest!);
  }

  /**
   * The network whose connections give way: the one that has most, so that a flood costs who sends it. Strangers have
   * half of `maxConnections` at most while others need a place, however many networks they come from.
   */
  largest(maxConnections: number): Peer {
    const amongStrangers = this.#connectionsOfStrangers >= maxConnections / 2;
    let largest = NOBODY;
    for (const peer of this.#peers.values()) {
      if (amongStrangers && peer.isKnown) continue;
      if (peer.connections.size > largest.connections.size) largest = peer;
    }
    return largest;
  }

  /** Whether the network has so many connections that it may replace few more. */
  isLarge(address: string, { connections }: Peer): boolean {
    return 2 * (this.#peers.get(networkOf(address))?.connections.size ?? 0) >= connections.size;
  }

  /** Closes one that nobody misses, if there is one; returns whether there was. */
  closeOne(peer: Peer): boolean {
    const connection = expendableOf(peer);
    if (!connection) return false;
    this.#remove(connection);
    connection.socket.destroy();
    return true;
  }

  #becomeKnown(peer: Peer): void {
    if (peer.isKnown) return;
    peer.isKnown = true;
    this.#connectionsOfStrangers -= peer.connections.size;
  }

  #remove(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    const { peer } = connection;
    peer.connections.delete(connection);
    peer.unproven.delete(connection);
    if (!peer.isKnown) this.#connectionsOfStrangers -= 1;
    if (peer.connections.size === 0) this.#peers.delete(peer.network);
  }
}

/**
 * The oldest connection without a complete request so far, or one that is idle, callers' last; else one whose request
 * has no accepted credentials.
 */
function expendableOf({ unproven, connections }: Peer): Connection | undefined {
  const [oldest] = unproven;
  if (oldest) return oldest;
  let idle: Connection | undefined;
  let unauthenticated: Connection | undefined;
  for (const connection of connections) {
    if (connection.isIdle) {
      if (!connection.isKnown) return connection;
      idle ??= connection;
    } else if (!connection.isKnown) unauthenticated ??= connection;
  }
  return idle ?? unauthenticated;
}
