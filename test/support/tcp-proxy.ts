import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Which bytes a path drops, by who sends them. */
export type Direction = 'client' | 'server' | 'both';

/** A TCP proxy between a client and a server that a test can break, like a stopped server or a broken network. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #losers = new Set<(direction: Direction) => void>();
  #port = 0;
  #mute = false;
  #hole = false;
  #onRequest: ((bytes: Buffer) => 'forward' | 'cut') | undefined;

  constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => {
      const upstream = connect(target);
      let lost: Direction | undefined;
      const loses = (sender: Direction): boolean => lost === 'both' || lost === sender;
      const lose = (direction: Direction): void => void (lost = direction);
      this.#losers.add(lose);
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#losers.delete(lose);
          if (loses(socket === client ? 'client' : 'server')) return;
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.on('data', (bytes) => {
        if (loses('client') || this.#hole) return;
        upstream.write(bytes);
        if (this.#onRequest?.(bytes) === 'cut') {
          client.destroy();
        }
      });
      upstream.on('data', (bytes) => this.#mute || this.#hole || loses('server') || client.write(bytes));
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Starts, or starts again, on the same port. */
  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Breaks every connection and refuses new ones. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }

  /** Drops the server's answers while connections stay open. */
  mute(mute: boolean): void {
    this.#mute = mute;
  }

  /** Drops everything in both directions, without a reset; connections, new ones too, stay open. */
  blackhole(hole: boolean): void {
    this.#hole = hole;
  }

  /**
   * Drops everything on connections that are open now, or on every `nth` of them, without a reset; later ones work.
   * With a `direction`, only what that side sends.
   */
  blackholeOpen(direction: Direction = 'both', nth = 1): void {
    for (const [index, lose] of [...this.#losers].entries()) if (index % nth === 0) lose(direction);
    this.#losers.clear();
  }

  /** Inspects forwarded data of clients; `cut` breaks that client's connection before the answer. */
  onRequest(handler: ((bytes: Buffer) => 'forward' | 'cut') | undefined): void {
    this.#onRequest = handler;
  }
}
