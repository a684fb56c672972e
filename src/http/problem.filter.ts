import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { isDatabaseError, StorageUnavailable } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import { basePathOf } from './base-path.js';
import { PROBLEM_TYPE, sendText, TextAnswer } from './http-answer.js';
import { headersOfProblem, HttpProblem } from './http-problem.js';
import { outcomeOf, problemDocument } from './problem-document.js';
import { contextOf } from './request-context.js';
import { instanceOf, invalid, pathOf } from './request-parameters.js';

/** Answers every exception with a problem document; a caller receives no other errors (SPEC §3). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger(ProblemFilter.name);

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const problem = this.#problemOf(thrown, request);
    // The database refuses a query for an internal error, also where the caller may repeat the request.
    const refusal = thrown instanceof Problem ? thrown.cause : thrown;
    const refused = isDatabaseError(refusal) && !(refusal instanceof StorageUnavailable);
    if (problem.code === 'internal-error' || refused) {
      const { logFields, requestId } = contextOf(request);
      logFields.error = refused ? refusal : thrown;
      this.#logger.error({ err: logFields.error, requestId }, 'Internal error: unexpected exception');
    }
    answerProblem(request, http.getResponse<Response>(), problem);
  }

  #problemOf(thrown: unknown, request: Request): Problem {
    if (thrown instanceof Problem) return thrown;
    if (isDatabaseError(thrown)) {
      return new Problem('storage-unavailable', 'The database is unavailable.', { cause: thrown });
    }
    if (thrown instanceof HttpException && thrown.getStatus() === 404) return this.#noRoute(request);
    // Nest and Express report a path that cannot be decoded as an error with status 400.
    if ((thrown as { status?: unknown } | undefined)?.status === 400) {
      return invalid('/path', 'must be percent-encoded UTF-8');
    }
    return new Problem('internal-error', 'An unexpected error occurred. Please report the requestId.', {
      cause: thrown,
    });
  }

  #noRoute(request: Request): Problem {
    const methods = allowedMethods(this.adapterHost.httpAdapter.getInstance(), pathOf(request)).join(', ');
    if (methods === '') return new Problem('not-found', 'There is no resource at this path.');
    return new HttpProblem('method-not-allowed', `This path supports ${methods}.`, { Allow: methods });
  }
}

/** Sends a problem document. */
export function answerProblem(request: Request, response: Response, problem: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { logFields, requestId } = contextOf(request);
  const outcome = outcomeOf(problem, { method: request.method, path: pathOf(request) });
  const document = problemDocument(problem, instanceOf(request), requestId, outcome, basePathOf(request));
  logFields.code = problem.code;
  if (outcome) logFields.outcome = outcome;
  logFields.paymentId ??= problem.members?.['paymentId'];
  const headers = headersOfProblem(problem);
  sendText(response, new TextAnswer(document.status, JSON.stringify(document), PROBLEM_TYPE, headers));
}

/** The part of Express's router that `allowedMethods` reads. */
interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The methods that `app` supports at `path`, upper case and sorted; empty without a route. */
function allowedMethods(app: { router: { stack: readonly RouterLayer[] } }, path: string): string[] {
  const methods = app.router.stack.flatMap((layer) =>
    layer.route && matches(layer, path) ? Object.keys(layer.route.methods) : [],
  );
  return [...new Set(methods.map((method) => method.toUpperCase()))].toSorted();
}

/** False for a path that cannot be decoded, which Express throws for. */
function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
