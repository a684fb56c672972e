import { Problem, type ProblemCode } from '../problems/problem.js';
import type { OperationTraits } from '../config/external-operation.js';
import type { NotExecuted, ProviderOutcome, Rejected, Unknown } from '../providers/provider-outcome.js';

const NOT_EXECUTED_CODES: Readonly<Record<NotExecuted['reason'], ProblemCode>> = {
  'no-external': 'external-not-found',
  'not-supported': 'operation-not-supported',
  'connection-failed': 'provider-error',
  'credentials-refused': 'provider-error',
  'circuit-open': 'provider-unavailable',
  'concurrency-limit': 'provider-unavailable',
  throttled: 'provider-unavailable',
  paused: 'provider-unavailable',
  'shutting-down': 'shutting-down',
};

const UNKNOWN_CODES: Readonly<Record<Unknown['reason'], ProblemCode>> = {
  timeout: 'provider-timeout',
  'cut-off': 'provider-error',
  'server-error': 'provider-error',
  'invalid-answer': 'invalid-provider-response',
};

/** The problem for the outcome of a call (SPEC §3). It has an `outcome` only for operations that change state. */
export function outcomeProblem(
  outcome: Exclude<ProviderOutcome<never>, { kind: 'completed' }>,
  operation: OperationTraits,
): Problem {
  switch (outcome.kind) {
    case 'rejected':
      return new Problem(
        rejectedCode(outcome, operation),
        outcome.detail,
        withOutcome(operation, 'not-executed'),
      );
    case 'not-executed':
      return new Problem(NOT_EXECUTED_CODES[outcome.reason], outcome.detail, {
        ...withOutcome(operation, 'not-executed'),
        ...(outcome.retryAfterMs !== undefined && { retryAfterMs: outcome.retryAfterMs }),
      });
    case 'unknown':
      return new Problem(UNKNOWN_CODES[outcome.reason], outcome.detail, {
        ...withOutcome(operation, 'unknown'),
        ...(outcome.members && { members: outcome.members }),
      });
    default:
      return outcome satisfies never;
  }
}

function rejectedCode({ reason }: Rejected, { subject }: OperationTraits): ProblemCode {
  return reason === 'refused' || subject === 'none' ? 'provider-rejected' : `${subject}-not-found`;
}

function withOutcome(
  operation: OperationTraits,
  outcome: 'not-executed' | 'unknown',
): { outcome?: 'not-executed' | 'unknown' } {
  return operation.changesState ? { outcome } : {};
}
