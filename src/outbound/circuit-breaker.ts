export type Circuit = 'closed' | 'open' | 'half-open';

type Event =
  | 'trip' //     too many failures, or the probe failed
  | 'probe' //    the pause is over, and one call tests the other side
  | 'give-up' //  the probe had no result: the next call may probe
  | 'close'; //   a call succeeded

/** Events that are not listed change nothing. */
const NEXT: Readonly<Record<Circuit, Partial<Record<Event, Circuit>>>> = {
  closed: { trip: 'open' },
  open: { probe: 'half-open', close: 'closed' },
  'half-open': { trip: 'open', 'give-up': 'open', close: 'closed' },
};

/**
 * The state machine of a circuit breaker: closed, open for a pause, half-open while one probe is in flight. What
 * counts as too many failures and how long a pause lasts is its user's decision. State is per replica.
 */
export class CircuitBreaker {
  #state: Circuit = 'closed';
  #pauseMs = 0;
  #pausedAtMs = 0;
  #epoch = 0;

  constructor(
    /** Milliseconds; may be set back. */
    private readonly nowMs: () => number,
    private readonly onChange: (circuit: Circuit, before: Circuit) => void = () => {},
  ) {}

  /** As reported: an open circuit whose pause is over is half-open. */
  get circuit(): Circuit {
    return this.#state === 'open' && this.pauseLeftMs <= 0 ? 'half-open' : this.#state;
  }

  get probing(): boolean {
    return this.#state === 'half-open';
  }

  /** Changes with the state: what began in another epoch says nothing about this one. */
  get epoch(): number {
    return this.#epoch;
  }

  get pauseLeftMs(): number {
    if (this.#state !== 'open') return 0;
    const leftMs = this.#pausedAtMs + this.#pauseMs - this.nowMs();
    // Longer than the pause itself: the clock was set back.
    return leftMs > this.#pauseMs ? 0 : leftMs;
  }

  trip(pauseMs: number): void {
    this.#pauseMs = pauseMs;
    this.#pausedAtMs = this.nowMs();
    this.#on('trip');
  }

  /** Begins a probe; false where none is due. */
  probe(): boolean {
    return this.pauseLeftMs <= 0 && this.#on('probe');
  }

  giveUp(): void {
    this.#on('give-up');
  }

  close(): void {
    this.#on('close');
  }

  #on(event: Event): boolean {
    const before = this.#state;
    const next = NEXT[before][event];
    if (next === undefined) return false;
    this.#state = next;
    this.#epoch += 1;
    this.onChange(next, before);
    return true;
  }
}
