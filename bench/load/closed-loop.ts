import { HttpConnection, type Answer } from './http-connection.js';
import { latenciesOf, type Latencies } from './latencies.js';
import { EXPECTED, type Operation, requestsOf, type Target } from './requests.js';

/**
 * Node accepts one connection in each turn of its event loop, and with requests to serve a turn takes long: all
 * connections are there before the first request, or the last ones would wait for seconds.
 */
const ACCEPT_MS = 100;
const REFUSALS = ['"code":"overloaded"', 'calls in flight to the external has reached its limit'];

export interface ClosedLoop {
  readonly kind: 'closed-loop';
  readonly target: Target;
  readonly operation: Operation;
  readonly connections: number;
  /** Not counted: a paused server finds its feet. */
  readonly rampMs: number;
  /** Where it is a number of requests, those under way when it is reached are answered and counted too. */
  readonly until: { readonly seconds: number } | { readonly requests: number };
}

export interface LoadResult {
  /** With a right answer. */
  readonly requests: number;
  /** Further requests, which the server refused at once. */
  readonly refused: number;
  readonly seconds: number;
  readonly latencies: Latencies;
}

/**
 * Each connection sends its next request as soon as the last one is answered. Anything but a right answer ends the
 * run.
 */
export function closedLoop(load: ClosedLoop, onBegin: () => void): Promise<LoadResult> {
  const nextRequest = requestsOf(load.operation, load.target);
  const { until } = load;
  const enough = 'requests' in until ? until.requests : Number.POSITIVE_INFINITY;
  return new Promise((resolve, reject) => {
    const durationsMs: number[] = [];
    let phase: 'ramp' | 'measuring' | 'draining' = 'ramp';
    let beganAt = 0;
    let idle = 0;
    const connections = Array.from(
      { length: load.connections },
      () => new HttpConnection(load.target.port, reject),
    );
    // Every request is answered before it ends: a server that is paused with calls under way would find them timed
    // out.
    const end = (): void => {
      const seconds = (performance.now() - beganAt) / 1_000;
      for (const connection of connections) connection.close();
      resolve({ requests: durationsMs.length, refused: 0, seconds, latencies: latenciesOf(durationsMs) });
    };
    const begin = (): void => {
      onBegin();
      phase = 'measuring';
      beganAt = performance.now();
      if ('seconds' in until) {
        setTimeout(() => {
          phase = 'draining';
        }, until.seconds * 1_000);
      }
    };
    const start = (connection: HttpConnection): void => {
      const send = (): void => connection.send(nextRequest(), answered);
      const answered = (answer: Answer): void => {
        if (!isRight(answer, load.operation)) return reject(wrongAnswer(answer));
        if (phase !== 'ramp') durationsMs.push(answer.durationMs);
        if (durationsMs.length >= enough) phase = 'draining';
        if (phase !== 'draining') return send();
        idle += 1;
        if (idle === connections.length) end();
      };
      send();
    };
    setTimeout(() => {
      connections.forEach(start);
      setTimeout(begin, load.rampMs);
    }, ACCEPT_MS);
  });
}

export function isRight({ status, body }: Answer, operation: Operation): boolean {
  return status === 200 && body.includes(EXPECTED[operation]);
}

/** The gateway, or its limit of calls to the external, has more than it can process, and nothing was executed. */
export function isRefusal({ status, body }: Answer): boolean {
  return status === 503 && REFUSALS.some((text) => body.includes(text));
}

export function wrongAnswer({ status, body }: Answer): Error {
  return new Error(`a wrong answer, status ${status}: ${body.slice(0, 500)}`);
}
