import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as it arrived at the external. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The external's reaction to a request; a plain object is sent as JSON with status 200. */
export type StubBehaviour = (
  arrived: Arrived,
  response: ServerResponse,
) => object | undefined | Promise<object | undefined>;

/** An external whose behaviour a test decides, over real HTTP. */
export interface StubExternal {
  readonly url: string;
  readonly requests: Arrived[];
  behave(behaviour: StubBehaviour): void;
  close(): Promise<void>;
}

/** With `tls`, over HTTPS. */
export async function startStubExternal(
  behaviour: StubBehaviour = answerOk,
  tls?: ServerOptions,
): Promise<StubExternal> {
  let behave = behaviour;
  const requests: Arrived[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const arrived: Arrived = {
        method: request.method!,
        url: request.url!,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(arrived);
      void Promise.resolve(behave(arrived, response)).then((answer) => {
        if (answer) answerJson(response, 200, answer);
      });
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    behave: (next) => {
      behave = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function answerJson(response: ServerResponse, status: number, value: object): undefined {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
  return undefined;
}

let count = 0;

/** An external that accepts everything. */
export const answerOk: StubBehaviour = ({ url, method }) => {
  count += 1;
  if (method === 'GET') return { status: 'ACCEPTED' };
  return url.includes('subscription')
    ? { result: 'OK', paymentId: `pm-${count}`, subscriptionToken: `sub-${count}` }
    : { result: 'OK', paymentId: `pm-${count}`, link: 'https://pay.example/l' };
};
