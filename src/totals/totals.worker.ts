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
/** Steps take at most this share of the time: a busy hour is counted less often, and no payment waits for more than a step. */
const SHARE = 1 / 100;

/** Keeps the hourly totals in the background. Of several replicas, one counts at a time. */
@Injectable()
export class TotalsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #loop: WorkerLoop;
  #steps: AsyncGenerator<void, boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;

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

  async beforeApplicationShutdown(): Promise<void> {
    await this.#loop.stop();
    clearTimeout(this.#timer);
  }

  /** One step of a count. A count that fails begins again at the next poll. */
  async #turn(): Promise<{ more: boolean }> {
    const startedAt = performance.now();
    const steps = this.#steps ?? this.counter.steps();
    this.#steps = undefined;
    const { done } = await steps.next();
    if (done) return { more: false };
    this.#steps = steps;
    // Not after the poll, which would end the pause.
    const pauseMs = Math.min((performance.now() - startedAt) * (1 / SHARE - 1), POLL_MS);
    this.#timer = setTimeout(() => this.#loop.wake(), pauseMs).unref();
    return { more: false };
  }
}
