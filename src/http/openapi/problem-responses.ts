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

/** The codes of the response `default`, as the name of a component. */
const OF_HTTP = 'any';
const WITH_OUTCOME = '.outcome';

/**
 * References to the error responses of an operation, by the statuses that it can answer. A component is named by the codes
 * that it can have: operations of one kind share it.
 */
export function problemResponses(source: ProblemSource): Record<string, object> {
  const codes = PROBLEM_CODES.filter((code) => canEndIn(code, source));
  const statuses = [...new Set(codes.map(statusOf))].toSorted((a, b) => a - b);
  const reference = (name: string): object => ({
    $ref: `#/components/responses/${name}${changes(source) ? WITH_OUTCOME : ''}`,
  });
  const ofStatus = statuses.map((status) => {
    const possible = codes.filter((code) => statusOf(code) === status);
    return [String(status), reference(possible.join('.'))] as const;
  });
  return { ...Object.fromEntries(ofStatus), default: reference(OF_HTTP) };
}

/** `components.responses`: those that `paths` refer to, each with its possible problems as named examples. */
export function sharedResponses(paths: object): Record<string, object> {
  const references = JSON.stringify(paths).matchAll(/"#\/components\/responses\/([\w.-]+)"/g);
  const names = [...new Set([...references].map(([, name]) => name!))];
  return Object.fromEntries(names.toSorted().map((name) => [name, responseNamed(name)]));
}

function responseNamed(name: string): object {
  const withOutcome = name.endsWith(WITH_OUTCOME);
  const codes = withOutcome ? name.slice(0, -WITH_OUTCOME.length) : name;
  if (codes !== OF_HTTP) {
    const own = codes.split('.') as ProblemCode[];
    return problemResponse(tableOf(own, withOutcome), own, withOutcome);
  }
  const ofHttp = PROBLEM_CODES.filter((code) => PROBLEM_OCCASIONS[code].at === 'any');
  const description = `Errors that any HTTP request can cause.\n\n${tableOf(ofHttp, withOutcome)}`;
  return problemResponse(description, ofHttp, withOutcome);
}

function canEndIn(code: ProblemCode, { nature, own }: ProblemSource): boolean {
  const { at } = PROBLEM_OCCASIONS[code];
  return own.includes(code) || (typeof at === 'function' && at(nature));
}

/** A Markdown table of the codes; `outcome` only for an operation that has one. */
function tableOf(codes: readonly ProblemCode[], withOutcome: boolean): string {
  const head = ['`code`', 'when', ...(withOutcome ? ['`outcome`'] : [])];
  const rows = codes.map((code) => [
    `\`${code}\``,
    PROBLEM_CATALOGUE[code].title,
    ...(withOutcome ? [PROBLEM_OCCASIONS[code].outcomes.map((outcome) => `\`${outcome}\``).join(', ')] : []),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A problem document whose `code` is one of `codes`. */
function problemSchema(codes: readonly ProblemCode[], withOutcome: boolean): object {
  const base = withOutcome ? 'ProblemWithOutcome' : 'Problem';
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

function problemResponse(description: string, codes: readonly ProblemCode[], withOutcome: boolean): object {
  const names = codes.flatMap((code) => exampleNames(code, withOutcome));
  return {
    description,
    headers: headersOf({
      status: statusOf(codes[0]!),
      retryAfter: codes.some((code) => PROBLEM_OCCASIONS[code].retryAfter),
      allow: codes.includes('method-not-allowed'),
      replayable: withOutcome && codes.some((code) => PROBLEM_OCCASIONS[code].stored),
    }),
    content: {
      'application/problem+json': {
        schema: problemSchema(codes, withOutcome),
        examples: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/examples/${name}` }])),
      },
    },
  };
}

function changes({ nature }: ProblemSource): boolean {
  return nature.calls?.changesState === true;
}
