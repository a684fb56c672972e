import type { Outcome, ProblemCode } from '../../problems/problem.js';
import type { OperationTraits } from '../../config/external-operation.js';
import type { RouteAccess } from './tags.js';

/** The properties of an operation that decide which problems it can cause. */
export interface OperationNature {
  readonly access: RouteAccess;
  readonly calls: OperationTraits | undefined;
  readonly hasBody: boolean;
}

export interface ProblemOccasion {
  /**
   * The operations that can cause it: those of a kind; `own`: those that declare it; `any`: every HTTP request,
   * before it is routed.
   */
  readonly at: 'own' | 'any' | ((nature: OperationNature) => boolean);
  /** The possible outcomes of an operation that changes something, the most common first. */
  readonly outcomes: readonly Outcome[];
  readonly retryAfter?: true;
  /** The answer is stored for repeats with the same `Idempotency-Key` (SPEC §4). */
  readonly stored?: true;
}

const NOT_EXECUTED = ['not-executed'] as const;
const UNKNOWN = ['unknown'] as const;
const EITHER = ['unknown', 'not-executed'] as const;

/** Public paths included: `PUBLIC_PATHS` can close them. */
const always = (): boolean => true;
const withCredentials = ({ access }: OperationNature): boolean => access !== 'public';
const withKeys = ({ access }: OperationNature): boolean => access !== 'external';
const onAnExternal = ({ access }: OperationNature): boolean => access === 'caller' || access === 'external';
const calling = ({ calls }: OperationNature): boolean => calls !== undefined;
const changing = ({ calls }: OperationNature): boolean => calls?.changesState === true;
const withBody = ({ hasBody }: OperationNature): boolean => hasBody;
const about =
  (subject: OperationTraits['subject']) =>
  ({ calls }: OperationNature): boolean =>
    calls?.subject === subject;

/** When each problem occurs (SPEC §3). */
export const PROBLEM_OCCASIONS: Readonly<Record<ProblemCode, ProblemOccasion>> = {
  'validation-failed': { at: withCredentials, outcomes: NOT_EXECUTED },
  unauthenticated: { at: always, outcomes: NOT_EXECUTED },
  forbidden: { at: withCredentials, outcomes: NOT_EXECUTED },
  'not-found': { at: 'own', outcomes: NOT_EXECUTED },
  'external-not-found': { at: onAnExternal, outcomes: NOT_EXECUTED },
  'payment-not-found': { at: about('payment'), outcomes: NOT_EXECUTED },
  'refund-not-found': { at: about('refund'), outcomes: NOT_EXECUTED },
  'subscription-not-found': { at: about('subscription'), outcomes: NOT_EXECUTED },
  'method-not-allowed': { at: 'any', outcomes: NOT_EXECUTED },
  'request-timeout': { at: 'any', outcomes: NOT_EXECUTED },
  'idempotency-conflict': { at: changing, outcomes: UNKNOWN, retryAfter: true },
  'duplicate-payment': { at: 'own', outcomes: ['not-executed', 'unknown'] },
  'payment-not-pending': { at: 'own', outcomes: NOT_EXECUTED },
  'repeated-without-key': { at: changing, outcomes: UNKNOWN },
  conflict: { at: 'own', outcomes: NOT_EXECUTED },
  'payload-too-large': { at: withBody, outcomes: NOT_EXECUTED },
  'uri-too-long': { at: 'any', outcomes: NOT_EXECUTED },
  'unsupported-media-type': { at: withBody, outcomes: NOT_EXECUTED },
  'idempotency-key-reused': { at: changing, outcomes: NOT_EXECUTED },
  'refund-exceeds-payment': { at: 'own', outcomes: NOT_EXECUTED },
  'provider-rejected': { at: calling, outcomes: NOT_EXECUTED },
  'rate-limited': { at: withCredentials, outcomes: NOT_EXECUTED, retryAfter: true },
  'headers-too-large': { at: 'any', outcomes: NOT_EXECUTED },
  'internal-error': { at: 'any', outcomes: UNKNOWN },
  'operation-not-supported': { at: calling, outcomes: NOT_EXECUTED },
  'provider-error': { at: calling, outcomes: EITHER, stored: true },
  'invalid-provider-response': { at: calling, outcomes: UNKNOWN, stored: true },
  'provider-unavailable': { at: calling, outcomes: NOT_EXECUTED, retryAfter: true },
  overloaded: { at: withCredentials, outcomes: NOT_EXECUTED, retryAfter: true },
  recovering: { at: changing, outcomes: NOT_EXECUTED, retryAfter: true },
  'shutting-down': { at: withCredentials, outcomes: EITHER, retryAfter: true },
  'authentication-unavailable': { at: withKeys, outcomes: NOT_EXECUTED, retryAfter: true },
  'storage-unavailable': { at: withCredentials, outcomes: EITHER },
  'provider-timeout': { at: calling, outcomes: UNKNOWN, stored: true },
};
