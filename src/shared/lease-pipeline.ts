import { WorkerLoop } from './worker-loop.js';

/** What a worker does: claim and record in one transaction, and in between the work itself with none open. */
export interface PipelineSteps<Job, End> {
  /**
   * One transaction: writes down how jobs ended and claims at most `room` new ones (none where it is 0). Where it throws,
   * nothing of it happened, and the same ends are told again.
   */
  exchange(ends: readonly End[], room: number): Promise<readonly Job[]>;

  /** Does one job. Resolves soon after `signal` is aborted; an error is a defect, and leaves the job to its lease. */
  run(job: Job, signal: AbortSignal): Promise<End>;
}

export interface PipelineOptions {
  /** Jobs under way at once. */
  readonly limit: number;
  readonly pollMs: number;
  /** Told of the first error of a row only: a database that is away is one piece of news. */
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps up to `limit` jobs under way, each on its own: a job that ends makes room for another at once, whatever the others
 * do. Ends that come in while a transaction runs share the next one, so that the busier it is the less each of them costs.
 */
export class LeasePipeline<Job, End> {
  readonly #loop: WorkerLoop;
  readonly #running = new Set<Promise<void>>();
  readonly #breakOff = new AbortController();
  readonly #ends: End[] = [];
  #failing = false;

  constructor(
    private readonly steps: PipelineSteps<Job, End>,
    private readonly options: PipelineOptions,
  ) {
    this.#loop = new WorkerLoop(
      () => this.#turn(),
      options.pollMs,
      (error) => {
        if (!this.#failing) options.onError(error);
        this.#failing = true;
      },
    );
  }

  /** Of its loop; a job that hangs does not count, its lease ends. */
  get stalledMs(): number {
    return this.#loop.stalledMs;
  }

  start(): void {
    this.#loop.start();
  }

  /** Something may be due. */
  wake(): void {
    this.#loop.wake();
  }

  /** Claims nothing more, lets what is under way end, breaks it off after `graceMs`, and records all of it. */
  async stop(graceMs: number): Promise<void> {
    await this.#loop.stop();
    const timer = setTimeout(() => this.#breakOff.abort(), graceMs);
    await Promise.all(this.#running);
    clearTimeout(timer);
    if (this.#ends.length === 0) return;
    try {
      await this.steps.exchange(this.#ends.splice(0), 0);
    } catch (error) {
      this.options.onError(error);
    }
  }

  async #turn(): Promise<{ more: boolean }> {
    const ends = [...this.#ends];
    const jobs = await this.steps.exchange(ends, this.options.limit - this.#running.size);
    this.#failing = false;
    this.#ends.splice(0, ends.length);
    for (const job of jobs) this.#start(job);
    return { more: false };
  }

  #start(job: Job): void {
    const running = this.#run(job).finally(() => {
      this.#running.delete(running);
      this.#loop.wake();
    });
    this.#running.add(running);
  }

  async #run(job: Job): Promise<void> {
    try {
      this.#ends.push(await this.steps.run(job, this.#breakOff.signal));
    } catch (error) {
      this.options.onError(error);
    }
  }
}
