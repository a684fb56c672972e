import type { Gauges } from './gateway-gauges.js';

/** What the gateway holds and has written at a moment. */
export interface Reading extends Gauges {
  readonly payments: number;
  readonly operations: number;
  readonly logBytes: number;
  /** With the log of the database. */
  readonly databaseBytes: number;
}

/**
 * What may be more in the end than in the middle: a share, and an amount below which nothing counts, as what is in
 * flight at the moment of a reading differs.
 */
const FLAT = {
  residentMiB: { share: 0.1, amount: 20 },
  heapMiB: { share: 0.1, amount: 5 },
  externalMiB: { share: 0.25, amount: 5 },
  descriptors: { share: 0.1, amount: 64 },
  timers: { share: 0.25, amount: 100 },
  handles: { share: 0.1, amount: 32 },
} as const satisfies Readonly<Record<keyof Gauges, { readonly share: number; readonly amount: number }>>;

/** What grows with the requests must not grow faster than they do. */
const MAX_RATE_GROWTH = 1.15;

/** What has grown and must not. The readings are at the same distance from each other. */
export function growth(start: Reading, middle: Reading, end: Reading): string[] {
  const problems: string[] = [];
  for (const name of Object.keys(FLAT) as (keyof Gauges)[]) {
    const { share, amount } = FLAT[name];
    const allowed = middle[name] + Math.max(middle[name] * share, amount);
    if (end[name] > allowed)
      problems.push(`${name} grew from ${middle[name]} in the middle to ${end[name]}, allowed ${allowed}`);
  }
  for (const [name, unit] of [
    ['databaseBytes', 'payments'],
    ['logBytes', 'operations'],
  ] as const) {
    const before = (middle[name] - start[name]) / (middle[unit] - start[unit]);
    const after = (end[name] - middle[name]) / (end[unit] - middle[unit]);
    if (after > before * MAX_RATE_GROWTH)
      problems.push(`${name} for each of the ${unit} grew from ${before} to ${after} in the second half`);
  }
  return problems;
}
