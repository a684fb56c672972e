export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The median of the ratios within rounds: what slows a whole round down does not affect it. `values` and `others` have the
 * same rounds.
 */
export function medianRatio(values: readonly number[], others: readonly number[]): number {
  return median(ratios(values, others));
}

/** Those within the rounds. */
export function ratios(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, round) => value / others[round]!);
}

/** The largest distance from the median, as a share of it. */
export function spread(values: readonly number[]): number {
  const centre = median(values);
  return Math.max(...values.map((value) => Math.abs(value - centre))) / centre;
}
