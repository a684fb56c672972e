import type { Problem } from '../problems/problem.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { PROBLEM_TYPE } from './http-answer.js';
import { headersOfProblem } from './http-problem.js';
import { outcomeOf, problemDocument } from './problem-document.js';

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty in answer to a HEAD. */
  readonly body: string;
}

/**
 * The whole answer to a request that Express does not see. `path`: without the query.
 *
 * @param begun whether the operation may have begun; see {@link outcomeOf}
 */
export function problemAnswer(
  problem: Problem,
  { method, path }: { readonly method: string; readonly path: string },
  requestId: string,
  begun?: boolean,
): ProblemAnswer {
  const outcome = outcomeOf(problem, { method, path }, begun);
  const document = problemDocument(problem, maskCardNumbers(path), requestId, outcome);
  const body = JSON.stringify(document);
  return {
    status: document.status,
    headers: {
      'Content-Type': PROBLEM_TYPE,
      'Content-Length': String(Buffer.byteLength(body)),
      ...headersOfProblem(problem),
      'X-Request-Id': requestId,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    },
    body: method === 'HEAD' ? '' : body,
  };
}
