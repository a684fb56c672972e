import type { Outcome, Problem, ProblemCode } from '../problems/problem.js';
import type { FieldError } from '../rules/field-error.js';
import { maskCardNumbers, maskCardNumbersIn } from '../sensitive/card-number.js';
import { PROBLEM_CATALOGUE } from './problem-catalogue.js';

const TYPES = '/problems/';

/** The text of a stored problem document, as it is shown under `basePath`. */
export function textUnder(basePath: string, text: string): string {
  return basePath === '' ? text : text.replace(`{"type":"${TYPES}`, () => `{"type":"${basePath}${TYPES}`);
}

/** The document of RFC 9457, its members in the order of SPEC §3. */
export type ProblemDocument = {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: ProblemCode;
  requestId: string;
  outcome?: Outcome;
  errors?: readonly FieldError[];
} & Record<string, unknown>;

/**
 * The document of `problem` for the request with path `instance`, without its query, which may hold what must not be
 * echoed. Texts may quote the caller or the external: card numbers are masked.
 */
export function problemDocument(
  problem: Problem,
  instance: string,
  requestId: string,
  outcome: Outcome | undefined = problem.outcome,
  basePath = '',
): ProblemDocument {
  const { code, detail, errors, members } = problem;
  const { status, title } = PROBLEM_CATALOGUE[code];
  return {
    type: basePath + TYPES + code,
    title,
    status,
    detail: maskCardNumbers(detail),
    instance,
    code,
    requestId,
    ...(outcome && { outcome }),
    ...(errors && { errors: maskCardNumbersIn(errors) as readonly FieldError[] }),
    ...members,
  };
}

/** Of callers, but for callbacks; of operators, refunds and cancellations. */
const CHANGING_PATH = /^\/(?:v3\/[^/]*\/(?!callback$)|admin\/payments\/[^/]*\/(?:refund|cancel)$)/;

/**
 * The outcome that the document of `problem` states. Only requests that could move money or change a subscription
 * have one (SPEC §3).
 *
 * @param begun whether the operation may have begun, where the problem itself does not say so
 */
export function outcomeOf(
  { code, outcome }: Problem,
  { method, path }: { readonly method: string; readonly path: string },
  begun = code === 'internal-error',
): Outcome | undefined {
  if (outcome !== undefined || method === 'GET' || method === 'HEAD' || !CHANGING_PATH.test(path))
    return outcome;
  return begun ? 'unknown' : 'not-executed';
}
