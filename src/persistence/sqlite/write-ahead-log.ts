import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const flush = promisify(fdatasync);

/**
 * Syncs the log of a SQLite file. With `synchronous=normal`, COMMIT writes the log and returns; {@link sync} brings
 * it to the disk. Together they do what COMMIT does with `synchronous=full`, except that a thread of libuv waits and
 * not the event loop, and with it every request. Everything in the log before a synced commit is as durable as that
 * commit: a log is read in order.
 */
export class WriteAheadLog {
  /** SQLite keeps this file, growing or restarting in place, until its last connection closes. */
  readonly #descriptor: number;
  #syncing: Promise<void> | undefined;

  /** `path` is that of the open database. */
  constructor(path: string) {
    this.#descriptor = openSync(`${path}-wal`, 'r+');
  }

  /** The running sync: the last commits can be read already, and could still be lost in a power cut. */
  get syncing(): Promise<void> | undefined {
    return this.#syncing;
  }

  /** Resolves when everything written to the log is on the disk; rejects with the system's error. One at a time. */
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
