import { CircuitBreaker, type Circuit } from '../outbound/circuit-breaker.js';
import type { Clock } from '../shared/clock.js';

/** How many notifications may be claimed; `probes`: to find out whether the receiver is well again. */
export interface Admission {
  readonly limit: number;
  readonly probes: boolean;
}

/** Different subjects in a row without a delivery in between. */
const FAILING_SUBJECTS = 10;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Stops deliveries to one receiver while it as a whole is unwell: nothing is claimed then, so that a deferral spends no
 * attempt. One notification probes the receiver after each pause, and the pauses grow. It takes failures of
 * *different* payments, refunds or subscriptions in a row to open: the notification of one that always fails delays no other.
 *
 * State is per replica.
 */
export class ReceiverBreaker {
  readonly #breaker: CircuitBreaker;
  readonly #failing = new Set<string>();
  #pauseMs = 0;
  /** The subject whose notification probes the receiver now. */
  #probe: string | undefined;

  /** @param onChange is called when deliveries stop and when they resume, not for each probe */
  constructor(clock: Clock, onChange: (circuit: Circuit) => void) {
    this.#breaker = new CircuitBreaker(
      () => clock.now(),
      (circuit, before) => {
        if (circuit === 'closed' || before === 'closed') onChange(circuit);
      },
    );
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  /** How many of `slots` may be claimed now. */
  admit(slots: number): Admission {
    if (this.circuit === 'closed') return { limit: slots, probes: false };
    const probes = slots > 0 && this.circuit === 'half-open' && !this.#breaker.probing;
    return { limit: probes ? 1 : 0, probes };
  }

  /** The notification that was admitted as a probe is sent now; undefined where there was none to claim. */
  probe(subjectRef: string | undefined): void {
    if (subjectRef !== undefined && this.#breaker.probe()) this.#probe = subjectRef;
  }

  /** Whether the claimed notification of this subject may be sent. */
  sends(subjectRef: string): boolean {
    return this.circuit === 'closed' || subjectRef === this.#probe;
  }

  /** An attempt has ended. `undecided`: it says nothing about the receiver. */
  end(subjectRef: string, receiver: 'well' | 'unwell' | 'undecided'): void {
    const probed = subjectRef === this.#probe;
    if (probed) this.#probe = undefined;
    if (receiver === 'well') this.#close();
    else if (receiver === 'unwell') this.#fail(subjectRef, probed);
    else if (probed) this.#breaker.giveUp();
  }

  #close(): void {
    this.#failing.clear();
    this.#pauseMs = 0;
    this.#breaker.close();
  }

  #fail(subjectRef: string, probed: boolean): void {
    this.#failing.add(subjectRef);
    // Deliveries in flight when the circuit opened say nothing new.
    if (!probed && (this.circuit !== 'closed' || this.#failing.size < FAILING_SUBJECTS)) return;
    this.#failing.clear();
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
    // Replicas that opened together need not probe together.
    this.#breaker.trip(Math.round(this.#pauseMs * (0.75 + 0.25 * Math.random())));
  }
}
