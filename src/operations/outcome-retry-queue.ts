import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { StorageUnavailable } from '../persistence/store.js';

const RETRY_MS = 500;

/**
 * Known outcomes that could not be stored because the database failed between the call and its commit. The queue
 * retries each until it is stored. An outcome that is lost with the process is found as abandoned, and ends as
 * UNKNOWN.
 */
@Injectable()
export class OutcomeRetryQueue implements OnApplicationShutdown {
  readonly #logger = new Logger(OutcomeRetryQueue.name);
  readonly #waiting: (() => Promise<void>)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #draining: Promise<void> | undefined;

  add(commit: () => Promise<void>): void {
    this.#waiting.push(commit);
    this.#schedule();
  }

  /** Retries each once more. */
  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#draining;
    await this.#drain();
    if (this.#waiting.length > 0) {
      this.#logger.error(`${this.#waiting.length} outcomes could not be stored; they will end as UNKNOWN`);
    }
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draining = this.#drain().finally(() => {
        this.#draining = undefined;
        if (this.#waiting.length > 0) this.#schedule();
      });
    }, RETRY_MS).unref();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        await this.#waiting[0]!();
      } catch (error) {
        if (error instanceof StorageUnavailable) return;
        this.#logger.error({ err: error }, 'The database refused an outcome; it will end as UNKNOWN');
      }
      this.#waiting.shift();
    }
  }
}
