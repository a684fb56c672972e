import type { Problem } from './contract.js';
import { isProblemCode } from './problem-codes.js';
import { DEFAULT_RETRY_POLICY, type Repeatability, retryDelayMs, type RetryPolicy } from './retry-policy.js';
import { type ClientErrorCode, TollgateError } from './tollgate-error.js';
import { before, sleep, type Sleep, within } from './waiting.js';

type HeaderValues = Readonly<Record<string, string>>;

export interface TollgateOptions {
  /**
   * Where Tollgate is, with the prefix under which a proxy shows it: `https://tollgate.internal`. In a browser also a
   * path (`/payments`), or empty for the page's own origin.
   */
  readonly baseUrl: string;
  /** An API key, sent as `X-Api-Key`. */
  readonly apiKey?: string | undefined;
  /** Headers of every request; a function is called for each attempt, as for an access token that expires. */
  readonly headers?: HeaderValues | (() => HeaderValues | Promise<HeaderValues>) | undefined;
  /** Default: the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Limit of one attempt, from its `headers` to the last byte of the answer. Default 30 s, at most 24 days. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** How waits between attempts and polls are done; for tests. */
  readonly sleep?: Sleep | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** The deadline of the whole call, retries included: `AbortSignal.timeout(60_000)`. */
  readonly signal?: AbortSignal | undefined;
  /** The id of the request in Tollgate's log (`X-Request-Id`). Default: Tollgate makes one for each attempt. */
  readonly requestId?: string | undefined;
}

/** Options of a call that moves money or changes a subscription. */
export interface OperationOptions extends CallOptions {
  /**
   * 1 to 255 characters. Default: a new one for each call. Pass the key of an earlier call to learn its outcome, or one
   * that is stored with the order, so that it outlives a crash of the caller.
   */
  readonly idempotencyKey?: string | undefined;
}

export interface Request extends OperationOptions {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `baseUrl`, with a leading slash; its parameters are encoded. */
  readonly path: string;
  readonly query?: object | undefined;
  readonly body?: unknown;
  /** A member that every answer of the operation has: what lacks it is not one of Tollgate. Undefined: they are CSV. */
  readonly member: string | undefined;
}

/** A page of a list as CSV, each with the names of the columns. */
export interface CsvPage {
  readonly csv: string;
  /** Of the next page; undefined on the last. */
  readonly cursor: string | undefined;
}

const RETRYABLE_WITH_KEY = /^\/v3\/|^\/admin\/payments\/[^/]+\/(?:refund|cancel)$/;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const ABSOLUTE = /^https?:\/\//i;

/** Sends requests to one Tollgate, and repeats those that can be repeated safely. */
export class Transport {
  readonly sleep: Sleep;
  readonly #baseUrl: string;
  readonly #options: TollgateOptions;
  readonly #policy: RetryPolicy;
  readonly #timeoutMs: number;

  constructor(options: TollgateOptions) {
    const { baseUrl, timeoutMs = 30_000 } = options;
    if (!ABSOLUTE.test(baseUrl) && !('location' in globalThis))
      throw new TypeError('`baseUrl` must be an absolute http(s) URL: only a browser resolves relative ones');
    if (!(timeoutMs > 0)) throw new TypeError('`timeoutMs` must be a number above 0');
    if (!isHeaderValue(options.apiKey))
      throw new TypeError('`apiKey` has characters that no header can carry');
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#options = options;
    this.#policy = { ...DEFAULT_RETRY_POLICY, ...withoutUndefined(options.retry) };
    this.#timeoutMs = timeoutMs;
    this.sleep = options.sleep ?? sleep;
  }

