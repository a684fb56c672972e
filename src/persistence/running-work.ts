import { StorageUnavailable } from './store.js';

/** Counts the running work of a store, so that closing waits for it and refuses new work. */
export class RunningWork {
  #count = 0;
  #closed = false;
  #drained: (() => void) | undefined;

  /** @throws {StorageUnavailable} after {@link close}. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new StorageUnavailable('the database is closed', 'not-committed');
    }
    this.#count++;
    try {
      return await work();
    } finally {
      this.#count--;
      if (this.#count === 0) {
        this.#drained?.();
      }
    }
  }

  /** Resolves when all running work has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
  }
}
