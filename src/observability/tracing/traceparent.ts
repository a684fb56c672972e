/** `version-traceid-spanid-flags` (W3C Trace Context §3.2); whoever stores one has checked it. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
