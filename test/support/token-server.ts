import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

/** `number` counts the requests from 1. */
export type TokenAnswer = (response: http.ServerResponse, number: number) => void;

export function jsonAnswer(body: unknown, status = 200): TokenAnswer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A new token for each request: `token-1`, `token-2`, … */
export function tokenAnswer(lifetimeS: number): TokenAnswer {
  return (response, number) =>
    jsonAnswer({ access_token: `token-${number}`, token_type: 'Bearer', expires_in: lifetimeS })(
      response,
      number,
    );
}

/** A token endpoint of an authorisation server on its own port. It checks nothing and records requests. */
export class TokenServer {
  readonly requests: TokenRequest[] = [];
  answer: TokenAnswer = tokenAnswer(3_600);
  readonly #server = http.createServer((request, response) => void this.#serve(request, response));

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get tokenUrl(): string {
    return `${this.origin}/oauth/token`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
    const { method, url, headers } = request;
    this.requests.push({ method, url, headers, form: new URLSearchParams(body) });
    this.answer(response, this.requests.length);
  }
}
