import { OUTCOME_TABLE } from '../../src/providers/outcome-table.js';

/** How often each row of the outcome table has decided, since {@link countOutcomes}. */
const times = new Map(OUTCOME_TABLE.map(({ name }) => [name, 0]));

export function countOutcomes(): void {
  for (const row of OUTCOME_TABLE) {
    const original = { ...row };
    Object.assign(row, {
      becomes: (facts: Parameters<typeof row.becomes>[0]) => {
        times.set(row.name, times.get(row.name)! + 1);
        return original.becomes(facts);
      },
    });
  }
}

export function outcomes(): Readonly<Record<string, number>> {
  return Object.fromEntries(times);
}

export function outcomesNeverReached(): readonly string[] {
  return [...times].filter(([, count]) => count === 0).map(([name]) => name);
}
