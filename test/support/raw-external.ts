import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import type { IssuedCertificate } from './certificates.js';

/** A request as received. Header names are lower case. */
export interface RawRequest {
  readonly method: string;
  /** The request target, path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The number of its connection, from 1. */
  readonly connection: number;
}

/** The external's reaction to a complete request; it may write anything to the socket. */
export type Script = (socket: Socket, request: RawRequest) => void;

export interface RawExternalOptions {
  readonly script?: Script;
  /** Called for each connection; with `takeOver`, no request is read from it. */
  readonly onConnection?: (socket: Socket) => void;
  readonly takeOver?: boolean;
  /** Uses TLS; `ca` requires client certificates of that authority. */
  readonly certificate?: IssuedCertificate & { readonly ca?: string };
}

/** An external on raw sockets: it can send what no HTTP library would. */
export class RawExternal {
  /** Each whole request, in the order of arrival. */
  readonly requests: RawRequest[] = [];
  script: Script;
  /** Connections ever accepted. */
  connections = 0;
  readonly #open = new Set<Socket>();

  private constructor(
    private readonly server: net.Server,
    private readonly options: RawExternalOptions,
  ) {
    this.script = options.script ?? ((socket) => answer(socket, 200, '{}'));
  }

  static async listen(options: RawExternalOptions = {}): Promise<RawExternal> {
    const { certificate } = options;
    const server = certificate
      ? tls.createServer({
          ...certificate,
          requestCert: !!certificate.ca,
          rejectUnauthorized: !!certificate.ca,
        })
      : net.createServer();
    const external = new RawExternal(server, options);
    server.on(certificate ? 'secureConnection' : 'connection', (socket: Socket) => external.#accept(socket));
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return external;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get baseUrl(): string {
    return `${this.options.certificate ? 'https' : 'http'}://127.0.0.1:${this.port}/base`;
  }

  /** Connections open now. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** Stops listening and closes every connection. */
  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  #accept(socket: Socket): void {
    const connection = ++this.connections;
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => {});
    this.options.onConnection?.(socket);
    if (this.options.takeOver) return;
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let read = readRequest(received, connection); read; read = readRequest(received, connection)) {
        received = received.subarray(read.length);
        this.requests.push(read.request);
        this.script(socket, read.request);
      }
    });
  }
}

function readRequest(
  received: Buffer,
  connection: number,
): { readonly request: RawRequest; readonly length: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [requestLine, ...lines] = received.subarray(0, headEnd).toString('latin1').split('\r\n') as [string];
  const headers = Object.fromEntries(
    (lines as string[]).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (received.length < length) return undefined;
  const [method, target] = requestLine.split(' ') as [string, string];
  const body = received.subarray(headEnd + 4, length).toString('utf8');
  return { request: { method, target, headers, body, connection }, length };
}

/** Writes a whole answer; JSON unless `headers` say otherwise. */
export function answer(
  socket: Socket,
  status: number,
  body: string | Buffer = '',
  headers: Readonly<Record<string, string>> = {},
): void {
  const all = {
    ...(body.length > 0 && { 'content-type': 'application/json' }),
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`);
  if (body.length > 0) socket.write(body);
}
