const TIME = String.raw`\d{2}:\d{2}:\d{2}`;
/** The three formats that a recipient must accept (RFC 9110 §5.6.7); GMT, which `asctime` does not write. */
const HTTP_DATE = new RegExp(
  String.raw`^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} ${TIME} GMT|` +
    String.raw`[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} ${TIME} GMT|` +
    String.raw`(?<asctime>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d ${TIME} \d{4}))$`,
);
/** Whole seconds; some servers write a fraction, a sign or a unit. */
const SECONDS = /^\+?(\d+(?:\.\d+)?)\s*(?:s|sec|seconds?)?$/i;

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
  const seconds = SECONDS.exec(text)?.[1];
  if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000);
  const date = HTTP_DATE.exec(text);
  if (!date) return Number.NaN;
  return Date.parse(date.groups!['asctime'] === undefined ? text : `${text} GMT`) - nowMs;
}
