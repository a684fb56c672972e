/**
 * A W3C trace context as one text, as contexts and rows carry it: the `traceparent`, and after a space the
 * `tracestate` if there is one. Both members name `traceparent`, which is what every reader needs of it.
 */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** The headers of a trace context. */
export function traceHeaders(context: string): TraceHeaders {
  const end = context.indexOf(' ');
  if (end < 0) return { traceparent: context };
  return { traceparent: context.slice(0, end), tracestate: context.slice(end + 1) };
}

/** The trace context of its headers; a valid `traceparent` is required (W3C Trace Context §3.3). */
export function traceContext(traceparent: string, tracestate: string | undefined): string {
  return tracestate === undefined ? traceparent : `${traceparent} ${tracestate}`;
}

const MAX_MEMBERS = 32;
const MAX_LENGTH = 512;
const KEY = String.raw`[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}`;
const MEMBER = new RegExp(
  `^(?:${KEY})=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]$`,
);

/** A `tracestate` as it is passed on, without blanks around its members; undefined if it is not valid (§3.3.1). */
export function readTracestate(given: string): string | undefined {
  const members = given
    .split(',')
    .map((member) => member.trim())
    .filter(Boolean);
  if (members.length === 0 || members.length > MAX_MEMBERS) return undefined;
  const tracestate = members.join(',');
  return tracestate.length <= MAX_LENGTH && members.every((member) => MEMBER.test(member))
    ? tracestate
    : undefined;
}
