import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import {
  type AddressInfo,
  BlockList,
  createServer,
  type ListenOptions,
  Server,
  type Socket,
  type SocketAddress,
} from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** The kernel spreads connections over sockets that share a port (`SO_REUSEPORT`). */
const CAN_SHARE_PORT = process.platform === 'linux';
/**
 * libuv accepts one connection of a listening socket in each turn of the event loop: strangers who open connections
 * faster would keep all others in the queue of a single socket for seconds. In an attack a turn takes 10 ms, and a
 * thousand connections that were refused come again within 200 ms: with 32 sockets they were never all accepted.
 */
const SOCKETS = CAN_SHARE_PORT ? 128 : 1;
/**
 * Connections that the kernel keeps for a socket until the event loop accepts them; it may have a lower limit
 * (`somaxconn`). A few thousand callers may connect at once.
 */
const BACKLOG = CAN_SHARE_PORT ? 512 : 4_096;
/** For connections that the operating system has accepted and the event loop has not. */
const ACCEPT_LIMIT_MS = 1_000;
const IDLE_SWEEP_MS = 25;

/** Node asks it before it makes a socket of a connection: refusing one then takes a quarter of the time. */
class EarlyRefusal extends BlockList {
  constructor(private readonly refuses: (address: string) => boolean) {
    super();
  }

  override check(address: SocketAddress | string): boolean {
    return this.refuses(typeof address === 'string' ? address : address.address);
  }
}

/** The port that callers use (`HTTP_PORT`). */
@Injectable()
export class PublicListener implements BeforeApplicationShutdown {
  #server: HttpServer | undefined;
  /** Whether a connection of this address would be refused at once; must not throw. */
  refuses: (address: string) => boolean = () => false;
  /** Their connections are the HTTP server's. */
  readonly #furtherSockets: Server[] = [];

  /**
   * Resolves when the gateway accepts connections.
   * @throws the system call's error, such as `EADDRINUSE`
   */
  async listen(
    app: NestExpressApplication,
    { port, host }: { port: number; host: string },
  ): Promise<AddressInfo> {
    await app.init();
    const server: HttpServer = app.getHttpServer();
    this.#server = server;
    if (!CAN_SHARE_PORT) return listen(server, { port, host });
    // The gateway's own sockets may share the port, and so could a second gateway: it fails here.
    if (port !== 0) {
      const exclusive = new Server();
      await listen(exclusive, { port, host });
      await close(exclusive);
    }
    const address = await listen(server, { port, host, reusePort: true });
    const blockList = new EarlyRefusal(this.refuses);
    for (let count = 1; count < SOCKETS; count += 1) {
      const accepting = createServer({ allowHalfOpen: true, noDelay: true, blockList });
      accepting.on('connection', (socket: Socket) => server.emit('connection', socket));
      this.#furtherSockets.push(accepting);
      await listen(accepting, { port: address.port, host: address.address, reusePort: true });
    }
    return address;
  }

  /**
   * Accepts no new connections; open ones end with their response. Returns false where some were closed without one,
   * after `limitMs`.
   */
  async close(limitMs: number): Promise<boolean> {
    const server = this.#server;
    if (!server) return true;
    await acceptAll(server);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs);
    // A response that was begun before the shutdown keeps its connection open, which is idle once the response is sent.
    const sweep = setInterval(() => {
      void setImmediate().then(() => server.closeIdleConnections());
    }, IDLE_SWEEP_MS);
    const closed = Promise.all([server, ...this.#furtherSockets].map(close)).then(() => true);
    const ended = await Promise.race([closed, once(limit.signal, 'abort').then(() => false)]);
    clearInterval(sweep);
    clearTimeout(timer);
    if (!ended) server.closeAllConnections();
    return ended;
  }

  /** Nest closes the HTTP server. */
  beforeApplicationShutdown(): void {
    for (const socket of this.#furtherSockets) socket.close();
  }
}

async function listen(server: Server, options: ListenOptions): Promise<AddressInfo> {
  server.listen({ backlog: BACKLOG, ...options });
  // Rejects with the error, if there is one.
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

/** The `close` of an HTTP server would reset connections without a request, whose first request may wait to be read. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => void Server.prototype.close.call(server, () => resolve()));
}

/**
 * Accepts the connections that wait, which closing would reset. The event loop accepts one of each socket per turn, so
 * that none waits after a turn without a new one. Bounded, because new ones may arrive faster.
 */
async function acceptAll(server: HttpServer): Promise<void> {
  let accepted = 0;
  const count = (): void => void (accepted += 1);
  server.on('connection', count);
  const until = performance.now() + ACCEPT_LIMIT_MS;
  for (let before = -1; before !== accepted && performance.now() < until;) {
    before = accepted;
    await setImmediate();
  }
  server.off('connection', count);
}
