/** Of `version-traceid-spanid-flags` (W3C Trace Context §3.2), which was validated before it was stored. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
