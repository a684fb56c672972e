import type { BatchEntry, BatchStatement } from '../batch-statement.js';
import type { JournalEntry, JournalResult } from '../store.js';

/** While this many are on the wire, entries wait for the next one. More would make batches small, which cost more. */
const BATCHES_IN_FLIGHT = 2;
/** Entries of one batch. */
const BATCH_LIMIT = 100;

/** The entries of one statement. */
export interface BatchPart {
  readonly statement: BatchStatement;
  readonly entries: readonly BatchEntry[];
}

interface Waiting extends JournalEntry {
  readonly resolve: (result: JournalResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects entries while earlier batches are on the wire and writes them as one transaction, one statement for each
 * kind. A batch is written wholly or not at all.
 */
export class PostgresJournal {
  /** The order of entries is kept. */
  readonly #waiting: Waiting[] = [];
  #inFlight = 0;
  #scheduled = false;
  /** By claim, the end of the entry that has it: no two entries that exclude each other are in flight at once. */
  readonly #claims = new Map<string, Promise<unknown>>();

  /**
   * `write` commits one batch and returns the ids of the entries that it has written; undefined if the batch failed,
   * and may be committed only if its connection was lost. It throws if it could not begin.
   */
  constructor(private readonly write: (parts: readonly BatchPart[]) => Promise<Set<string> | undefined>) {}

  async append(entry: JournalEntry): Promise<JournalResult> {
    for (const claim of entry.claims) {
      const earlier = this.#claims.get(claim);
      if (!earlier) continue;
      await earlier;
      return 'in-the-way';
    }
    const ended = new Promise<JournalResult>((resolve, reject) => {
      this.#waiting.push({ ...entry, resolve, reject });
    });
    const settled = ended.catch(() => {});
    for (const claim of entry.claims) this.#claims.set(claim, settled);
    this.#schedule();
    try {
      return await ended;
    } finally {
      for (const claim of entry.claims) this.#claims.delete(claim);
    }
  }

  /** At the end of the turn, which may bring more. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight === BATCHES_IN_FLIGHT || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#send(this.#waiting.splice(0, BATCH_LIMIT));
    });
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    this.#inFlight += 1;
    this.#schedule();
    try {
      const written = await this.write(partsOf(batch));
      for (const { row, resolve } of batch)
        resolve(!written ? 'failed' : written.has(row.id) ? 'written' : 'in-the-way');
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#inFlight -= 1;
      this.#schedule();
    }
  }
}

function partsOf(batch: readonly Waiting[]): BatchPart[] {
  const parts = new Map<BatchStatement, BatchEntry[]>();
  for (const { statement, row } of batch) {
    const entries = parts.get(statement);
    if (entries) entries.push(row);
    else parts.set(statement, [row]);
  }
  return Array.from(parts, ([statement, entries]) => ({ statement, entries }));
}
