import express, {
  Router,
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';

/** A request with its raw body, undefined where it has none. */
export type SimulatorRequest = Request<
  Record<string, string>,
  unknown,
  Buffer | undefined,
  Record<string, string | undefined>
>;

/** May throw a `RequestError`, which becomes the answer. */
export type Handler = (request: SimulatorRequest, response: Response) => void;

type Method = 'get' | 'post' | 'delete';

/** Handlers by Express path and method. */
export type Routes = Readonly<Record<string, Partial<Record<Method, Handler>>>>;

export interface AppParts {
  /** The operations of the contract. */
  readonly contract: Routes;
  /** The simulator's own routes. */
  readonly pages: Routes;
  /** Called with each request except those to `pages`, before it is handled. */
  readonly record: Handler;
}

const MAX_BODY_BYTES = 1_048_576;

export function createApp({ contract, pages, record }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('json spaces', 2);
  // Null where a request has no query; `URLSearchParams` would read it as a name.
  app.set('query parser', (query: string | null) => Object.fromEntries(new URLSearchParams(query ?? '')));
  app.use((_request, response, next) => {
    response.set('x-content-type-options', 'nosniff');
    next();
  });
  app.use(express.raw({ type: () => true, limit: MAX_BODY_BYTES }));
  app.use((error: unknown, request: SimulatorRequest, response: Response, next: NextFunction) => {
    record(request, response);
    next(error);
  });
  app.use(routerOf(pages));
  app.use((request, response, next) => {
    record(request as SimulatorRequest, response);
    next();
  });
  app.use(routerOf(contract), (_request, response) => answerNotFound(response));
  app.use(answerError);
  return app;
}

/** Whether the client prefers HTML: a browser does, a program without `Accept` receives JSON. */
export function wantsPage(request: SimulatorRequest, response: Response): boolean {
  response.vary('accept');
  return request.accepts(['json', 'html']) === 'html';
}

/** Sends serialised JSON unchanged: a replay is byte-identical. */
export function sendSerialized(response: Response, status: number, json: string): void {
  response.status(status).setHeader('content-type', 'application/json').end(json);
}

/** Calls `send` after the delay, unless the connection closes before. */
export function sendLater(response: Response, delayMs: number, send: () => void): void {
  if (delayMs === 0) return send();
  const timer = setTimeout(send, delayMs);
  response.once('close', () => clearTimeout(timer));
}

/** 405 with `Allow` for a method that a path does not support. */
function routerOf(routes: Routes): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const [path, handlers] of Object.entries(routes)) {
    const route = router.route(path);
    for (const [method, handler] of Object.entries(handlers)) {
      route[method as Method](handler as unknown as RequestHandler);
    }
    const allow = Object.keys(handlers).join(', ').toUpperCase();
    route.all((request, response) => {
      response
        .set('allow', allow)
        .status(405)
        .json({ detail: `${request.path} supports ${allow}.` });
    });
  }
  return router;
}

/** 404 without JSON means that the external does not support the operation (SPEC §2). */
function answerNotFound(response: Response): void {
  response.status(404).type('text').send('Not found. See / for the available paths.\n');
}

function answerError(error: unknown, _request: Request, response: Response, _next: NextFunction): void {
  if (error instanceof URIError) return answerNotFound(response); // a malformed escape in a path parameter
  const { status = 500, message } = error as Error & { status?: number };
  let detail = message;
  if (status === 413) detail = `The body must not exceed ${MAX_BODY_BYTES} bytes.`;
  if (status === 500) detail = `Internal error of the simulator: ${String(error)}`;
  response.status(status).json({ detail });
}
