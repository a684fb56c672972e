/** The random end of an identifier, in hexadecimal digits: 48 bits. */
const RANDOM_DIGITS = 12;
const RANDOM_RANGE = 16 ** RANDOM_DIGITS;

/**
 * When the subscription `id` is queried next after `nowMs`: at the same moment of every period, which its id decides.
 * So subscriptions that became ACTIVE together, or were due while no gateway ran, are not queried together (SPEC §4).
 */
export function nextWatchAt(id: string, periodMs: number, nowMs: number): number {
  const phaseMs = Math.floor((Number.parseInt(id.slice(-RANDOM_DIGITS), 16) / RANDOM_RANGE) * periodMs);
  return phaseMs + (Math.floor((nowMs - phaseMs) / periodMs) + 1) * periodMs;
}