  /**
   * Returns the body of a 2xx answer: JSON, or a {@link CsvPage}.
   * @throws TollgateError on everything else. Its `outcome` is about all attempts together.
   */
  async send(request: Request): Promise<unknown> {
    const repeatability = repeatabilityOf(request);
    const sendable: Sendable = {
      ...request,
      repeatability,
      idempotencyKey: repeatability === 'keyed' ? (request.idempotencyKey ?? newKey()) : undefined,
      // Once: what is not JSON is an error of the caller, and attempts do not differ.
      text: request.body === undefined ? undefined : JSON.stringify(request.body),
    };
    let perhapsExecuted = false;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(sendable);
      if (!(answer instanceof TollgateError)) return answer.body;
      perhapsExecuted ||= answer.outcome === 'unknown';
      // What a later attempt says of itself does not say what an earlier one did.
      const failure = perhapsExecuted ? answer.with({ outcome: 'unknown' }) : answer;
      const random = Math.random();
      const delayMs = retryDelayMs(answer, { repeatability, attempt, policy: this.#policy, random });
      if (delayMs === undefined) throw failure;
      try {
        await this.sleep(delayMs, request.signal);
      } catch {
        throw failure.with({ code: 'aborted', detail: `The call was aborted after: ${failure.message}` });
      }
    }
  }

  async #attempt(request: Sendable): Promise<{ body: unknown } | TollgateError> {
    const { method, path, query, text, signal } = request;
    let sent = false;
    if (signal?.aborted) return failed(request, 'aborted', 'The call was aborted.', { sent }, signal.reason);
    const { fetch = globalThis.fetch } = this.#options;
    const limit = within(this.#timeoutMs, signal);
    try {
      const headers = await before(limit.signal, this.#headers(request));
      sent = true;
      const response = await fetch(`${this.#baseUrl}${path}${queryText(query)}`, {
        method,
        headers,
        // A redirected POST would arrive as a GET.
        redirect: 'manual',
        signal: limit.signal,
        ...(text !== undefined && { body: text }),
      });
      // A browser hides the status of a redirect: 0.
      const status = response.status || undefined;
      if (response.type === 'opaqueredirect' || REDIRECTS.has(response.status))
        return failed(request, 'unexpected-answer', 'The request was redirected.', { sent, status });
      const answer = await response.text();
      const body = response.ok ? bodyOf(request, response, answer) : undefined;
      if (body !== undefined) return { body };
      const problem = parsed(answer);
      if (!response.ok && isProblem(response, problem)) return refused(request, response, problem);
      const detail = `The answer (${status}) is not one of Tollgate.`;
      return failed(request, 'unexpected-answer', detail, { sent, status });
    } catch (cause) {
      if (signal?.aborted)
        return failed(request, 'aborted', 'The call was aborted while it ran.', { sent }, signal.reason);
      if (limit.signal.aborted)
        return failed(request, 'timeout', `No complete answer in ${this.#timeoutMs} ms.`, { sent }, cause);
      if (!sent)
        return failed(request, 'connection-failed', 'There are no headers for the request.', { sent }, cause);
      const made = { sent: !isRefusedConnection(cause) };
      return failed(request, 'connection-failed', 'No connection to Tollgate, or it was cut.', made, cause);
    } finally {
      limit.clear();
    }
  }

  async #headers({ requestId, idempotencyKey, text, member }: Sendable): Promise<Headers> {
    const { apiKey, headers: own = {} } = this.#options;
    return new Headers({
      Accept: member === undefined ? 'text/csv' : 'application/json',
      ...(apiKey !== undefined && { 'X-Api-Key': apiKey }),
      ...(requestId !== undefined && { 'X-Request-Id': requestId }),
      ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
      ...(text !== undefined && { 'Content-Type': 'application/json' }),
      ...(typeof own === 'function' ? await own() : own),
    });
  }
}

/** A request as all its attempts send it. */
interface Sendable extends Request {
  readonly repeatability: Repeatability;
  /** The body. */
  readonly text: string | undefined;
}

/** A failure without an answer of Tollgate. */
function failed(
  { repeatability, idempotencyKey }: Sendable,
  code: ClientErrorCode,
  detail: string,
  { sent, status }: { sent: boolean; status?: number | undefined },
  cause?: unknown,
): TollgateError {
  const outcome = sent ? 'unknown' : 'not-executed';
  const fields = { code, detail, status, idempotencyKey, cause };
  return new TollgateError({ ...fields, outcome: repeatability === 'read' ? undefined : outcome });
}

/** A failure that Tollgate reports. */
function refused(
  { repeatability, idempotencyKey }: Sendable,
  { status, headers }: Response,
  problem: Problem,
): TollgateError {
  const { code, detail, requestId } = problem;
  const unsaid = repeatability === 'keyed' && status >= 500 ? 'unknown' : undefined;
  const wait = { retryAfterMs: retryAfterMs(headers.get('retry-after')) };
  const outcome = problem.outcome ?? unsaid;
  return new TollgateError({ code, detail, outcome, problem, status, idempotencyKey, requestId, ...wait });
}

function repeatabilityOf({ method, path, idempotencyKey }: Request): Repeatability {
  if (method === 'GET') return 'read';
  return idempotencyKey !== undefined || RETRYABLE_WITH_KEY.test(path) ? 'keyed' : 'plain';
}

/** 128 random bits; `crypto.randomUUID` is absent from pages without TLS. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

function queryText(query: object = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [
    string,
    string | number | boolean | null | undefined,
  ][])
    if (value !== undefined && value !== null) parameters.append(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

/** Undefined where it is not the body that Tollgate would send. */
function bodyOf({ member }: Request, { headers }: Response, text: string): object | undefined {
  if (member === undefined) {
    if (!/^text\/csv\b/i.test(headers.get('content-type') ?? '')) return undefined;
    // RFC 8288. The rest of the address lacks the prefix that a proxy removed.
    const next = /<[^>?]*\?([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    return { csv: text, cursor: new URLSearchParams(next).get('cursor') ?? undefined } satisfies CsvPage;
  }
  const body = parsed(text);
  return isObject(body) && member in body ? body : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Proxies answer JSON with a `code` too: the media type, a code of the contract and `requestId` are Tollgate's. */
function isProblem({ headers }: Response, body: unknown): body is Problem {
  if (!/^application\/problem\+json\b/i.test(headers.get('content-type') ?? '') || !isObject(body))
    return false;
  const { code, detail, requestId } = body as Partial<Record<string, unknown>>;
  return isProblemCode(code) && typeof detail === 'string' && typeof requestId === 'string';
}

function isHeaderValue(value: string | undefined): boolean {
  try {
    return value === undefined || new Headers({ 'X-Api-Key': value }).has('X-Api-Key');
  } catch {
    return false;
  }
}

function withoutUndefined<T extends object>(values: T | undefined): T | undefined {
  return (
    values && (Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T)
  );
}

/** Tollgate sends whole seconds. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : undefined;
}

/** Node says when no connection was made; browsers do not. */
function isRefusedConnection(error: unknown): boolean {
  const cause = isObject(error) && 'cause' in error ? error.cause : undefined;
  const code = isObject(cause) && 'code' in cause ? cause.code : undefined;
  return (
    code === 'ECONNREFUSED' ||
    code === 'ENOTFOUND' ||
    code === 'EAI_AGAIN' ||
    code === 'UND_ERR_CONNECT_TIMEOUT'
  );
}
