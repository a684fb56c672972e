import { readingRule, Violation, type TextRule } from './rule.js';

/** `Date.parse` would accept hour 24 (RFC 3339 §5.6 does not), and checks all other ranges of a time itself. */
const RFC3339 = /^(\d{4}-\d{2}-\d{2})T(?!24)\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** A point in time from 1970 on; read from text as milliseconds since the epoch. */
export const instant: TextRule<number> = readingRule(
  'instant',
  'a date and time with its zone (RFC 3339), such as 2026-01-31T12:00:00Z',
  (text) => {
    const [, day] = RFC3339.exec(text) ?? [];
    const ms = day !== undefined && isCalendarDay(day) ? Date.parse(text) : Number.NaN;
    return ms >= 0 ? ms : new Violation();
  },
  { schema: { format: 'date-time' } },
);

/** `Date.parse` alone would read 30 February as 2 March. */
function isCalendarDay(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `200ms`, `5s`, `30s`, `2m`, `1h`, `1d` in milliseconds, or undefined for any other text (SPEC §6). */
function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim());
  return match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : undefined;
}

const MAX_WAIT_MS = 30 * 86_400_000;
const MAX_WAITS = 100;

/** Waits in milliseconds. */
export const schedule: TextRule<readonly number[]> = readingRule(
  'schedule',
  `1 to ${MAX_WAITS} comma-separated durations from 1ms to 30d, such as 200ms,5s,2m,1h`,
  (text) => {
    const waits = text.split(',').map((part) => parseDurationMs(part) ?? 0);
    const allowed = waits.length <= MAX_WAITS && waits.every((ms) => ms >= 1 && ms <= MAX_WAIT_MS);
    return allowed ? waits : new Violation();
  },
);

/** One wait in milliseconds; `0s` is none. */
export const wait: TextRule<number> = readingRule('wait', 'a duration from 0s to 30d, such as 30s', (text) =>
  durationBetween(text, 0, MAX_WAIT_MS),
);

/** The period of the queries of live subscriptions, in milliseconds. */
export const watchPeriod: TextRule<number> = readingRule(
  'watchPeriod',
  'a duration from 1s to 30d, such as 24h',
  (text) => durationBetween(text, UNIT_MS.s, MAX_WAIT_MS),
);

const MIN_TOKEN_AGE_MS = 60_000;

/** The age of an access token in milliseconds. */
export const tokenAge: TextRule<number> = readingRule(
  'tokenAge',
  'a duration from 1m to 30d, such as 24h',
  (text) => durationBetween(text, MIN_TOKEN_AGE_MS, MAX_WAIT_MS),
);

const MAX_RETENTION_MS = 36_500 * UNIT_MS.d;

/** How long ended rows are kept, in milliseconds. */
export const retentionPeriod: TextRule<number> = readingRule(
  'retentionPeriod',
  'a duration from 1h to 36500d, such as 90d',
  (text) => durationBetween(text, UNIT_MS.h, MAX_RETENTION_MS),
);

/** A duration as people write it: in the largest unit that divides it. */
export function durationText(ms: number): string {
  const [unit, unitMs] = Object.entries(UNIT_MS).findLast(([, size]) => ms % size === 0)!;
  return `${ms / unitMs}${unit}`;
}

function durationBetween(text: string, min: number, max: number): number | Violation {
  const ms = parseDurationMs(text);
  return ms !== undefined && ms >= min && ms <= max ? ms : new Violation();
}

const MAX_RATE_REQUESTS = 1_000_000;
const MAX_RATE_WINDOW_MS = 3_600_000;

export const rate: TextRule<{ readonly requests: number; readonly windowMs: number }> = readingRule(
  'rate',
  `REQUESTS/DURATION such as 100/1s: 1 to ${MAX_RATE_REQUESTS} requests in 1ms to 1h`,
  (text) => {
    const [, requestsText = '', windowText = ''] = /^(\d{1,7})\/(.+)$/.exec(text) ?? [];
    const requests = Number(requestsText);
    const windowMs = parseDurationMs(windowText) ?? 0;
    const inRange =
      requests >= 1 && requests <= MAX_RATE_REQUESTS && windowMs >= 1 && windowMs <= MAX_RATE_WINDOW_MS;
    return inRange ? { requests, windowMs } : new Violation();
  },
);
