import { SystemClock } from '../shared/clock.js';

const LOOK_EVERY_MS = 1_000;
/** Longer than a busy process takes for one turn. */
const PAUSE_MS = 3_000;

/** Both in milliseconds. */
export interface PauseClocks {
  /** Counts while the process is stopped. */
  readonly monotonic: () => number;
  /** Counts while the machine is suspended too. A step that is accepted counts as a pause, which costs new connections only. */
  readonly wall: () => number;
}

const clock = new SystemClock();
const MACHINE: PauseClocks = { monotonic: () => performance.now(), wall: () => clock.now() };

/**
 * Counts the pauses of this process: times in which it was stopped, its machine was suspended or migrated, or one
 * turn of its event loop took seconds. What it knew before about other machines, such as which connections are open,
 * is no longer true.
 */
export class PauseDetector {
  #count = 0;
  #monotonic: number;
  #wall: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly clocks: PauseClocks = MACHINE) {
    this.#monotonic = clocks.monotonic();
    this.#wall = clocks.wall();
  }

  /** The number of pauses up to now. */
  count(): number {
    const monotonic = this.clocks.monotonic();
    const wall = this.clocks.wall();
    const passedMs = monotonic - this.#monotonic;
    const steppedMs = Math.abs(wall - this.#wall - passedMs);
    // No timer ran, so there is no count from before.
    if (this.#timer && (passedMs > PAUSE_MS || steppedMs > PAUSE_MS)) this.#count += 1;
    this.#monotonic = monotonic;
    this.#wall = wall;
    this.#timer ??= setInterval(() => this.count(), LOOK_EVERY_MS).unref();
    return this.#count;
  }
}

/** Of this process. */
export const processPauses = new PauseDetector();
