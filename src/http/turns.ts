/** What waits for its turn: either begins or is refused, once. */
export interface Waiting {
  /** Whose turns it takes, such as the network of a client; called where it must wait. */
  source(): string;
  begin(): void;
  refuse(): void;
  /** Whether its client is still there. Work without a client is dropped. */
  isWanted(): boolean;
}

/**
 * Lets work begin a few times between two ticks of a timer, and the rest after the next ones: much work at once must
 * not keep the event loop from everything else. Sources take turns, so that one's flood does not keep others waiting.
 */
export class Turns {
  #taken = 0;
  #size = 0;
  /** By source, the one whose turn comes next first. None is empty. */
  readonly #queues = new Map<string, Waiting[]>();

  constructor(
    private readonly perTick: number,
    private readonly maxWaiting: number,
  ) {}

  /** Begins now, or after a later tick. Where too much waits, the newest of the source that has most is refused. */
  begin(work: Waiting): void {
    if (this.#taken < this.perTick) {
      this.#taken += 1;
      work.begin();
      return;
    }
    const source = work.source();
    const queue = this.#queues.get(source);
    if (queue) queue.push(work);
    else this.#queues.set(source, [work]);
    this.#size += 1;
    if (this.#size <= this.maxWaiting) return;
    this.#dropUnwanted();
    if (this.#size > this.maxWaiting) this.#refuseOne();
  }

  tick(): void {
    this.#taken = 0;
    while (this.#taken < this.perTick) {
      const [next] = this.#queues;
      if (!next) return;
      const [source, queue] = next;
      this.#queues.delete(source);
      const work = queue.shift()!;
      this.#size -= 1;
      if (queue.length > 0) this.#queues.set(source, queue);
      if (!work.isWanted()) continue;
      this.#taken += 1;
      work.begin();
    }
  }

  #dropUnwanted(): void {
    this.#size = 0;
    for (const [source, queue] of this.#queues) {
      const wanted = queue.filter((work) => work.isWanted());
      this.#size += wanted.length;
      if (wanted.length > 0) this.#queues.set(source, wanted);
      else this.#queues.delete(source);
    }
  }

  #refuseOne(): void {
    let longest: Waiting[] = [];
    for (const queue of this.#queues.values()) if (queue.length > longest.length) longest = queue;
    const newest = longest.pop();
    if (!newest) return;
    this.#size -= 1;
    newest.refuse();
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
