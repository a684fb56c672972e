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
