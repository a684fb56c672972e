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
import { WorkerLoop } from '../leases/worker-loop.js';
import { TotalsCounter } from './totals.counter.js';

const POLL_MS = 10_000;
/** Counting takes at most this share of the time: a busy hour is counted less often. */
const SHARE = 1 / 100;

/** Keeps the hourly totals in the background. Of several replicas, one counts at a time. */
@Injectable()
export class TotalsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #loop: WorkerLoop;
  #nextAt = 0;

  constructor(
    private readonly counter: TotalsCounter,
    @Inject(CONFIG) private readonly config: Config,
    health: WorkerHealth,
  ) {
    const logger = new Logger(TotalsWorker.name);
    this.#loop = new WorkerLoop(
      () => this.#turn(),
      POLL_MS,
      (error) => logger.error({ err: error }, 'The hourly totals could not be counted; it will be retried'),
    );
    health.add('totals', this.#loop);
  }

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#loop.stop();
  }

  async #turn(): Promise<{ more: boolean }> {
    const startedAt = performance.now();
    if (startedAt < this.#nextAt) return { more: false };
    await this.counter.count();
    const tookMs = performance.now() - startedAt;
    this.#nextAt = performance.now() + tookMs / SHARE;
    return { more: false };
  }
}
