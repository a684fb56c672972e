import { AsyncLocalStorage } from 'node:async_hooks';

/** On whose behalf the code at hand runs: a request, or a turn of a worker. */
export interface RequestScope {
  readonly requestId: string;
  /** W3C trace context; its trace id is the same in every log line. */
  readonly traceparent: string;
  /** Spent waiting for externals so far: the rest of the request's time is the gateway's own. */
  externalMs: number;
}

const storage = new AsyncLocalStorage<RequestScope>();

/** Runs `work`; whatever it awaits or starts finds `scope` by {@link currentScope}. */
export function runInScope<T>(scope: RequestScope, work: () => T): T {
  return storage.run(scope, work);
}

/** The same for work that may have no request: a question of a worker's then has a scope of its own. */
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
