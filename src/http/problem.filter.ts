import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { StorageUnavailable } from '../persistence/store.js';
import { allowedMethods } from './allowed-methods.js';
import { couldChange } from './could-change.js';
import { PROBLEM_TYPE, sendText, TextAnswer } from './http-answer.js';
import { Problem, problemDocument } from '../problems/problem.js';
import { contextOf } from './request-context.js';
import { instanceOf, pathOf } from './request-parameters.js';

/** Turns whatever was thrown into a problem document; nothing else ever reaches a caller (SPEC §3). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger(ProblemFilter.name);

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const problem = this.#problemOf(thrown, request);
    const { logFields, requestId } = contextOf(request);
    logFields.code = problem.code;
    if (problem.code === 'internal-error') {
      logFields.error = thrown;
      this.#logger.error({ err: thrown, requestId }, 'A defect: an error that nobody expected');
    }
    answerProblem(request, response, problem);
  }

  #problemOf(thrown: unknown, request: Request): Problem {
    if (thrown instanceof Problem) return thrown;
    if (thrown instanceof StorageUnavailable) {
      return new Problem('storage-unavailable', 'The database cannot be used now.', { cause: thrown });
    }
    if (!(thrown instanceof HttpException)) return unexpected(thrown);
    return thrown.getStatus() === 404 ? this.#noRoute(request) : unexpected(thrown);
  }

  #noRoute(request: Request): Problem {
    const methods = allowedMethods(this.adapterHost.httpAdapter.getInstance(), pathOf(request));
    if (methods.length === 0) return new Problem('not-found', 'There is nothing at this path.');
    return new Problem('method-not-allowed', `This path takes ${methods.join(', ')}.`, {
      headers: { Allow: methods.join(', ') },
    });
  }
}

/** Sends a problem; state-changing routes learn that nothing was executed unless the problem says otherwise. */
export function answerProblem(request: Request, response: Response, problem: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { logFields, requestId } = contextOf(request);
  const instance = instanceOf(request);
  const document = problemDocument(
    withOutcome(problem, request.method, pathOf(request)),
    instance,
    requestId,
  );
  logFields.code = problem.code;
  if (document.outcome) logFields.outcome = document.outcome;
  logFields.paymentId ??= problem.extras.members?.['paymentId'];
  for (const [name, value] of Object.entries(problem.extras.headers ?? {})) response.setHeader(name, value);
  if (problem.extras.retryAfterMs !== undefined) {
    response.setHeader('Retry-After', Math.max(1, Math.ceil(problem.extras.retryAfterMs / 1_000)));
  }
  sendText(response, new TextAnswer(problem.status, JSON.stringify(document), PROBLEM_TYPE));
}

function withOutcome(problem: Problem, method: string, path: string): Problem {
  if (problem.extras.outcome || !couldChange(method, path)) return problem;
  const outcome = problem.code === 'internal-error' ? 'unknown' : 'not-executed';
  return new Problem(problem.code, problem.detail, { ...problem.extras, outcome });
}

/** Express reports a malformed URL as an error with status 400; everything else here is a defect. */
function unexpected(thrown: unknown): Problem {
  const status = (thrown as { status?: unknown } | undefined)?.status;
  if (status === 400)
    return new Problem('validation-failed', 'The path is malformed.', {
      errors: [{ pointer: '/path', detail: 'must be percent-encoded UTF-8' }],
    });
  return new Problem('internal-error', 'Something failed that should not. Please report the requestId.', {
    cause: thrown,
  });
}
