import { Agent, request } from 'node:http';

/** An answer as received, byte by byte. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface RawRequest {
  readonly method: string;
  /** The request target as sent: `fetch` would remove `..`. */
  readonly target: string;
  /** Names and values alternately, duplicates included. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** Sends a request without corrections. Keeps connections open until it is closed. */
export class RawClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });

  constructor(private readonly url: string) {}

  send({ method, target, headers = [], body }: RawRequest): Promise<RawAnswer> {
    const { hostname, port, host } = new URL(this.url);
    return new Promise((resolve, reject) => {
      const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))];
      const sent = request(
        {
          hostname,
          port,
          method,
          path: target,
          headers: ['Host', host, ...length, ...headers],
          agent: this.#agent,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
