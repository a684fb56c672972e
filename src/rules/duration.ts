const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `200ms`, `5s`, `30s`, `2m`, `1h`, `1d` in milliseconds, or undefined for any other text (SPEC §6). */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim());
  return match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : undefined;
}

/** Comma-separated durations in milliseconds, or undefined where one of them is none (SPEC §6). */
export function parseScheduleMs(text: string): number[] | undefined {
  const durations = text.split(',').map(parseDurationMs);
  return durations.every((duration) => duration !== undefined) ? durations : undefined;
}
