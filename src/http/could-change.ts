const CHANGING_ROUTE = /^\/v3\/[^/]*\/(?!callback$)/;

/** True for requests that could move money or change a subscription: only their problems have an `outcome` (SPEC §3). */
export function couldChange(method: string, path: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && CHANGING_ROUTE.test(path);
}
