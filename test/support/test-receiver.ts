import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A notification as it came over the wire. */
export interface ReceivedNotification {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** `performance.now()` when its headers had come. */
  readonly atMs: number;
}

/** How a notification is answered: a status, or whatever else is done with the response. */
export type ReceiverAnswer =
  number | ((response: ServerResponse, notification: ReceivedNotification) => void);

/** A receiver on a free port: remembers what comes, and answers as it is told. */
export interface TestReceiver {
  readonly url: string;
  readonly received: readonly ReceivedNotification[];
  /** One answer after the other; the last one for all that follow. */
  answers(...answers: readonly ReceiverAnswer[]): void;
  /** Cuts every connection, and comes back on the same port with {@link TestReceiver.start}. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startReceiver(): Promise<TestReceiver> {
  const received: ReceivedNotification[] = [];
  let queue: readonly ReceiverAnswer[] = [200];
  let port = 0;
  const server = createServer((request, response) => {
    const atMs = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers, method, url } = request;
      const body = Buffer.concat(chunks).toString();
      const notification = { headers, method: method!, path: url!, body, atMs };
      received.push(notification);
      const answer = queue[0]!;
      if (queue.length > 1) queue = queue.slice(1);
      if (typeof answer === 'function') answer(response, notification);
      else response.writeHead(answer).end('{"received":true}');
    });
  });
  const start = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    ({ port } = server.address() as AddressInfo);
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}/hook?shop=1`,
    received,
    answers: (...answers) => {
      queue = answers;
    },
    start,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
