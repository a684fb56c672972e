import type { Clock } from '../shared/clock.js';

export type ReceiverCircuit = 'closed' | 'open' | 'half-open';

/** How many may be claimed; `probes`: to find out whether the receiver is well again. */
export interface Admission {
  readonly limit: number;
  readonly probes: boolean;
}

const NOTHING: Admission = { limit: 0, probes: false };

/** So many different payments in a row, none of them delivered in between. */
const FAILING_PAYMENTS = 10;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Stops delivering while the receiver as a whole is unwell: nothing is claimed then, so a deferral spends no attempt. One
 * notification probes it after each pause, and the pauses grow. It takes failures of *different* payments in a row to open:
 * one payment's notification that fails for ever, repeated, holds nobody up.
 *
 * Each replica finds out for itself.
 */
export class ReceiverBreaker {
  readonly #failing = new Set<string>();
  #pauseMs = 0;
  #pausedUntil = 0;
  /** The payment whose notification probes the receiver now. */
  #probe: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly onChange: (circuit: ReceiverCircuit) => void,
  ) {}

  get circuit(): ReceiverCircuit {
    if (this.#pauseMs === 0) return 'closed';
    return this.#remainingMs() > 0 ? 'open' : 'half-open';
  }

  /** How many of `room` may be claimed now. */
  admit(room: number): Admission {
    if (this.#pauseMs === 0) return { limit: room, probes: false };
    const waits = room === 0 || this.#remainingMs() > 0 || this.#probe !== undefined;
    return waits ? NOTHING : { limit: 1, probes: true };
  }

  /** The one that was admitted to probe the receiver begins now, where there was one to claim. */
  probe(paymentRef: string | undefined): void {
    if (this.#pauseMs > 0) this.#probe = paymentRef;
  }

  /** An attempt has ended. `undecided`: nothing was learned of the receiver. */
  end(paymentRef: string, receiver: 'well' | 'unwell' | 'undecided'): void {
    const probed = paymentRef === this.#probe;
    if (probed) this.#probe = undefined;
    if (receiver === 'well') this.#close();
    else if (receiver === 'unwell') this.#fail(paymentRef, probed);
  }

  #fail(paymentRef: string, probed: boolean): void {
    this.#failing.add(paymentRef);
    if (probed) this.#pause();
    // Those that were under way when it opened tell nothing new.
    else if (this.#pauseMs === 0 && this.#failing.size >= FAILING_PAYMENTS) this.#pause();
  }

  #pause(): void {
    const opened = this.#pauseMs === 0;
    this.#failing.clear();
    this.#pauseMs = opened ? FIRST_PAUSE_MS : Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    // Replicas that opened together need not probe together.
    this.#pausedUntil = this.clock.now() + Math.round(this.#pauseMs * (0.75 + 0.25 * Math.random()));
    if (opened) this.onChange('open');
  }

  #close(): void {
    this.#failing.clear();
    if (this.#pauseMs === 0) return;
    this.#pauseMs = 0;
    this.onChange('closed');
  }

  #remainingMs(): number {
    const remainingMs = this.#pausedUntil - this.clock.now();
    // Longer than the pause itself: the clock was set back.
    return remainingMs > this.#pauseMs ? 0 : remainingMs;
  }
}
