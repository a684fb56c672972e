import { AsyncLocalStorage } from 'node:async_hooks';
import type { AdmittedRequest } from '../http/admission.js';

/** The request, or the job of a worker, for which code runs. */
export interface RequestScope {
  readonly requestId: string;
  /** W3C trace context; its trace id is the same in every log line. */
  readonly traceparent: string;
  /** Time spent waiting for externals so far: the rest of the request's time is the gateway's own. */
  externalMs: number;
  /** The request's admission, which does not count it while it waits for an external. */
  readonly admitted?: AdmittedRequest | undefined;
}

const storage = new AsyncLocalStorage<RequestScope>();

/** Runs `work`; {@link currentScope} returns `scope` in everything that it awaits or starts. */
export function runInScope<T>(scope: RequestScope, work: () => T): T {
  return storage.run(scope, work);
}

/** The same for work that may have no request: a worker's query then has its own scope. */
export function inScopeOf<T>(
  { requestId, traceparent }: { readonly requestId: string; readonly traceparent?: string | undefined },
  work: () => T,
): T {
  if (traceparent === undefined || currentScope()) return work();
  return runInScope({ requestId, traceparent, externalMs: 0 }, work);
}

export function currentScope(): RequestScope | undefined {
  return storage.getStore();
}
