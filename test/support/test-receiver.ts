import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A notification as received. */
export interface ReceivedNotification {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** `performance.now()` when its headers arrived. */
  readonly atMs: number;
}

/** The answer to a notification: a status, or another use of the response. */
export type ReceiverAnswer =
  number | ((response: ServerResponse, notification: ReceivedNotification) => void);

/** A receiver on a free port that records notifications and answers as configured. */
export interface TestReceiver {
  readonly url: string;
  readonly received: readonly ReceivedNotification[];
  /** One answer after the other; the last one for all that follow. */
  answers(...answers: readonly ReceiverAnswer[]): void;
  /** Closes every connection; {@link TestReceiver.start} restarts it on the same port. */
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
