import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { RequestError } from './request-error.js';

/** A received request with its raw body. */
export interface Call {
  readonly method: string;
  /** The request target, query included. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The decoded last segment of a route that ends in `/:`; else empty. */
  readonly parameter: string;
}

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The delay before the answer. */
  readonly delayMs?: number;
}

/** The response: an answer, silence until the client disconnects, or a connection reset. */
export type Wire = Reply | 'silence' | 'reset';

/** May throw a {@link RequestError}, which becomes the answer. */
export type Handler = (call: Call) => Wire;

/** By `METHOD /path`; a path that ends in `/:` matches one more segment. */
export type Routes = Readonly<Record<string, Handler>>;

export interface HttpServerOptions {
  readonly port: number;
  readonly host: string;
  readonly routes: Routes;
  /** Called with each request before its response is sent; `route` is undefined where none matches. */
  readonly observe: (call: Call, wire: Wire, route: string | undefined) => void;
  readonly after: (delayMs: number, work: () => void) => void;
}

const MAX_BODY_BYTES = 1_048_576;
/** Longer than the gateway keeps an idle connection, so that only the gateway closes one. */
const KEEP_ALIVE_MS = 65_000;

/** A reply with a JSON body. */
export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply {
  return {
    status,
    contentType: 'application/json',
    body: JSON.stringify(value),
    ...(headers && { headers }),
  };
}

/** Indented JSON, for lists that people read. */
export function readableJson(value: unknown): Reply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value, null, 2) };
}

/** A reply that is not JSON. */
export function plainText(status: number, body: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

/** Resolves once the server accepts connections; rejects where it cannot listen (the port is in use). */
export async function listen(options: HttpServerOptions): Promise<Server> {
  const server = createServer((request, response) => {
    readBody(request).then(
      (body) => respond(options, request, response, body),
      () => response.destroy(),
    );
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

function respond(
  options: HttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer | undefined,
): void {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const route = findRoute(options.routes, request.method ?? 'GET', path);
  const call: Call = {
    method: request.method ?? 'GET',
    target,
    path,
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    headers: request.headers,
    body: body ?? Buffer.alloc(0),
    parameter: route.parameter,
  };
  const wire = body === undefined ? tooLarge() : handled(route.handler, call);
  options.observe(call, wire, route.name);
  send(options, response, wire);
}

function tooLarge(): Reply {
  return json(413, { detail: `The body must not exceed ${MAX_BODY_BYTES} bytes.` }, { connection: 'close' });
}

function handled(handler: Handler, call: Call): Wire {
  try {
    return handler(call);
  } catch (error) {
    if (error instanceof RequestError) return json(error.status, { detail: error.detail });
    return json(500, { detail: `Internal error of the simulator: ${String(error)}` });
  }
}

function send(options: HttpServerOptions, response: ServerResponse, wire: Wire): void {
  if (wire === 'silence') return;
  if (wire === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (wire.delayMs !== undefined && wire.delayMs > 0) {
    const { delayMs, ...now } = wire;
    options.after(delayMs, () => send(options, response, now));
    return;
  }
  const body = Buffer.from(wire.body);
  const headers = { 'content-type': wire.contentType, 'x-content-type-options': 'nosniff', ...wire.headers };
  if (wire.status === 204) response.writeHead(204, wire.headers).end();
  else response.writeHead(wire.status, { ...headers, 'content-length': body.length }).end(body);
}

interface FoundRoute {
  readonly name: string | undefined;
  readonly handler: Handler;
  readonly parameter: string;
}

/** 405 with `Allow` for a wrong method; 404 without JSON for an unknown path, which means "not supported" (SPEC §2). */
function findRoute(routes: Routes, method: string, path: string): FoundRoute {
  const exact = `${method} ${path}`;
  if (routes[exact]) return { name: exact, handler: routes[exact], parameter: '' };
  const lastSlash = path.lastIndexOf('/');
  const pattern = `${path.slice(0, lastSlash)}/:`;
  const parameter = decoded(path.slice(lastSlash + 1));
  const name = `${method} ${pattern}`;
  if (parameter && routes[name]) return { name, handler: routes[name], parameter };
  const allow = Object.keys(routes)
    .filter((route) => route.endsWith(` ${path}`) || (parameter && route.endsWith(` ${pattern}`)))
    .map((route) => route.split(' ', 1)[0])
    .join(', ');
  const reply = allow
    ? json(405, { detail: `${path} supports ${allow}.` }, { allow })
    : plainText(404, 'Not found. See / for the available paths.\n');
  return { name: undefined, handler: () => reply, parameter: '' };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Undefined where the body exceeds 1 MiB; it is read to its end, so that the client receives the answer. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.once('end', () => resolve(bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks)));
    request.once('error', reject);
  });
}
