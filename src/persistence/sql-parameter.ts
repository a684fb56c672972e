/** What a column may hold: integers, text and bytes, which both databases store alike. */
export type SqlParameter = null | string | number | bigint | Uint8Array;

/**
 * Refuses parameters that one database would convert and the other would not: booleans (`1` or `true`), dates,
 * objects, `undefined`, fractions. Throws before the statement runs, so that a test on either database finds the
 * mistake.
 */
export function assertSqlParameter(
  parameters: readonly unknown[],
): asserts parameters is readonly SqlParameter[] {
  for (let i = 0; i < parameters.length; i++) {
    if (!isSqlParameter(parameters[i])) {
      throw new TypeError(
        `query parameter ${i + 1} is ${nameOf(parameters[i])}; only null, text, integers and bytes are stored`,
      );
    }
  }
}

function isSqlParameter(value: unknown): value is SqlParameter {
  return (
    typeof value === 'string' ||
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    value === null ||
    typeof value === 'bigint' ||
    value instanceof Uint8Array
  );
}

/** The type, never the value: a parameter may be secret. */
function nameOf(value: unknown): string {
  if (typeof value === 'number') {
    return 'a number that is no safe integer';
  }
  return value instanceof Date ? 'a Date' : typeof value;
}
