/** What a receiver must remember: the newest version of each subject that it has processed. */
export interface NotificationStore<Transaction = unknown> {
  /**
   * Runs `work` in one transaction and resolves or rejects as it does. What `work` raised is kept if it resolves, and
   * forgotten if it rejects. Transactions that raise the same subject run one after the other, in other processes too.
   */
  transaction<Result>(
    work: (versions: NotificationVersions<Transaction>) => Promise<Result>,
  ): Promise<Result>;
}

/** The stored versions, inside a transaction. */
export interface NotificationVersions<Transaction = unknown> {
  /**
   * Resolves to true and stores `version` if the subject has none or a lower one, else resolves to false.
   * @param subject A text of any characters.
   * @param version 1 to 2^53 - 1: a BIGINT in SQL.
   */
  readonly raise: (subject: string, version: number) => Promise<boolean>;
  /** The transaction, for what the receiver changes itself. */
  readonly transaction: Transaction;
}

/**
 * A store in memory, for tests and for receivers that may forget: after a restart, and in a second process, a repeated
 * notification is processed again.
 */
export class MemoryNotificationStore implements NotificationStore<undefined> {
  readonly #versions = new Map<string, number>();
  /** The ends of the last transactions that raised, or wait to raise, a subject. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #maxSubjects: number;

  /** @param maxSubjects The subjects raised longest ago are forgotten first. */
  constructor(maxSubjects = 100_000) {
    this.#maxSubjects = maxSubjects;
  }

  async transaction<Result>(
    work: (versions: NotificationVersions<undefined>) => Promise<Result>,
  ): Promise<Result> {
    const before = new Map<string, number | undefined>();
    let end!: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const raise = async (subject: string, version: number): Promise<boolean> => {
      if (!before.has(subject)) {
        const earlier = this.#turns.get(subject);
        this.#turns.set(subject, ended);
        await earlier;
        before.set(subject, this.#versions.get(subject));
      }
      const stored = this.#versions.get(subject);
      if (stored !== undefined && stored >= version) return false;
      this.#store(subject, version);
      return true;
    };
    try {
      return await work({ raise, transaction: undefined });
    } catch (error) {
      for (const [subject, version] of before) this.#store(subject, version);
      throw error;
    } finally {
      for (const subject of before.keys())
        if (this.#turns.get(subject) === ended) this.#turns.delete(subject);
      end();
    }
  }

  #store(subject: string, version: number | undefined): void {
    this.#versions.delete(subject);
    if (version === undefined) return;
    this.#versions.set(subject, version);
    if (this.#versions.size > this.#maxSubjects) this.#versions.delete(this.#versions.keys().next().value!);
  }
}
