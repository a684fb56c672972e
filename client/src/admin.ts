import type { paths } from './generated/openapi.js';
import type { CsvPage, OperationOptions, Transport } from './transport.js';

/* The admin API by its paths: every operation of docs/openapi.json below `/admin`, typed by it. */

type Method = 'get' | 'post' | 'delete';
type AdminPath = Extract<keyof paths, `/admin/${string}`>;

/** The paths of the admin API that have a method. */
export type AdminPathWith<M extends Method> = {
  [P in AdminPath]: paths[P][M] extends { responses: unknown } ? P : never;
}[AdminPath];

type Operation<P extends AdminPath, M extends Method> = paths[P][M];
type JsonOf<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;

/** The body of the 200 answer. */
export type AdminAnswer<P extends AdminPath, M extends Method> =
  Operation<P, M> extends { responses: { 200: infer Response } } ? JsonOf<Response> : never;

type Path<O> = O extends { parameters: { path: infer Parameters } } ? { path: Parameters } : { path?: never };
type Query<O> = O extends { parameters: { query?: infer Parameters } }
  ? { query?: Partial<NonNullable<Parameters>> | undefined }
  : { query?: never };
type Body<O> = O extends { requestBody: infer Request }
  ? { body: JsonOf<Request> }
  : O extends { requestBody?: infer Request }
    ? { body?: JsonOf<NonNullable<Request>> }
    : { body?: never };

/** What an operation of the admin API takes. */
export type AdminRequest<P extends AdminPath, M extends Method> = OperationOptions &
  Path<Operation<P, M>> &
  Query<Operation<P, M>> &
  Body<Operation<P, M>>;

/** The request may be left out where nothing in it is required. */
type Rest<Request> = object extends Request ? [request?: Request] : [request: Request];

/** The paths of lists: `{ items, nextCursor }`, where `nextCursor` is null on the last page. */
export type AdminListPath = {
  [P in AdminPathWith<'get'>]: AdminAnswer<P, 'get'> extends {
    items: readonly unknown[];
    nextCursor: string | null;
  }
    ? null extends AdminAnswer<P, 'get'>['nextCursor']
      ? P
      : never
    : never;
}[AdminPathWith<'get'>];

export type AdminItem<P extends AdminListPath> =
  AdminAnswer<P, 'get'> extends { items: readonly (infer Item)[] } ? Item : never;

/** The paths of lists that can be requested as CSV. */
export type AdminCsvPath = {
  [P in AdminListPath]: Operation<P, 'get'> extends {
    responses: { 200: { content: { 'text/csv': string } } };
  }
    ? P
    : never;
}[AdminListPath];

interface UntypedRequest extends OperationOptions {
  readonly path?: Readonly<Record<string, string>> | undefined;
  readonly query?: object | undefined;
  readonly body?: unknown;
}

/** A member that every answer of an operation of the admin API has. */
export function memberOf(template: string): string {
  return MEMBERS[template] ?? (template.includes('{') ? 'id' : 'items');
}

const MEMBERS: Readonly<Record<string, string>> = {
  '/admin/me': 'scopes',
  '/admin/erasures': 'rows',
  '/admin/recovery': 'recovering',
  '/admin/recovery/end': 'recovering',
  '/admin/summary': 'attention',
  '/admin/notifications/replay': 'replayed',
  '/admin/payments/{id}/refund': 'result',
  '/admin/payments/{id}/cancel': 'result',
};

/** `/admin/…`, for operators' tools; it needs a key with an admin scope. */
export class Admin {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get<P extends AdminPathWith<'get'>>(
    path: P,
    ...[request]: Rest<AdminRequest<P, 'get'>>
  ): Promise<AdminAnswer<P, 'get'>> {
    return this.#send('GET', path, request);
  }

  post<P extends AdminPathWith<'post'>>(
    path: P,
    ...[request]: Rest<AdminRequest<P, 'post'>>
  ): Promise<AdminAnswer<P, 'post'>> {
    return this.#send('POST', path, request);
  }

  /** Iterates over the items of a list, all pages of it; the next page is requested when it is needed. */
  async *list<P extends AdminListPath>(
    path: P,
    ...[request]: Rest<AdminRequest<P, 'get'>>
  ): AsyncGenerator<AdminItem<P>, void, undefined> {
    const { query, ...options } = (request ?? {}) as UntypedRequest;
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page: { items: readonly AdminItem<P>[]; nextCursor: string | null } = await this.#send(
        'GET',
        path,
        {
          ...options,
          query: { ...query, ...(cursor !== undefined && { cursor }) },
        },
      );
      yield* page.items;
      cursor = page.nextCursor;
    }
  }

  /**
   * Iterates over the pages of a list as CSV (RFC 4180), with the names of the columns before the first row only. Together they
   * are a file.
   */
  async *csv<P extends AdminCsvPath>(
    path: P,
    ...[request]: Rest<AdminRequest<P, 'get'>>
  ): AsyncGenerator<string, void, undefined> {
    const { query, ...options } = (request ?? {}) as UntypedRequest;
    let cursor: string | undefined;
    do {
      const continued = { ...options, query: { ...query, ...(cursor !== undefined && { cursor }) } };
      const page: CsvPage = await this.#send('GET', path, continued, 'csv');
      yield cursor === undefined ? page.csv : page.csv.slice(page.csv.indexOf('\r\n') + 2);
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  #send<Answer>(
    method: 'GET' | 'POST',
    template: string,
    request: UntypedRequest = {},
    type: 'json' | 'csv' = 'json',
  ): Promise<Answer> {
    const { path: parameters = {}, ...rest } = request;
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(parameters[name]!),
    );
    const member = type === 'csv' ? undefined : memberOf(template);
    return this.#transport.send({ ...rest, method, path, member }) as Promise<Answer>;
  }
}
