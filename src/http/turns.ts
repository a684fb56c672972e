/**
 * Lets work begin a few times between two ticks of a timer, and the rest after the next ones: much work at once must
 * not keep the event loop from everything else.
 */
export class Turns {
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly perTick: number,
    private readonly maxWaiting: number,
  ) {}

  /** Begins now, or after a later tick; false where too much waits already. */
  begin(work: () => void): boolean {
    if (this.#taken < this.perTick) {
      this.#taken += 1;
      work();
      return true;
    }
    if (this.#waiting.length >= this.maxWaiting) return false;
    this.#waiting.push(work);
    return true;
  }

  tick(): void {
    const begun = this.#waiting.splice(0, this.perTick);
    this.#taken = begun.length;
    for (const work of begun) work();
  }
}

/** Pauses are so many times as long as what they follow. */
const PAUSE_FACTOR = 19;
const SHORTEST_PAUSE_MS = 6;
/** Where the event loop is late for other reasons, some work is done all the same. */
const LONGEST_PAUSE_MS = 100;

/**
 * Lets costly work begin one at a time, with pauses: it takes a twentieth of the event loop's time at most, whatever it
 * turns out to cost. Counts what runs until the event loop's next turn, promises included.
 */
export class PacedTurns {
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  /** Begins now, or after what waits already. */
  begin(work: () => void): void {
    this.#waiting.push(work);
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const work = this.#waiting.shift();
    this.#busy = work !== undefined;
    if (!work) return;
    const startedAt = performance.now();
    work();
    setImmediate(() => {
      const pauseMs = PAUSE_FACTOR * (performance.now() - startedAt);
      const bounded = Math.min(Math.max(pauseMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
      setTimeout(() => this.#next(), bounded);
    });
  }
}
