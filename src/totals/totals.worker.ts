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
import { TotalsCounter } from './totals.counter.js';

const POLL_MS = 10_000;
/** Counting takes this share of the time: a busy hour is counted less often. */
const SHARE = 1 / 100;
/** Between the steps of a count, which would otherwise take minutes. */
const LONGEST_PAUSE_MS = 50;
/** After a count of a large ledger. */
const LONGEST_REST_MS = 300_000;

/** Keeps the hourly totals in the background. Of several replicas, one counts at a time. */
@Injectable()
export class TotalsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #loop: WorkerLoop;
  #steps: AsyncGenerator<void, boolean> | undefined;
  /** How long the steps of the present count took. */
  #workMs = 0;

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

  /** One step of a count. A count that fails begins again at the next poll. */
  async #turn(): Promise<TurnEnd> {
    const startedAt = performance.now();
    const steps = this.#steps ?? this.counter.steps();
    this.#steps = undefined;
    const { done } = await steps.next();
    const workMs = performance.now() - startedAt;
    this.#workMs += workMs;
    if (!done) {
      this.#steps = steps;
      return { nextInMs: Math.min(workMs / SHARE, LONGEST_PAUSE_MS) };
    }
    const restMs = Math.min(this.#workMs / SHARE, LONGEST_REST_MS);
    this.#workMs = 0;
    return { nextInMs: Math.max(restMs, POLL_MS) };
  }
}
