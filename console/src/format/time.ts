const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const fullUtc = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
});

/** A time in the viewer’s zone. */
export function formatTime(iso: string): string {
  return full.format(new Date(iso));
}

export function formatClock(at: Date): string {
  return clock.format(at);
}

export function formatTimeUtc(iso: string): string {
  return fullUtc.format(new Date(iso));
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** Made once for each: they are used every second. */
const durations = new Map<string, Intl.NumberFormat>();
const relatives = new Map<string, Intl.RelativeTimeFormat>();

/** A length of time by its greatest unit: `3 hours`. */
export function formatDuration(ms: number, locale?: string): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? UNITS[3];
  const key = `${locale ?? ''} ${unit}`;
  const format =
    durations.get(key) ?? new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' });
  durations.set(key, format);
  return format.format(Math.max(0, Math.floor(ms / size)));
}

/** A time relative to now: `3 hours ago`, `in 5 minutes`. */
export function formatRelative(iso: string, nowMs: number, locale?: string): string {
  const deltaMs = new Date(iso).getTime() - nowMs;
  const [unit, size] = UNITS.find(([, each]) => Math.abs(deltaMs) >= each) ?? UNITS[3];
  const format = relatives.get(locale ?? '') ?? new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  relatives.set(locale ?? '', format);
  return format.format(Math.trunc(deltaMs / size), unit);
}

/** A few milliseconds, or seconds: `42 ms`, `1.8 s`. */
export function formatMs(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

/** The value of an `<input type="datetime-local">`, in the viewer’s zone. */
export function toLocalInput(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The instant that such a value means; undefined where it is empty. */
export function fromLocalInput(value: string): string | undefined {
  if (value === '') return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
