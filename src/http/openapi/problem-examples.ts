import { type Outcome, PROBLEM_CODES, type ProblemCode } from '../../problems/problem.js';
import { PROBLEM_CATALOGUE } from '../problem-catalogue.js';
import type { ProblemDocument } from '../problem-document.js';
import { REQUEST_ID_EXAMPLE } from './headers.js';
import { PROBLEM_OCCASIONS } from './problem-occasions.js';

/** The names of the examples of a problem in `components.examples`; for a change, one for each outcome. */
export function exampleNames(code: ProblemCode, ofChange: boolean): string[] {
  return ofChange ? PROBLEM_OCCASIONS[code].outcomes.map((outcome) => `${code}.${outcome}`) : [code];
}

/**
 * `components.examples`: the problems that `referring` parts of the document refer to. All operations share them, which keeps
 * the document small.
 */
export function problemExamples(referring: object): Record<string, object> {
  const references = JSON.stringify(referring);
  const all = PROBLEM_CODES.flatMap((code) =>
    [undefined, ...PROBLEM_OCCASIONS[code].outcomes].map((outcome) => ({
      name: outcome === undefined ? code : `${code}.${outcome}`,
      summary: outcome === undefined ? code : `${code}, ${outcome}`,
      value: exampleOf(code, outcome),
    })),
  );
  return Object.fromEntries(
    all
      .filter(({ name }) => references.includes(`"#/components/examples/${name}"`))
      .map(({ name, ...example }) => [name, example]),
  );
}

function exampleOf(code: ProblemCode, outcome: Outcome | undefined): ProblemDocument {
  const { status, title } = PROBLEM_CATALOGUE[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail: `${title}.`,
    instance: outcome === undefined ? '/v3/simulator/status' : '/v3/simulator/pay',
    code,
    requestId: REQUEST_ID_EXAMPLE,
    ...(outcome && { outcome }),
    ...membersOf(code, outcome),
  };
}

/** The additional members of the problem. */
function membersOf(code: ProblemCode, outcome: Outcome | undefined): object {
  const paymentId = 'pm_7f3a';
  const members: Partial<Record<ProblemCode, object>> = {
    'validation-failed': {
      errors: [{ pointer: outcome === undefined ? '/query/paymentId' : '/amount', detail: 'is missing' }],
    },
    'duplicate-payment': { paymentId, paymentStatus: outcome === 'unknown' ? 'PENDING' : 'ACCEPTED' },
    'payment-not-pending': { paymentId, paymentStatus: 'ACCEPTED' },
    'repeated-without-key': { paymentId },
  };
  return members[code] ?? {};
}
