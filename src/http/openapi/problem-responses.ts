import { PROBLEM_CODES, type ProblemCode } from '../../problems/problem.js';
import { PROBLEM_CATALOGUE, statusOf } from '../problem-catalogue.js';
import { headersOf } from './headers.js';
import { exampleNames } from './problem-examples.js';
import { type OperationNature, PROBLEM_OCCASIONS } from './problem-occasions.js';

/** The input for the error responses of an operation. */
export interface ProblemSource {
  readonly nature: OperationNature;
  /** Problems that the operation declares itself. */
  readonly own: readonly ProblemCode[];
}

/**
 * The error responses of an operation by the statuses that it can answer, each with its possible problems as named
 * examples.
 */
export function problemResponses(source: ProblemSource): Record<string, object> {
  const codes = PROBLEM_CODES.filter((code) => canEndIn(code, source));
  const statuses = [...new Set(codes.map(statusOf))].toSorted((a, b) => a - b);
  const ofStatus = statuses.map((status) => {
    const possible = codes.filter((code) => statusOf(code) === status);
    return [String(status), problemResponse(tableOf(possible, source), possible, source)] as const;
  });
  const ofHttp = PROBLEM_CODES.filter((code) => PROBLEM_OCCASIONS[code].at === 'any');
  const rest = problemResponse(
    `Errors that any HTTP request can cause.\n\n${tableOf(ofHttp, source)}`,
    ofHttp,
    source,
  );
  return { ...Object.fromEntries(ofStatus), default: rest };
}

function canEndIn(code: ProblemCode, { nature, own }: ProblemSource): boolean {
  const { at } = PROBLEM_OCCASIONS[code];
  return own.includes(code) || (typeof at === 'function' && at(nature));
}

/** A Markdown table of the codes; `outcome` only for an operation that has one. */
function tableOf(codes: readonly ProblemCode[], source: ProblemSource): string {
  const withOutcome = changes(source);
  const head = ['`code`', 'when', ...(withOutcome ? ['`outcome`'] : [])];
  const rows = codes.map((code) => [
    `\`${code}\``,
    PROBLEM_CATALOGUE[code].title,
    ...(withOutcome ? [PROBLEM_OCCASIONS[code].outcomes.map((outcome) => `\`${outcome}\``).join(', ')] : []),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A problem document whose `code` is one of `codes`. */
function problemSchema(codes: readonly ProblemCode[], source: ProblemSource): object {
  const base = changes(source) ? 'ProblemWithOutcome' : 'Problem';
  const statuses = [...new Set(codes.map(statusOf))];
  const narrowed = {
    type: 'object',
    required: ['status', 'code', ...(codes.every((code) => code === 'validation-failed') ? ['errors'] : [])],
    properties: {
      status: { type: 'integer', enum: statuses },
      code: { type: 'string', enum: codes },
    },
  };
  return { allOf: [{ $ref: `#/components/schemas/${base}` }, narrowed] };
}

function problemResponse(description: string, codes: readonly ProblemCode[], source: ProblemSource): object {
  const names = codes.flatMap((code) => exampleNames(code, changes(source)));
  return {
    description,
    headers: headersOf({
      status: statusOf(codes[0]!),
      retryAfter: codes.some((code) => PROBLEM_OCCASIONS[code].retryAfter),
      allow: codes.includes('method-not-allowed'),
      replayable: changes(source) && codes.some((code) => PROBLEM_OCCASIONS[code].stored),
    }),
    content: {
      'application/problem+json': {
        schema: problemSchema(codes, source),
        examples: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/examples/${name}` }])),
      },
    },
  };
}

function changes({ nature }: ProblemSource): boolean {
  return nature.calls?.changesState === true;
}
