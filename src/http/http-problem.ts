import { Problem, type ProblemCode, type ProblemOptions } from '../problems/problem.js';

/** A problem that HTTP itself defines, with headers of its own, such as `Allow` or `WWW-Authenticate`. */
export class HttpProblem extends Problem {
  constructor(
    code: ProblemCode,
    detail: string,
    readonly headers: Readonly<Record<string, string>>,
    options: ProblemOptions = {},
  ) {
    super(code, detail, options);
  }
}

/** The headers of the answer to `problem`; `Retry-After` is in whole seconds, rounded up. */
export function headersOfProblem(problem: Problem): Readonly<Record<string, string>> {
  return {
    ...(problem instanceof HttpProblem && problem.headers),
    ...(problem.retryAfterMs !== undefined && {
      'Retry-After': String(Math.max(1, Math.ceil(problem.retryAfterMs / 1_000))),
    }),
  };
}
