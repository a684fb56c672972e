interface Waiting {
  readonly sinceMs: number;
  readonly admit: (place: boolean) => void;
}

/** The places of one receiver, for notifications that are on the wire at once. Claimed ones wait here for a place. */
export class ReceiverLane {
  #free: number;
  readonly #waiting: Waiting[] = [];
  #watched = false;
  #left = 0;
  #leftAtClaim = 0;

  /** @param longestWaitMs how long a notification may wait for a place */
  constructor(
    places: number,
    private readonly longestWaitMs: number,
  ) {
    this.#free = places;
  }

  /** True, at once or later, with a place, which {@link leave} returns; false if there was none in time. */
  enter(): true | Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return new Promise((admit) => {
      this.#waiting.push({ sinceMs: performance.now(), admit });
      if (!this.#watched) this.#watch(this.longestWaitMs);
    });
  }

  leave(): void {
    this.#left += 1;
    const next = this.#waiting.shift();
    if (next) next.admit(true);
    else this.#free += 1;
  }

  /** The pace of the receiver: how many notifications have left since the last claim, and a mark for the next one. */
  sinceClaim(): { readonly left: number; readonly mark: () => void } {
    const left = this.#left;
    return { left: left - this.#leftAtClaim, mark: () => (this.#leftAtClaim = left) };
  }

  #watch(waitMs: number): void {
    this.#watched = true;
    setTimeout(() => this.#refuseLate(), waitMs).unref();
  }

  #refuseLate(): void {
    this.#watched = false;
    const nowMs = performance.now();
    while (this.#waiting[0] && nowMs - this.#waiting[0].sinceMs >= this.longestWaitMs) {
      this.#waiting.shift()!.admit(false);
    }
    const [oldest] = this.#waiting;
    if (oldest) this.#watch(this.longestWaitMs - (nowMs - oldest.sinceMs));
  }
}
