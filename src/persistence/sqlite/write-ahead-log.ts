import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const flush = promisify(fdatasync);

/**
 * The log of a SQLite file, as far as its durability goes. With `synchronous=normal`, COMMIT writes the log and returns;
 * {@link sync} has it on the disk. One after the other they are what COMMIT does with `synchronous=full`, but for who waits:
 * here a thread of libuv's, there the event loop, and with it every request. What lies in the log before a synced commit is as
 * durable as that: a log is read in order.
 */
export class WriteAheadLog {
  /** SQLite keeps this very file, growing or beginning anew in place, until its last connection closes. */
  readonly #descriptor: number;
  #syncing: Promise<void> | undefined;

  /** For the database at `path`, which is open. */
  constructor(path: string) {
    this.#descriptor = openSync(`${path}-wal`, 'r+');
  }

  /** A sync under way: what was committed last may be read already, and may yet be lost in a power cut. */
  get syncing(): Promise<void> | undefined {
    return this.#syncing;
  }

  /** Resolves when all that has been written to the log is on the disk; rejects with the system's error. One at a time. */
  async sync(): Promise<void> {
    this.#syncing = flush(this.#descriptor);
    try {
      await this.#syncing;
    } finally {
      this.#syncing = undefined;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
