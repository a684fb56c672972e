import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * One background worker: runs `turn` at a wake-up hint and at each poll, never twice at once, and again at once while a
 * turn says that there is more. A failed turn is told to `onError` and tried again at the next poll.
 */
export class WorkerLoop {
  /** A hint may come out of a request, whose scope its logs and traces must not take over. */
  readonly #ofItsOwn = AsyncLocalStorage.snapshot();
  #signOfLifeAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;
  #stopped = true;

  constructor(
    private readonly turn: () => Promise<{ readonly more: boolean }>,
    private readonly pollMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** How long nothing has been heard of it, beyond its pause between turns: of a turn that hangs, ever longer. */
  get stalledMs(): number {
    return this.#stopped ? 0 : Math.max(0, performance.now() - this.#signOfLifeAt - this.pollMs);
  }

  start(): void {
    this.#stopped = false;
    this.#signOfLifeAt = performance.now();
    this.wake();
  }

  /** Something may be due: run a turn now, or one more after the turn at hand. Cheap, callable at any time. */
  wake(): void {
    this.#wanted = true;
    if (this.#stopped || this.#running) return;
    clearTimeout(this.#timer);
    // Begins in a microtask: a turn that wakes its own loop must find it running.
    this.#running = this.#ofItsOwn(() => Promise.resolve().then(() => this.#run())).finally(() => {
      this.#running = undefined;
      if (this.#stopped) return;
      if (this.#wanted) this.wake();
      else this.#timer = setTimeout(() => this.wake(), this.pollMs).unref();
    });
  }

  /** No further turn begins; resolves when the one at hand has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      this.#signOfLifeAt = performance.now();
      try {
        const { more } = await this.turn();
        this.#wanted ||= more;
      } catch (error) {
        this.onError(error);
        this.#wanted = false;
      }
    }
    this.#signOfLifeAt = performance.now();
  }
}
