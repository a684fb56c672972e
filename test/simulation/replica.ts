import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Config } from '../../src/config/config.js';
import { createApp } from '../../src/create-app.js';
import type { SqliteStore } from '../../src/persistence/sqlite/sqlite.store.js';
import { Store, type Trx } from '../../src/persistence/store.js';
import { SystemClock } from '../../src/shared/clock.js';
import { epochNow, inWorld, Life, sleep, startWithin, virtualNow, within } from './platform.js';

/** A promise of its own each time: one for all would keep in memory what has waited for it. */
const never = (): Promise<never> => new Promise(() => {});
/** Rolls back the transaction of a replica that has died inside of it. */
class Died extends Error {}

/** What may happen to a replica between any two of its effects. */
export interface Moments {
  /** It may die. Returns true if it is dead now. */
  crash(life: Life, where: string): boolean;
  /** It may stop for longer than its leases. True: what it does next must wait for a timer, which waits until it goes on. */
  stops(life: Life, where: string): boolean;
}

/** The one store as a replica of several sees it. What a dead replica had not committed is rolled back. */
export class ReplicaStore extends Store {
  readonly dialect = 'sqlite';
  readonly exclusive = false;
  readonly traceAttributes = {};
  readonly kysely;

  constructor(
    private readonly shared: SqliteStore,
    private readonly life: Life,
    private readonly moments: Moments,
  ) {
    super();
    this.kysely = shared.kysely;
  }

  notify(): void {}
  listen(): void {}

  protected override commit<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.#run('commit', work);
  }

  protected override query<T>(work: (db: Trx) => Promise<T>): Promise<T> {
    return this.#run('query', work);
  }

  protected override async probe(): Promise<void> {}
  protected override async release(): Promise<void> {}

  async #run<T>(kind: 'commit' | 'query', work: (trx: Trx) => Promise<T>): Promise<T> {
    if (kind === 'commit' && this.moments.stops(this.life, 'before a commit')) await sleep(1);
    if (this.life.dead) return never();
    const here = AsyncLocalStorage.snapshot();
    try {
      const result = await inWorld(() =>
        this.shared['commit'](async (trx) => {
          if (this.life.dead) throw new Died();
          const value = await here(() => work(trx));
          if (kind === 'commit' && this.moments.crash(this.life, 'before a commit')) throw new Died();
          return value;
        }),
      );
      if (kind === 'commit') {
        this.moments.crash(this.life, 'after a commit');
        if (this.moments.stops(this.life, 'after a commit')) await sleep(1);
      }
      return await (this.life.dead ? never() : Promise.resolve(result));
    } catch (error) {
      if (this.life.dead) return never();
      throw error;
    }
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const SILENT = { write() {}, flushSync() {}, close() {} };

/** One process of the gateway: from its HTTP parser to its SQL the program itself. */
export class Replica {
  #life: Life | undefined;
  #server: Server | undefined;
  /** The callers' sides of the connections. */
  readonly #sockets = new Set<Duplex>();
  /** The sides of this process and of those before it. */
  readonly #accepted = new Set<Duplex>();
  /** Requests that this process has accepted and not answered, also those whose callers have gone. */
  readonly #underWay = new Set<IncomingMessage>();
  /** Added to the machine's clock of this replica until it starts again: only PostgreSQL has a clock for all of them. */
  clockStepMs = 0;

  constructor(
    readonly name: string,
    private readonly config: () => Config,
    private readonly store: () => SqliteStore,
    private readonly moments: Moments,
  ) {}

  get life(): Life | undefined {
    return this.#life;
  }

  get alive(): boolean {
    return this.#server !== undefined && this.#life?.dead === false;
  }

  async start(): Promise<void> {
    const life = new Life(this.name);
    this.#life = life;
    this.clockStepMs = 0;
    const clock = new SystemClock({
      wall: () => epochNow() + this.clockStepMs,
      monotonic: virtualNow,
      uptime: virtualNow,
    });
    const store = new ReplicaStore(this.store(), life, this.moments);
    const app = await startWithin(life, async () => {
      const created = await createApp(this.config(), { clock, store, logOutput: SILENT });
      await created.init();
      return created;
    });
    // It died while it started.
    if (!app) return;
    const server: Server = app.getHttpServer();
    server.prependListener('request', (request, response) => this.#watch(request, response));
    this.#server = server;
  }

  /** Whether this process works on a request with that `Idempotency-Key`. */
  isUnderWay(key: string): boolean {
    return [...this.#underWay].some(({ headers }) => headers['idempotency-key'] === key);
  }

  #watch(request: IncomingMessage, response: ServerResponse): void {
    this.#underWay.add(request);
    const end = response.end.bind(response) as (...parts: unknown[]) => ServerResponse;
    response.end = (...parts: unknown[]) => {
      this.#underWay.delete(request);
      return end(...parts);
    };
  }

  /** The process does nothing for this time, and then goes on. */
  stop(durationMs: number): void {
    if (this.#life) this.#life.stoppedUntil = virtualNow() + durationMs;
  }

  /** The process is gone at once: no hook runs, nothing is sent, timers are lost. */
  kill(): void {
    if (this.#life) this.#life.dead = true;
    this.#server = undefined;
    this.#underWay.clear();
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    inWorld(() => queueMicrotask(() => sockets.forEach((socket) => socket.destroy())));
  }

  /** Frees the parsers of dead processes, which Node keeps, and with them the whole world, until the connection is closed. */
  dispose(): void {
    for (const socket of this.#accepted) socket.destroy();
  }

  /** Sends one request on a connection of its own. Undefined: the connection broke, or `limitMs` passed. */
  request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: object | undefined,
    limitMs: number,
  ): Promise<Answer | undefined> {
    const server = this.#server;
    const life = this.#life;
    if (!server || !life || life.dead) return Promise.resolve(undefined);
    const json = body === undefined ? '' : JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      'Host: gateway',
      'Connection: close',
      ...(body === undefined
        ? []
        : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`]),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    const [near, far] = duplexPair();
    this.#sockets.add(near);
    this.#accepted.add(far);
    far.once('close', () => this.#accepted.delete(far));
    return new Promise((resolve) => {
      let text = '';
      const timer = setTimeout(() => {
        end(undefined);
        within(life, () => {
          near.destroy();
          far.destroy();
        });
      }, limitMs);
      const end = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        this.#sockets.delete(near);
        resolve(answer);
      };
      near.on('data', (chunk: Buffer) => (text += chunk.toString()));
      near.on('end', () => {
        end(life.dead ? undefined : parse(text));
        near.end();
      });
      near.on('close', () => end(undefined));
      near.on('error', () => end(undefined));
      Object.assign(far, {
        remoteAddress: '10.0.0.1',
        bytesRead: 0,
        setTimeout() {},
        setNoDelay() {},
        setKeepAlive() {},
      });
      // An event of the replica: one that is stopped accepts it later.
      within(life, () =>
        setImmediate(() => {
          // The caller has gone meanwhile. Node would keep the parser of a connection that is closed already.
          if (far.destroyed) return;
          server.emit('connection', far);
          near.write(`${head.join('\r\n')}\r\n\r\n${json}`);
        }),
      );
    });
  }
}

function parse(text: string): Answer | undefined {
  const split = text.indexOf('\r\n\r\n');
  if (split < 0) return undefined;
  const [first, ...lines] = text.slice(0, split).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2) as [string, string]));
  return { status: Number(first!.split(' ')[1]), headers, body: text.slice(split + 4) };
}
