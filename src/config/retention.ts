import { readingRule, type TextRule, Violation } from '../rules/rule.js';
import { retentionPeriod } from '../rules/time-rules.js';

/** What `RETENTION` names. `queries` are the status queries to externals; `payments` includes their refunds. */
export const RETAINED_TABLES = [
  'operations',
  'callbacks',
  'notifications',
  'queries',
  'events',
  'payments',
] as const;

export type RetainedTable = (typeof RETAINED_TABLES)[number];

/** In milliseconds since a row ended; undefined: its rows are never deleted. */
export type RetentionPeriods = Readonly<Record<RetainedTable, number | undefined>>;

/** Off for money, on for the rest (SPEC §10). */
export const DEFAULT_RETENTION =
  'operations=30d,callbacks=90d,notifications=90d,queries=90d,events=off,payments=off';

/** `table=duration` or `table=off`, comma-separated. Tables that are left out keep their default. */
export const retention: TextRule<RetentionPeriods> = readingRule(
  'retention',
  `comma-separated TABLE=DURATION or TABLE=off, with ${RETAINED_TABLES.join(', ')} and ${retentionPeriod.allowed}`,
  (text) => {
    const given = readPeriods(text);
    return given instanceof Violation ? given : { ...DEFAULT_PERIODS, ...given };
  },
);

const DEFAULT_PERIODS = readPeriods(DEFAULT_RETENTION) as RetentionPeriods;

function readPeriods(text: string): Partial<RetentionPeriods> | Violation {
  const periods: Partial<Record<RetainedTable, number | undefined>> = {};
  for (const [index, item] of text.split(',').entries()) {
    const [name = '', period = '', ...rest] = item.split('=').map((part) => part.trim());
    const table = RETAINED_TABLES.find((each) => each === name);
    const periodMs = period === 'off' ? undefined : retentionPeriod.read(period);
    if (table === undefined || rest.length > 0 || periodMs instanceof Violation)
      return new Violation(`item ${index + 1}`);
    if (Object.hasOwn(periods, table)) return new Violation(`item ${index + 1} is a duplicate`);
    periods[table] = periodMs;
  }
  return periods;
}
