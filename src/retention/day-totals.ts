import type { DayTotal } from './archive.table.js';

/** Adds up sums of a day by subject, external, currency and state. */
export class DayTotals {
  readonly #sums = new Map<string, DayTotal>();

  add(total: DayTotal): void {
    const key = keyOf(total);
    const sum = this.#sums.get(key);
    this.#sums.set(key, {
      ...total,
      items: total.items + (sum?.items ?? 0),
      amount_minor: total.amount_minor + (sum?.amount_minor ?? 0),
    });
  }

  get all(): readonly DayTotal[] {
    return [...this.#sums.values()];
  }

  /** Two are the same where each sum is, whatever their order. */
  get text(): string {
    return this.all
      .filter(({ items }) => items !== 0)
      .map((total) => `${keyOf(total)} ${total.items} ${total.amount_minor}`)
      .toSorted()
      .join('\n');
  }
}

export function keyOf({
  subject,
  external,
  currency,
  state,
}: Omit<DayTotal, 'items' | 'amount_minor'>): string {
  return [subject, external, currency, state].join(' ');
}
