import { AsyncLocalStorage } from 'node:async_hooks';

/** When the next turn begins, if no hint comes before: at once or at the next poll, or after a time that the turn has chosen. */
export type TurnEnd = { readonly more: boolean } | { readonly nextInMs: number };

/**
 * The loop of a background worker: runs `turn` at a wake-up hint and at each poll, never twice at once, and again
 * immediately while a turn returns `more`. Passes the error of a failed turn to `onError` and continues at the next
 * poll.
 */
export class WorkerLoop {
  /** A hint may come from a request, whose scope must not apply to the worker's logs and traces. */
  readonly #outsideOfRequests = AsyncLocalStorage.snapshot();
  #signOfLifeAt = 0;
  /** Until the next turn without a hint. */
  #pauseMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;
  #stopped = true;

  constructor(
    private readonly turn: () => Promise<TurnEnd>,
    private readonly pollMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** How long ago the last sign of life was, without the pause between turns: grows while a turn hangs. */
  get stalledMs(): number {
    return this.#stopped ? 0 : Math.max(0, performance.now() - this.#signOfLifeAt - this.#pauseMs);
  }

  start(): void {
    this.#stopped = false;
    this.#signOfLifeAt = performance.now();
    this.wake();
  }

  /** Something may be due: runs a turn now, or one more after the running one. Cheap, callable at any time. */
  wake(): void {
    this.#wanted = true;
    if (this.#stopped || this.#running) return;
    clearTimeout(this.#timer);
    // Starts in a microtask: a turn that wakes its own loop must find it running.
    this.#running = this.#outsideOfRequests(() => Promise.resolve().then(() => this.#run())).finally(() => {
      this.#running = undefined;
      if (this.#stopped) return;
      if (this.#wanted) this.wake();
      else this.#timer = setTimeout(() => this.wake(), this.#pauseMs).unref();
    });
  }

  /** Starts no further turn; resolves when the running one has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      this.#signOfLifeAt = performance.now();
      this.#pauseMs = this.pollMs;
      try {
        const end = await this.turn();
        if ('nextInMs' in end) this.#pauseMs = end.nextInMs;
        else this.#wanted ||= end.more;
      } catch (error) {
        this.onError(error);
        this.#wanted = false;
      }
    }
    this.#signOfLifeAt = performance.now();
  }
}
