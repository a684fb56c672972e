import type { paths } from './openapi';

/* Stands in for `@tollgate/client` until that is here: the same names and types, without its repeats. */

export type { components } from './openapi';

type Method = 'get' | 'post';
type AdminPath = Extract<keyof paths, `/admin/${string}`>;
type PathWith<M extends Method> = {
  [P in AdminPath]: paths[P][M] extends { responses: unknown } ? P : never;
}[AdminPath];
type JsonOf<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;
type Answer<P extends AdminPath, M extends Method> = paths[P][M] extends {
  responses: { 200: infer Response };
}
  ? JsonOf<Response>
  : never;
type Path<O> = O extends { parameters: { path: infer Parameters } } ? { path: Parameters } : object;
type Query<O> = O extends { parameters: { query?: infer Parameters } }
  ? { query?: Partial<Parameters> }
  : object;
type Body<O> = O extends { requestBody: infer Request }
  ? { body: JsonOf<Request> }
  : O extends { requestBody?: infer Request }
    ? { body?: JsonOf<NonNullable<Request>> }
    : object;

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly idempotencyKey?: string;
}

type Sent<P extends AdminPath, M extends Method> = CallOptions &
  Path<paths[P][M]> &
  Query<paths[P][M]> &
  Body<paths[P][M]>;

/** The paths of lists: `{ items, nextCursor }`. */
export type AdminListPath = {
  [P in PathWith<'get'>]: Answer<P, 'get'> extends { items: readonly unknown[]; nextCursor: string | null }
    ? P
    : never;
}[PathWith<'get'>];
export type AdminItem<P extends AdminListPath> =
  Answer<P, 'get'> extends { items: readonly (infer Item)[] } ? Item : never;

interface Untyped extends CallOptions {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

interface Options {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export class Admin {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  get<P extends PathWith<'get'>>(path: P, request?: Sent<P, 'get'>): Promise<Answer<P, 'get'>> {
    return this.#send('GET', path, request) as Promise<Answer<P, 'get'>>;
  }

  post<P extends PathWith<'post'>>(path: P, request?: Sent<P, 'post'>): Promise<Answer<P, 'post'>> {
    return this.#send('POST', path, request) as Promise<Answer<P, 'post'>>;
  }

  async #send(method: string, template: string, request: Untyped = {}): Promise<unknown> {
    const { baseUrl, headers, timeoutMs } = this.#options;
    const { path: names = {}, query = {}, body, signal, idempotencyKey } = request;
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(names[name] ?? ''),
    );
    const parameters = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) =>
        value === undefined || value === null ? [] : [[name, String(value)]],
      ),
    ).toString();
    const limit = AbortSignal.timeout(timeoutMs);
    let response: Response;
    try {
      response = await fetch(`${baseUrl}${path}${parameters && `?${parameters}`}`, {
        method,
        headers: {
          Accept: 'application/json',
          ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...headers,
        },
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      const outcome = method === 'POST' ? 'unknown' : undefined;
      throw new TollgateError({ code: limit.aborted ? 'timeout' : 'connection-failed', detail: '', outcome });
    }
    const answer = (await response.json().catch(() => undefined)) as Record<string, unknown> | undefined;
    if (response.ok && answer) return answer;
    const retryAfter = Number(response.headers.get('retry-after'));
    throw new TollgateError({
      code: typeof answer?.['code'] === 'string' ? answer['code'] : 'unexpected-answer',
      detail: typeof answer?.['detail'] === 'string' ? answer['detail'] : '',
      outcome: answer?.['outcome'] as string | undefined,
      status: response.status,
      retryAfterMs: retryAfter > 0 ? retryAfter * 1_000 : undefined,
      requestId: response.headers.get('x-request-id') ?? undefined,
    });
  }
}

export class Tollgate {
  readonly admin: Admin;

  constructor(options: Options) {
    this.admin = new Admin(options);
  }
}

interface Failure {
  readonly code: string;
  readonly detail: string;
  readonly outcome?: string | undefined;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
}

export class TollgateError extends Error {
  readonly code: string;
  readonly detail: string;
  readonly outcome: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;

  constructor({ code, detail, outcome, status, retryAfterMs, requestId }: Failure) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
    this.outcome = outcome;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.requestId = requestId;
  }
}
