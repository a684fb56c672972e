import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallbackAuthConfig } from '../../../src/config/external-config.js';
import { refusalOf } from '../../../src/security/callback-credentials.js';
import type { Clock } from '../../../src/shared/clock.js';
import { isJsonObject } from '../../../src/shared/json.js';

/** A callback that was received. */
export interface Callback {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: string;
  /** Since the target was opened. */
  readonly atMs: number;
  /** Why the gateway would refuse its credentials; undefined: it would accept them. */
  readonly refusal: string | undefined;
}

/** What a callback is answered. `silence`: nothing, until the other side gives up or `silenceMs` have passed. */
export type CallbackAnswer = 200 | 302 | 503 | 'silence';

/** Decides how callback number `count` (from 1) of a payment is answered. */
export type Answering = (callback: Callback, count: number) => CallbackAnswer | Promise<CallbackAnswer>;

interface Watched {
  readonly received: Callback[];
  answering: Answering | undefined;
  readonly changed: Set<() => void>;
}

export interface CallbackTargetOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly auth: CallbackAuthConfig;
  /** Verifies the time of signatures. */
  readonly clock: Clock;
  readonly silenceMs: number;
}

/** A callback may come before the answer that names its payment: it waits so long for a check that expects it. */
const UNEXPECTED_MS = 1_000;
const MAX_BODY_BYTES = 131_072;
const CALLBACK_PATH = /^\/v3\/[a-z0-9_-]{1,64}\/callback$/;
/** Where a 302 leads. A client that follows it finds a 200 there. */
const ELSEWHERE = '/elsewhere';

/** The gateway's `/v3/{external}/callback`, for any name. */
export class CallbackTarget {
  readonly #openedAt = performance.now();
  readonly #watched = new Map<string, Watched>();
  /** Payments whose callback followed a redirect. */
  readonly #followed = new Set<string>();

  private constructor(
    private readonly server: Server,
    private readonly options: CallbackTargetOptions,
  ) {
    server.on('request', (request, response) => {
      this.#take(request, response).catch(() => response.destroy());
    });
  }

  /** Rejects where the port is in use. */
  static async open(options: CallbackTargetOptions): Promise<CallbackTarget> {
    const server = createServer();
    server.listen(options.port, options.host);
    await once(server, 'listening');
    return new CallbackTarget(server, options);
  }

  /** The address of the gateway that the external has to know. */
  get origin(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://${this.options.host}:${port}`;
  }

  /** From now on the callbacks of this payment are answered so; those before were not acknowledged. */
  answer(paymentId: string, answering: Answering): void {
    const watched = this.#of(paymentId);
    watched.answering = answering;
    for (const notify of watched.changed) notify();
  }

  /** The callbacks of a payment, once there are `count`, or `withinMs` have passed. */
  async received(
    paymentId: string,
    count: number,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<readonly Callback[]> {
    const watched = this.#of(paymentId);
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
    while (watched.received.length < count && !deadline.aborted) await changeOf(watched, deadline);
    signal.throwIfAborted();
    return [...watched.received];
  }

  /** Whether a callback of this payment followed a redirect. */
  hasFollowed(paymentId: string): boolean {
    return this.#followed.has(paymentId);
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await (this.server.listening ? once(this.server, 'close') : undefined);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const { pathname, searchParams } = new URL(url, this.origin);
    const bytes = await bodyOf(request);
    if (pathname === ELSEWHERE) {
      this.#followed.add(searchParams.get('paymentId') ?? '');
      return answerJson(response, 200, { received: true });
    }
    if (!CALLBACK_PATH.test(pathname)) return answerJson(response, 404, { detail: 'Not a callback.' });
    if (method !== 'GET' && method !== 'POST') return answerJson(response, 405, { detail: 'GET or POST.' });
    const body = bytes.toString();
    const paymentId = this.#paymentIdOf(method, searchParams, body);
    if (paymentId === undefined) return answerJson(response, 400, { detail: '`paymentId` is missing' });

    const refusal = refusalOf(
      this.options.auth,
      Object.assign(request, { originalUrl: url }),
      bytes,
      this.options.clock.wall(),
    );
    const callback = { method, target: url, body, atMs: performance.now() - this.#openedAt, refusal };
    const watched = this.#of(paymentId);
    watched.received.push(callback);
    const count = watched.received.length;
    for (const notify of watched.changed) notify();
    if (!watched.answering) await changeOf(watched, AbortSignal.timeout(UNEXPECTED_MS));
    await this.#answer(response, paymentId, (await watched.answering?.(callback, count)) ?? 200);
  }

  async #answer(response: ServerResponse, paymentId: string, answer: CallbackAnswer): Promise<void> {
    switch (answer) {
      case 200:
        return answerJson(response, 200, { received: true, paymentId });
      case 503:
        return answerJson(response, 503, { code: 'storage-unavailable' });
      case 302:
        response.setHeader(
          'location',
          `${this.origin}${ELSEWHERE}?${new URLSearchParams({ paymentId }).toString()}`,
        );
        return answerJson(response, 302, {});
      case 'silence': {
        const gone = new AbortController();
        response.once('close', () => gone.abort());
        await sleep(this.options.silenceMs, undefined, { signal: gone.signal, ref: false }).catch(() => {});
        response.destroy();
        return;
      }
      default:
        answer satisfies never;
    }
  }

  /** As the gateway reads it: with `standard-webhooks`, a POST is read from its signed body alone (SPEC §1). */
  #paymentIdOf(method: string, query: URLSearchParams, body: string): string | undefined {
    const isSigned = method === 'POST' && this.options.auth.type === 'standard-webhooks';
    return (isSigned ? undefined : query.get('paymentId')) ?? inBody(body);
  }

  #of(paymentId: string): Watched {
    let watched = this.#watched.get(paymentId);
    if (!watched) {
      watched = { received: [], answering: undefined, changed: new Set() };
      this.#watched.set(paymentId, watched);
    }
    return watched;
  }
}

function changeOf(watched: Watched, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      watched.changed.delete(end);
      until.removeEventListener('abort', end);
      resolve();
    };
    if (until.aborted) return end();
    watched.changed.add(end);
    until.addEventListener('abort', end, { once: true });
  });
}

function inBody(body: string): string | undefined {
  try {
    const json: unknown = JSON.parse(body);
    const paymentId = isJsonObject(json) ? json['paymentId'] : undefined;
    return typeof paymentId === 'string' ? paymentId : undefined;
  } catch {
    return new URLSearchParams(body).get('paymentId') ?? undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('The callback is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
