import { OperationRepository } from '../../src/operations/operation.repository.js';
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

/**
 * Counts what only the fencing token keeps out of the ledger: the end of an attempt that another attempt has taken over.
 * Until the result is called.
 */
export function countStaleEnds(count: (what: string) => void): () => void {
  const { prototype } = OperationRepository;
  const original = Reflect.get(prototype, 'end');
  prototype.end = async function (this: OperationRepository, trx, operation, end) {
    const stored = end.state === 'completed' ? undefined : await this.find(trx, operation.id);
    const open = stored?.state === 'running' || stored?.state === 'unknown';
    if (open && stored.deadline_at !== operation.deadline_at)
      count(`ends after another attempt took over: ${end.state}`);
    return Reflect.apply(original, this, [trx, operation, end]);
  };
  return () => (prototype.end = original);
}
