import type { FieldError } from '../../rules/field-error.js';
import { type Outcome, PROBLEM_CODES, type ProblemCode } from '../../problems/problem.js';
import { PROBLEM_CATALOGUE, statusOf } from '../problem-catalogue.js';
import type { ProblemDocument } from '../problem-document.js';
import { headersOf, REQUEST_ID_EXAMPLE } from './headers.js';
import { type OperationNature, PROBLEM_OCCASIONS } from './problem-occasions.js';

/** The input for the error responses of an operation. */
export interface ProblemSource {
  readonly nature: OperationNature;
  /** Problems that the operation declares itself. */
  readonly own: readonly ProblemCode[];
  /** For the examples: a path of the operation, and a violation of its contract. */
  readonly instance: string;
  readonly violation: FieldError;
}

/**
 * The statuses of SPEC §3. Every operation on an external declares all of them, so that clients can handle the errors
 * of all operations with the same code.
 */
const CONTRACT_STATUSES: readonly number[] = [
  ...new Set(PROBLEM_CODES.filter((code) => PROBLEM_OCCASIONS[code].at !== 'any').map(statusOf)),
];

/** The error responses of an operation by status, each with its possible problems as named examples. */
export function problemResponses(source: ProblemSource): Record<string, object> {
  const { access } = source.nature;
  const codes = PROBLEM_CODES.filter((code) => canEndIn(code, source));
  const declared = access === 'caller' || access === 'external' ? CONTRACT_STATUSES : [];
  const statuses = [...new Set([...declared, ...codes.map(statusOf)])].toSorted((a, b) => a - b);
  const ofStatus = statuses.map((status) => {
    const possible = codes.filter((code) => statusOf(code) === status);
    return [String(status), problemResponse(describe(possible), possible, source)] as const;
  });
  const ofHttp = PROBLEM_CODES.filter((code) => PROBLEM_OCCASIONS[code].at === 'any');
  const rest = problemResponse(
    `Errors that any HTTP request can cause.\n\n${describe(ofHttp)}`,
    ofHttp,
    source,
  );
  return { ...Object.fromEntries(ofStatus), default: rest };
}

function canEndIn(code: ProblemCode, { nature, own }: ProblemSource): boolean {
  const { at } = PROBLEM_OCCASIONS[code];
  return own.includes(code) || (typeof at === 'function' && at(nature));
}

function describe(codes: readonly ProblemCode[]): string {
  if (codes.length === 0) return 'Not caused by this operation; declared as for all operations.';
  return codes.map((code) => `- \`${code}\`: ${PROBLEM_CATALOGUE[code].title}.`).join('\n');
}

function problemResponse(description: string, codes: readonly ProblemCode[], source: ProblemSource): object {
  const examples = Object.fromEntries(codes.flatMap((code) => examplesOf(code, source)));
  return {
    description,
    headers: headersOf({
      status: statusOf(codes[0] ?? 'internal-error'),
      retryAfter: codes.some((code) => PROBLEM_OCCASIONS[code].retryAfter),
      allow: codes.includes('method-not-allowed'),
      replayable: changes(source) && codes.some((code) => PROBLEM_OCCASIONS[code].stored),
    }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        ...(codes.length > 0 && { examples }),
      },
    },
  };
}

function changes({ nature }: ProblemSource): boolean {
  return nature.calls?.changesState === true;
}

function examplesOf(code: ProblemCode, source: ProblemSource): [string, object][] {
  const { outcomes } = PROBLEM_OCCASIONS[code];
  if (!changes(source)) return [[code, { summary: code, value: exampleOf(code, undefined, source) }]];
  return outcomes.map((outcome) => [
    outcomes.length > 1 ? `${code}-${outcome}` : code,
    { summary: `${code}, ${outcome}`, value: exampleOf(code, outcome, source) },
  ]);
}

function exampleOf(
  code: ProblemCode,
  outcome: Outcome | undefined,
  { instance, violation }: ProblemSource,
): ProblemDocument {
  const { status, title } = PROBLEM_CATALOGUE[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail: `${title}.`,
    instance,
    code,
    requestId: REQUEST_ID_EXAMPLE,
    ...(outcome && { outcome }),
    ...(code === 'validation-failed' && { errors: [violation] }),
    ...membersOf(code, outcome, instance),
  };
}

/** The additional members of the problem. */
function membersOf(code: ProblemCode, outcome: Outcome | undefined, instance: string): object {
  if (code === 'duplicate-payment')
    return { paymentId: 'pm_7f3a', paymentStatus: outcome === 'unknown' ? 'PENDING' : 'ACCEPTED' };
  if (code === 'payment-not-pending') return { paymentId: 'pm_7f3a', paymentStatus: 'ACCEPTED' };
  if (code !== 'repeated-without-key') return {};
  if (instance.endsWith('/refund')) return { refundId: 'ref_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10' };
  return /subscription\/(update|expire)/.test(instance) ? {} : { paymentId: 'pm_7f3a' };
}
