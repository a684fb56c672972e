const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const SECONDS = /^\d+$/;

/**
 * Reads a `Retry-After` header (RFC 9110 §10.2.3: seconds, or an HTTP date) as a wait from `nowMs`, from `shortestMs`
 * to `longestMs`; `shortestMs` if the header is missing or invalid.
 */
export function retryAfterMs(
  header: string | undefined,
  nowMs: number,
  {
    shortestMs = 0,
    longestMs = Infinity,
  }: { readonly shortestMs?: number; readonly longestMs?: number } = {},
): number {
  const waitMs = readMs(header?.trim() ?? '', nowMs);
  return Number.isNaN(waitMs) ? shortestMs : Math.min(Math.max(waitMs, shortestMs), longestMs);
}

function readMs(text: string, nowMs: number): number {
  if (SECONDS.test(text)) return Number(text) * 1_000;
  return HTTP_DATE.test(text) ? Date.parse(text) - nowMs : Number.NaN;
}
