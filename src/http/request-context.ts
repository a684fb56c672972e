import type { Request } from 'express';
import type { Scope } from '../config/config.js';
import type { Outcome, ProblemCode } from '../problems/problem.js';

/** Whose credentials a request carries. */
export interface Principal {
  /** Empty for a caller without credentials, if they are optional. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The externals that the caller may use; undefined: all. */
  readonly externals: ReadonlySet<string> | undefined;
}

/**
 * `public`: the path requires no credentials. `operator`: the path would be public, but `PUBLIC_PATHS` excludes it.
 * `external`: a callback with the credentials of its external.
 */
export type RequestAccess = 'public' | 'operator' | 'caller' | 'external';

/** A callback that its external signed: a replay has the same id and the same content. */
export interface SignedCallback {
  /** A digest of external and `webhook-id`. */
  readonly key: string;
  /** Of the signed content: the body of a POST, the target of a GET. */
  readonly digest: string;
}

/** The state of a request for tracing, authorisation and its log line. */
export interface RequestContext {
  readonly requestId: string;
  /** With the `tracestate`, if there is one (`shared/trace-context.ts`). */
  readonly traceparent: string;
  /** Whether the request had a valid `traceparent`; otherwise a new trace begins. */
  readonly continued: boolean;
  readonly receivedAtMs: number;
  /** How the request was authenticated; undefined until then. */
  access?: RequestAccess;
  principal?: Principal;
  /** Identifies a signed callback, to recognise a replay. */
  signedCallback?: SignedCallback | undefined;
  /** Fields of the log line and the metrics. */
  readonly logFields: {
    external?: string;
    operation?: string;
    paymentId?: string | undefined;
    refundId?: string | undefined;
    subscriptionToken?: string | undefined;
    /** The gateway's id of the record that an operator requests. */
    ref?: string;
    shopTransactionId?: string | undefined;
    /** The trace of the payment, if the request came without one. */
    traceparent?: string | undefined;
    outcome?: Outcome | 'executed' | 'replayed';
    code?: ProblemCode;
    /** Where refused credentials came from. */
    refusedAddress?: string;
    error?: unknown;
  };
}

const CONTEXT = Symbol('tollgate.context');

type Carrying = { [CONTEXT]?: RequestContext };

export function setContext(request: Request, context: RequestContext): void {
  (request as Carrying)[CONTEXT] = context;
}

/** The context of a request. */
export function contextOf(request: Request): RequestContext {
  const context = (request as Carrying)[CONTEXT];
  if (!context) throw new Error('The request has no context: the middleware did not run');
  return context;
}

/**
 * Whether an answer may name every external (SPEC §8): to a key or token that is not limited to some of them, which
 * a caller without credentials does not have.
 */
export function mayKnowExternals(request: Request): boolean {
  const { principal } = contextOf(request);
  return principal !== undefined && principal.name !== '' && principal.externals === undefined;
}
