import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Store } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { Fingerprints } from './fingerprint.js';
import { OperationRepository } from './operation.repository.js';
import { OperationSettler } from './operation.settler.js';
import type { OperationRow } from './operation.table.js';
import { OutcomeRetryQueue } from './outcome-retry-queue.js';

const BATCH = 100;
const RELEASE_BATCH = 500;
const RETIRE_KEY_EVERY_MS = 60_000;
/** Operations that are ended at the same time: one that meets a locked row does not delay the others. */
const CONCURRENCY = 4;

/** Finds operations whose process died, and expires stored answers (SPEC §4). */
@Injectable()
export class OperationRecovery {
  readonly #logger = new Logger(OperationRecovery.name);
  /** When to look for the stored key of fingerprints again; Infinity: it is gone. */
  #retireKeyAtMs = 0;

  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly settler: OperationSettler,
    private readonly retries: OutcomeRetryQueue,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    private readonly fingerprints: Fingerprints,
  ) {}

  /**
   * Runs before the first request. Where no other process uses the store, every running operation belongs to one that died;
   * with replicas, only operations past their deadline do.
   */
  async atStart(): Promise<void> {
    const deadlineBefore = this.store.exclusive ? Number.MAX_SAFE_INTEGER : this.clock.now();
    let found = 0;
    for (let batch = BATCH; batch === BATCH; found += batch) batch = await this.abandonBefore(deadlineBefore);
    if (found > 0)
      this.#logger.warn(`${found} operations were in flight when a process died; their outcome is UNKNOWN`);
  }

  /** One bounded batch of each task; `more`: a batch was full. */
  async turn(): Promise<{ more: boolean }> {
    const abandoned = await this.abandonBefore(this.clock.now());
    const nowMs = this.clock.now();
    const [released, allowed] = await this.store.transaction(async (trx) => [
      await this.operations.releaseExpired(trx, nowMs, RELEASE_BATCH),
      await this.operations.allowRepeats(trx, nowMs - this.config.repeatWindowMs, RELEASE_BATCH),
    ]);
    if (released < RELEASE_BATCH) await this.#retireStoredKey(nowMs);
    return { more: abandoned === BATCH || released === RELEASE_BATCH || allowed === RELEASE_BATCH };
  }

  async #retireStoredKey(nowMs: number): Promise<void> {
    if (nowMs < this.#retireKeyAtMs) return;
    this.#retireKeyAtMs = (await this.fingerprints.retireStoredKey())
      ? Infinity
      : nowMs + RETIRE_KEY_EVERY_MS;
  }

  /** Ends one batch. Those that cannot be stored now are left to {@link OutcomeRetryQueue}; returns the batch's size. */
  private async abandonBefore(deadlineBefore: number): Promise<number> {
    const retried = this.retries.operationIds();
    const found = await this.store.read((db) =>
      this.operations.abandoned(db, deadlineBefore, BATCH + retried.size),
    );
    const batch = found.filter(({ id }) => !retried.has(id)).slice(0, BATCH);
    const remaining = batch.values();
    await Promise.all(Array.from({ length: CONCURRENCY }, () => this.#abandonEach(remaining)));
    return batch.length;
  }

  async #abandonEach(remaining: Iterator<OperationRow> & Iterable<OperationRow>): Promise<void> {
    for (const operation of remaining) {
      try {
        await this.settler.abandon(operation);
      } catch (error) {
        this.#logger.warn(
          { err: error, operationId: operation.id },
          'An abandoned operation could not be ended; it will be retried',
        );
      }
    }
  }
}
