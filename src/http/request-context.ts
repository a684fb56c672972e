import type { Request } from 'express';
import type { Scope } from '../config/config.js';
import type { Outcome, ProblemCode } from '../problems/problem.js';

/** Whose credentials a request carries. */
export interface Principal {
  /** Empty for a caller without credentials, where they are optional. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The externals it may use; undefined: all. */
  readonly externals: ReadonlySet<string> | undefined;
}

/**
 * `public`: the path needs no credentials. `operator`: it is one of those, and `PUBLIC_PATHS` leaves it out. `external`: a callback
 * that showed its external's own credentials.
 */
export type Access = 'public' | 'operator' | 'caller' | 'external';

/** What is known of a request while it runs, for tracing, authorisation and its one log line. */
export interface RequestContext {
  readonly requestId: string;
  readonly traceparent: string;
  /** Whether the request came with a trace of its own. */
  readonly continued: boolean;
  readonly receivedAtMs: number;
  /** As what the request was let in; undefined: it was not, or not yet. */
  access?: Access;
  principal?: Principal;
  /** Of a signed callback: by what it is known when it comes again. */
  callbackKey?: string | undefined;
  /** For the log line and the metrics; filled in on the way. */
  readonly logFields: {
    external?: string;
    operation?: string;
    paymentId?: string | undefined;
    /** The gateway's own id of what an operator asks for. */
    ref?: string;
    shopTransactionId?: string | undefined;
    /** Of the payment that it turned out to be part of, where it came without a trace. */
    traceparent?: string | undefined;
    outcome?: Outcome | 'executed' | 'replayed';
    code?: ProblemCode;
    error?: unknown;
  };
}

const CONTEXT = Symbol('tollgate.context');

type Carrying = { [CONTEXT]?: RequestContext };

export function setContext(request: Request, context: RequestContext): void {
  (request as Carrying)[CONTEXT] = context;
}

/** The context of a request that came through the pipeline. */
export function contextOf(request: Request): RequestContext {
  const context = (request as Carrying)[CONTEXT];
  if (!context) throw new Error('The request has no context: it did not come through the pipeline');
  return context;
}
