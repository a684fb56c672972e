import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { WorkerHealth } from '../leases/worker.health.js';
import { type TurnEnd, WorkerLoop } from '../leases/worker-loop.js';
import { Retention } from './retention.pass.js';

/** From the end of one pass to the next. */
const PASS_EVERY_MS = 600_000;
/** Steps take at most this share of the time, so that payments do not notice them. */
const SHARE = 1 / 10;

/** Deletes in the background, step by step. */
@Injectable()
export class RetentionWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #loop: WorkerLoop;

  constructor(
    private readonly retention: Retention,
    @Inject(CONFIG) private readonly config: Config,
    health: WorkerHealth,
  ) {
    const logger = new Logger(RetentionWorker.name);
    this.#loop = new WorkerLoop(
      () => this.#turn(),
      PASS_EVERY_MS,
      (error) => logger.error({ err: error }, 'Old rows could not be deleted; it will be retried'),
    );
    health.add('retention', this.#loop);
  }

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#loop.stop();
  }

  async #turn(): Promise<TurnEnd> {
    const { more, workMs } = await this.retention.step();
    return more ? { nextInMs: workMs * (1 / SHARE - 1) } : { more: false };
  }
}
