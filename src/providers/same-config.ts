import type { ExternalConfig } from '../config/external-config.js';
import { Secret } from '../sensitive/secret.js';

/**
 * True if the configurations are equal. `util.isDeepStrictEqual` cannot compare secrets, as it does not see private
 * fields.
 */
export function isSameConfig(a: ExternalConfig, b: ExternalConfig): boolean {
  return isSame(a, b);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Secret && b instanceof Secret) return a.reveal() === b.reveal();
  if (!isContainer(a) || !isContainer(b) || a instanceof Secret || b instanceof Secret)
    return Object.is(a, b);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Array.isArray(a) === Array.isArray(b) && [...keys].every((key) => isSame(a[key], b[key]));
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
