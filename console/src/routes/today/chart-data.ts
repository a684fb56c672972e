import type { PeriodSummary, TotalRecord } from '../../api/records';
import { decimalOf } from '../../format/money';

/** What a chart draws: the value of each series in each step. */
export interface ChartData {
  /** The states, which are the series. */
  readonly series: readonly string[];
  readonly rows: readonly Readonly<Record<string, number | string>>[];
}

/** The currencies of a period, those with most items first. */
export function currenciesOf({ payments, refunds }: PeriodSummary): readonly string[] {
  const items = new Map<string, number>();
  for (const { currency, items: count } of [...payments, ...refunds])
    if (currency !== undefined) items.set(currency, (items.get(currency) ?? 0) + count);
  return [...items].toSorted(([, a], [, b]) => b - a).map(([currency]) => currency);
}

/**
 * The totals of one currency by state in each step.
 * @param label the text of a step, by its beginning
 */
export function chartData(
  totals: readonly TotalRecord[],
  { from, stepHours, steps }: Pick<PeriodSummary, 'from' | 'stepHours' | 'steps'>,
  { currency, value, label }: { currency: string; value: 'items' | 'amount'; label: (at: Date) => string },
): ChartData {
  const own = totals.filter((each) => each.currency === currency);
  const begin = new Date(from).getTime();
  const rows = Array.from({ length: steps }, (_, step) => ({
    step: label(new Date(begin + step * stepHours * 3_600_000)),
    ...Object.fromEntries(
      own.map(({ state, itemsByStep, amountByStep }) => [
        state,
        value === 'items'
          ? (itemsByStep[step] ?? 0)
          : // For the height of a bar only; the table has the exact sums.
            Number(decimalOf(amountByStep[step] ?? 0, currency)),
      ]),
    ),
  }));
  return { series: own.map(({ state }) => state), rows };
}
