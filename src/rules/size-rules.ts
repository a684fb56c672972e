import { readingRule, Violation, type TextRule } from './rule.js';

const UNIT_BYTES = { KiB: 1_024, MiB: 1_024 ** 2, GiB: 1_024 ** 3 } as const;

/** The log is truncated to this length when it restarts: a lower limit would never be met again. */
const MIN_LOG_BYTES = 64 * UNIT_BYTES.MiB;

/** A length of SQLite's log in bytes. */
export const logLength: TextRule<number> = readingRule(
  'logLength',
  'a size from 64MiB to 999999GiB, such as 256MiB',
  (text) => {
    const [, count = '', unit] = /^([1-9]\d{0,5})(KiB|MiB|GiB)$/.exec(text) ?? [];
    const bytes = Number(count) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES];
    return bytes >= MIN_LOG_BYTES ? bytes : new Violation();
  },
);
