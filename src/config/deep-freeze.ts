/**
 * Freezes plain objects and arrays down to their leaves. A `Secret` keeps its text in a private field and is frozen
 * too.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
