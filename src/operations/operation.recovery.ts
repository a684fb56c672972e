import { Injectable, Logger } from '@nestjs/common';
import { Store } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { OperationRepository } from './operation.repository.js';
import { OperationSettler } from './operation.settler.js';

const BATCH = 100;
const RELEASE_BATCH = 500;

/** Finds operations whose process died, and expires stored answers (SPEC §4). */
@Injectable()
export class OperationRecovery {
  readonly #logger = new Logger(OperationRecovery.name);

  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly settler: OperationSettler,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs before the first request. SQLite has one process, so every running operation belongs to a process that died;
   * with replicas, only operations past their deadline do.
   */
  async atStart(): Promise<void> {
    const deadlineBefore = this.store.dialect === 'sqlite' ? Number.MAX_SAFE_INTEGER : this.clock.now();
    let found = 0;
    for (let batch = BATCH; batch === BATCH; found += batch) batch = await this.abandonBefore(deadlineBefore);
    if (found > 0)
      this.#logger.warn(`${found} operations were in flight when a process died; their outcome is UNKNOWN`);
  }

  /** One bounded batch of each task; `more`: a batch was full. */
  async turn(): Promise<{ more: boolean }> {
    const abandoned = await this.abandonBefore(this.clock.now());
    const released = await this.store.transaction((trx) =>
      this.operations.releaseExpired(trx, this.clock.now(), RELEASE_BATCH),
    );
    return { more: abandoned === BATCH || released === RELEASE_BATCH };
  }

  private async abandonBefore(deadlineBefore: number): Promise<number> {
    const abandoned = await this.store.read((db) => this.operations.abandoned(db, deadlineBefore, BATCH));
    for (const operation of abandoned) await this.settler.abandon(operation);
    return abandoned.length;
  }
}
