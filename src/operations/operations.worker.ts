import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { WorkerHealth } from '../leases/worker.health.js';
import { WorkerLoop } from '../leases/worker-loop.js';
import { OperationRecovery } from './operation.recovery.js';

const POLL_MS = 2_000;

/** Runs the recovery: once before the first request, then in the background. */
@Injectable()
export class OperationsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #loop: WorkerLoop;

  constructor(
    private readonly recovery: OperationRecovery,
    @Inject(CONFIG) private readonly config: Config,
    health: WorkerHealth,
  ) {
    const logger = new Logger(OperationsWorker.name);
    this.#loop = new WorkerLoop(
      () => recovery.turn(),
      POLL_MS,
      (error) => logger.error({ err: error }, 'Recovery failed; it will be retried'),
    );
    health.add('operations', this.#loop);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.recovery.atStart();
    if (this.config.workers) this.#loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#loop.stop();
  }
}
