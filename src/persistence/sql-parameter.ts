/** What a column may hold: the schema knows integers and text, and nothing that the two databases would keep differently. */
export type SqlParameter = null | string | number | bigint | Uint8Array;

/**
 * Refuses the parameters that one database would convert and the other would not: booleans (`1` or `true`), dates, objects,
 * `undefined`, fractions. Thrown before the statement runs, so that a mistake is found on whichever database the test used.
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

/** Names the type, never the value: a parameter may hold what must not be printed. */
function nameOf(value: unknown): string {
  if (typeof value === 'number') {
    return 'a number that is no safe integer';
  }
  return value instanceof Date ? 'a Date' : typeof value;
}
