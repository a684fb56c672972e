import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
// oxlint-disable-next-line typescript/consistent-type-imports -- Nest injects by the class
import { Metrics } from '../observability/metrics/metrics.js';

const FIRST_RETRY_MS = 500;
/** Short, so that all outcomes are stored soon after the database has returned. */
const MAX_RETRY_MS = 5_000;
/** Attempts in flight. One on a locked row takes until the database's time limit for a statement. */
const CONCURRENCY = 4;
const SHUTDOWN_LIMIT_MS = 5_000;

/** An outcome that waits for its commit. */
interface Entry {
  readonly operationId: string;
  readonly commit: () => Promise<void>;
  readonly sinceMs: number;
  attempts: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Outcomes that the database did not store. Each is retried by itself, with a pause of its own, after every error:
 * one that meets a locked row does not delay the others. An outcome that is lost with the process is found as
 * abandoned, and ends as UNKNOWN.
 */
@Injectable()
export class OutcomeRetryQueue implements OnApplicationShutdown {
  readonly #logger = new Logger(OutcomeRetryQueue.name);
  readonly #entries = new Set<Entry>();
  /** Those whose pause has ended. */
  readonly #due: Entry[] = [];
  #running = 0;
  #stopping = false;
  #stopped: (() => void) | undefined;

  constructor(metrics: Metrics) {
    metrics.gauge(
      'tollgate_outcomes_not_stored',
      'Outcomes of operations that the database did not store; each is retried.',
      () => this.#entries.size,
    );
    metrics.gauge(
      'tollgate_outcomes_not_stored_oldest_age_seconds',
      'How long the first outcome that is not stored has waited; 0 if none waits.',
      () => this.#oldestAgeMs() / 1_000,
    );
  }

  /** `commit` stores an outcome of the operation; it must be safe to repeat. */
  add(operationId: string, commit: () => Promise<void>): void {
    const entry = { operationId, commit, sinceMs: performance.now(), attempts: 0, timer: undefined };
    this.#entries.add(entry);
    this.#pause(entry);
  }

  /** The operations whose outcomes wait. */
  operationIds(): Set<string> {
    return new Set([...this.#entries].map(({ operationId }) => operationId));
  }

  /** Retries each once more, within a time limit. */
  async onApplicationShutdown(): Promise<void> {
    this.#stopping = true;
    for (const entry of this.#entries) {
      if (entry.timer === undefined) continue;
      clearTimeout(entry.timer);
      this.#due.push(entry);
    }
    const ended = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    this.#next();
    await Promise.race([ended, sleep(SHUTDOWN_LIMIT_MS, undefined, { ref: false })]);
    this.#due.length = 0;
    if (this.#entries.size > 0)
      this.#logger.error(`${this.#entries.size} outcomes could not be stored; they will end as UNKNOWN`);
  }

  #pause(entry: Entry): void {
    if (this.#stopping) return;
    const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** entry.attempts, MAX_RETRY_MS);
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      this.#due.push(entry);
      this.#next();
    }, pauseMs).unref();
  }

  #next(): void {
    while (this.#running < CONCURRENCY && this.#due.length > 0) {
      this.#running += 1;
      void this.#retry(this.#takeDue()).then(() => {
        this.#running -= 1;
        this.#next();
      });
    }
    if (this.#running === 0) this.#stopped?.();
  }

  /** The one with the fewest attempts: several that meet locks do not delay those that were tried less often. */
  #takeDue(): Entry {
    let first = 0;
    for (let i = 1; i < this.#due.length; i++)
      if (this.#due[i]!.attempts < this.#due[first]!.attempts) first = i;
    return this.#due.splice(first, 1)[0]!;
  }

  async #retry(entry: Entry): Promise<void> {
    try {
      await entry.commit();
      this.#entries.delete(entry);
    } catch (error) {
      if (entry.attempts === 0)
        this.#logger.warn(
          { err: error, operationId: entry.operationId },
          'An outcome could not be stored; it will be retried',
        );
      entry.attempts += 1;
      this.#pause(entry);
    }
  }

  #oldestAgeMs(): number {
    const [oldest] = this.#entries;
    return oldest ? performance.now() - oldest.sinceMs : 0;
  }
}
