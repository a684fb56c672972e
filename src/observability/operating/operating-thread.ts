import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/*
 * The thread of METRICS_PORT. It imports nothing of the gateway and shares no event loop with it, so that liveness is
 * answered at once however busy the gateway is. Readiness and metrics are the gateway's own answers.
 */

export interface ThreadData {
  readonly host: string;
  readonly port: number;
  /** The gateway's event loop increments it several times a second. */
  readonly heartbeat: Int32Array<SharedArrayBuffer>;
}

export type OperatingPath = '/health/ready' | '/metrics';

export interface OperatingQuestion {
  readonly id: number;
  readonly path: OperatingPath;
}

export interface OperatingAnswer {
  readonly id: number;
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** What the thread says first: where it listens, or why it cannot. */
export type ThreadStart =
  | { readonly kind: 'listening'; readonly address: string; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string };

/** An event loop that has not turned for so long will not recover: a restart helps. */
const STALLED_MS = 30_000;
const CHECKING_INTERVAL_MS = 500;
/** Below the time limit of most probes and scrapes (10 s). */
const ANSWER_LIMIT_MS = 5_000;
/** Probes and scrapes need few. */
const MAX_CONNECTIONS = 256;
const BACKLOG = 256;
const MAX_HEADER_BYTES = 8_192;

const { host, port, heartbeat } = workerData as ThreadData;
const main = parentPort!;

let beat = -1;
let changedAt = performance.now();
setInterval(() => {
  const now = Atomics.load(heartbeat, 0);
  if (now !== beat) changedAt = performance.now();
  beat = now;
}, CHECKING_INTERVAL_MS);

let lastId = 0;
const waiting = new Map<number, (answer: OperatingAnswer | undefined) => void>();
main.on('message', (answer: OperatingAnswer) => waiting.get(answer.id)?.(answer));

/** Simultaneous requests for one path share one question. */
const asked = new Map<OperatingPath, Promise<OperatingAnswer | undefined>>();

function ask(path: OperatingPath): Promise<OperatingAnswer | undefined> {
  let answer = asked.get(path);
  if (!answer) {
    const id = (lastId += 1);
    answer = new Promise((resolve) => {
      const end = (given: OperatingAnswer | undefined): void => {
        clearTimeout(timer);
        waiting.delete(id);
        asked.delete(path);
        resolve(given);
      };
      const timer = setTimeout(() => end(undefined), ANSWER_LIMIT_MS);
      waiting.set(id, end);
      main.postMessage({ id, path } satisfies OperatingQuestion);
    });
    asked.set(path, answer);
  }
  return answer;
}

const server = createServer(
  { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: ANSWER_LIMIT_MS, requestTimeout: ANSWER_LIMIT_MS },
  (request, response) => void serve(request, response),
);
server.maxConnections = MAX_CONNECTIONS;
server.on('error', ({ message }) => main.postMessage({ kind: 'failed', message } satisfies ThreadStart));
server.listen({ host, port, backlog: BACKLOG }, () => {
  const { address, port: bound } = server.address() as AddressInfo;
  main.postMessage({ kind: 'listening', address, port: bound } satisfies ThreadStart);
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path] = (request.url ?? '').split('?', 1);
  // Probes and scrapes neither pipeline nor send a body.
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(response, 405, 'Use GET.');
  if (path === '/health/live') {
    const alive = performance.now() - changedAt < STALLED_MS;
    return json(response, alive ? 200 : 503, { status: alive ? 'ok' : 'error' });
  }
  if (path !== '/health/ready' && path !== '/metrics') {
    return problem(response, 404, 'This listener has /health/live, /health/ready and /metrics.');
  }
  const answer = await ask(path);
  if (!answer) return problem(response, 503, 'The gateway has not answered within 5 s.');
  send(response, answer.status, answer.contentType, answer.body);
}

function problem(response: ServerResponse, status: number, detail: string): void {
  response.setHeader('Connection', 'close');
  json(response, status, { status, detail }, 'application/problem+json; charset=utf-8');
}

function json(
  response: ServerResponse,
  status: number,
  value: object,
  contentType = 'application/json; charset=utf-8',
): void {
  send(response, status, contentType, Buffer.from(JSON.stringify(value)));
}

function send(response: ServerResponse, status: number, contentType: string, body: Uint8Array): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}
