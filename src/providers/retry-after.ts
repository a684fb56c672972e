const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const SECONDS = /^\d{1,9}$/;

const SHORTEST_MS = 1_000;
/** However long an external asks for: longer is an outage, and callers should see whether it is over. */
const LONGEST_MS = 3_600_000;

/**
 * A `Retry-After` header (RFC 9110 §10.2.3: seconds, or an HTTP date) as a wait from `nowMs`, from 1 s to 1 h. 1 s where there
 * is none, or none that can be read.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  const text = header?.trim() ?? '';
  if (SECONDS.test(text)) return bounded(Number(text) * 1_000);
  if (HTTP_DATE.test(text)) return bounded(Date.parse(text) - nowMs);
  return SHORTEST_MS;
}

function bounded(waitMs: number): number {
  return Number.isNaN(waitMs) ? SHORTEST_MS : Math.min(Math.max(waitMs, SHORTEST_MS), LONGEST_MS);
}
