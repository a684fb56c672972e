import type { Circuit } from '../outbound/circuit-breaker.js';
import type { OperationName } from './operation.js';
import type { ProviderOutcome } from './provider-outcome.js';

/** How a call or an attempt ended, without its answer. Each value comes from a closed set: fit for metric labels. */
export interface ObservedEnd {
  readonly external: string;
  readonly operation: OperationName;
  readonly outcome: ProviderOutcome<unknown>['kind'];
  /** Undefined for `completed`. */
  readonly reason: string | undefined;
  readonly durationMs: number;
  readonly requestId: string;
}

/** The end of an operation: all its attempts, and those that were refused before the first (`attempts` is 0). */
export interface ObservedCall extends ObservedEnd {
  readonly attempts: number;
}

/** The end of one request to an external. */
export interface ObservedAttempt extends ObservedEnd {
  /** From 1. */
  readonly attempt: number;
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** Undefined where no whole answer came. */
  readonly status: number | undefined;
  /** What `HTTP_LOG_LEVEL` asks for, redacted; made when called, so that nobody else pays for it. */
  transcript(level: 'headers' | 'body'): AttemptTranscript;
}

/** What went over the wire: without credentials, `providerData` and card numbers. */
export interface AttemptTranscript {
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>> | undefined;
  readonly requestBody?: unknown;
  readonly responseBody?: unknown;
}

export interface ObservedReload {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The trace of one call. */
export interface CallTrace {
  /** What the external gets as `traceparent`. */
  readonly traceparent: string | undefined;
  end(outcome: ObservedEnd['outcome'], reason: string | undefined): void;
}

/** Told of what the providers do, for logs and metrics. Its methods must not throw, and must not wait. */
export abstract class ProviderObserver {
  /** A call begins; `parent` is the `traceparent` of whoever asked for it. */
  abstract trace(external: string, operation: OperationName, parent: string | undefined): CallTrace;
  abstract onCall(call: ObservedCall): void;
  abstract onAttempt(attempt: ObservedAttempt): void;
  abstract onCircuit(external: string, circuit: Circuit): void;
  /** Something that an operator should know while calls still go well, such as a token that could not be renewed. */
  abstract onWarning(external: string, message: string): void;
  /** The registry has other externals from now on. */
  abstract onReload(reload: ObservedReload): void;
  /** The externals file was changed, and is not valid: the registry stays as it was (SPEC §6). */
  abstract onReloadRejected(error: Error): void;
}

/** Nobody wants to know; or somebody who wants to know some of it, and overrides that. */
export class SilentProviderObserver extends ProviderObserver {
  trace(_external: string, _operation: OperationName, parent: string | undefined): CallTrace {
    return { traceparent: parent, end: () => {} };
  }
  onCall(_call: ObservedCall): void {}
  onAttempt(_attempt: ObservedAttempt): void {}
  onCircuit(_external: string, _circuit: Circuit): void {}
  onWarning(_external: string, _message: string): void {}
  onReload(_reload: ObservedReload): void {}
  onReloadRejected(_error: Error): void {}
}
