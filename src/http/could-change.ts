const CHANGING_ROUTE = /^\/v3\/[^/]*\/(?!callback$)/;

/** True for what could move money or change a subscription, had it been accepted: only there a problem tells an outcome (SPEC §3). */
export function couldChange(method: string, path: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && CHANGING_ROUTE.test(path);
}
