import { Worker } from 'node:worker_threads';
import { HttpConnection, type Answer } from './http-connection.js';
import { isRefusal, isRight, type LoadResult, wrongAnswer } from './closed-loop.js';
import { latenciesOf } from './latencies.js';
import { type Operation, requestsOf, type Target } from './requests.js';

export interface OpenLoop {
  readonly kind: 'open-loop';
  readonly target: Target;
  readonly operation: Operation;
  readonly requestsPerSecond: number;
  readonly rampMs: number;
  readonly seconds: number;
}

/** More than are ever needed at half of saturation; a server that needs them all is not at half. */
const MOST_CONNECTIONS = 1_024;
/** Servers close connections that are idle for long: Node's after 5 s. */
const LONGEST_IDLE_MS = 2_000;

interface Idle {
  readonly connection: HttpConnection;
  readonly since: number;
}

/**
 * Requests come when they come (a Poisson process), however slow the answers are. Durations count from the moment at
 * which a request was due, so that a stall counts against every request that it kept waiting.
 */
export async function openLoop(load: OpenLoop, onBegin: () => void): Promise<LoadResult> {
  const ticker = new Worker(new URL('./ticker.js', import.meta.url));
  try {
    return await new OpenLoopRun(load, onBegin).run(ticker);
  } finally {
    await ticker.terminate();
  }
}

class OpenLoopRun {
  readonly #load: OpenLoop;
  readonly #onBegin: () => void;
  readonly #nextRequest: () => string;
  /** The one that has been idle for the shortest time is the last. */
  readonly #idle: Idle[] = [];
  readonly #connections = new Set<HttpConnection>();
  readonly #durationsMs: number[] = [];
  readonly #run = Promise.withResolvers<LoadResult>();
  #refused = 0;
  #dueAt = 0;
  #beginAt = 0;
  #endAt = 0;
  #begun = false;
  #isOver = false;
  #waiting = 0;

  constructor(load: OpenLoop, onBegin: () => void) {
    this.#load = load;
    this.#onBegin = onBegin;
    this.#nextRequest = requestsOf(load.operation, load.target);
  }

  run(ticker: Worker): Promise<LoadResult> {
    this.#dueAt = performance.now();
    this.#beginAt = this.#dueAt + this.#load.rampMs;
    this.#endAt = this.#beginAt + this.#load.seconds * 1_000;
    ticker.on('message', () => this.#tick());
    return this.#run.promise.finally(() => {
      this.#isOver = true;
      for (const connection of this.#connections) connection.close();
    });
  }

  #tick(): void {
    if (this.#isOver) return;
    const now = performance.now();
    if (!this.#begun && now >= this.#beginAt) {
      this.#begun = true;
      this.#onBegin();
    }
    while (this.#dueAt <= now && this.#dueAt < this.#endAt) {
      this.#send(this.#dueAt);
      // The time between two events of a Poisson process.
      this.#dueAt += (-Math.log(1 - Math.random()) * 1_000) / this.#load.requestsPerSecond;
    }
    if (now >= this.#endAt && this.#waiting === 0) this.#finish();
  }

  #send(dueAt: number): void {
    const connection = this.#takeIdle() ?? this.#connect();
    this.#waiting += 1;
    const answered = (answer: Answer): void => {
      this.#waiting -= 1;
      this.#idle.push({ connection, since: performance.now() });
      const counts = dueAt >= this.#beginAt;
      if (isRight(answer, this.#load.operation)) {
        if (counts) this.#durationsMs.push(answer.durationMs);
      } else if (!isRefusal(answer)) this.#run.reject(wrongAnswer(answer));
      else if (counts) this.#refused += 1;
    };
    connection.send(this.#nextRequest(), answered, dueAt);
  }

  #takeIdle(): HttpConnection | undefined {
    const last = this.#idle.pop();
    if (!last || performance.now() - last.since <= LONGEST_IDLE_MS) return last?.connection;
    // All others have been idle for longer.
    for (const { connection } of [last, ...this.#idle.splice(0)]) {
      connection.close();
      this.#connections.delete(connection);
    }
    return undefined;
  }

  #connect(): HttpConnection {
    if (this.#connections.size >= MOST_CONNECTIONS)
      this.#run.reject(new Error('the server does not keep up with this rate'));
    const connection = new HttpConnection(this.#load.target.port, (error) => this.#run.reject(error));
    this.#connections.add(connection);
    return connection;
  }

  #finish(): void {
    if (this.#durationsMs.length === 0) this.#run.reject(new Error('the server refuses all requests'));
    this.#run.resolve({
      requests: this.#durationsMs.length,
      seconds: this.#load.seconds,
      latencies: latenciesOf(this.#durationsMs),
      refused: this.#refused,
    });
  }
}
