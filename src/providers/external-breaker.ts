import type { ExternalConfig } from '../config/external-config.js';
import { CircuitBreaker, type Circuit } from '../outbound/circuit-breaker.js';
import { type NotExecuted, notExecuted, type ProviderOutcome } from './provider-outcome.js';

/** The wait that a refused caller is asked for while a probe is in flight. */
const PROBING_RETRY_MS = 1_000;

/** The admission of one operation. */
export interface Permit {
  /** {@link CircuitBreaker.epoch} at the admission. */
  readonly epoch: number;
  readonly probes: boolean;
}

/**
 * Opens after `failures` consecutive failures within `windowMs`, refuses operations for `openMs`, then admits one as
 * a probe, whose outcome closes the circuit or opens it again. Per external and per replica.
 *
 * {@link isFailure} defines a failure. A 4xx, a decline or a 429 is an answer: it proves that the external works, and
 * ends the series of failures. Outcomes of operations that began before the circuit changed are ignored.
 *
 * Status queries are never refused. A query without a connection or an answer counts as a failure ({@link
 * recordQuery}); an answer to a query does not count, as `/status` may answer while `/pay` hangs.
 */
export class ExternalBreaker {
  readonly #breaker: CircuitBreaker;
  /** The times of the last consecutive failures, oldest first. */
  #failuresAtMs: number[] = [];

  constructor(
    private readonly config: ExternalConfig['circuitBreaker'],
    onChange?: (circuit: Circuit) => void,
  ) {
    // A wall clock that is set back would keep the circuit open.
    this.#breaker = new CircuitBreaker(() => performance.now(), onChange);
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  /** How long an open circuit refuses operations; 0 if it does not. */
  get pauseLeftMs(): number {
    return this.#breaker.pauseLeftMs;
  }

  /** Admits an operation, or refuses it. A permit is used by {@link run}, or ends with {@link giveUp}. */
  admit(): Permit | NotExecuted {
    // Read before `probe()` changes them.
    const { pauseLeftMs, probing, circuit } = this.#breaker;
    const probes = circuit !== 'closed';
    if (probes && !this.#breaker.probe()) return refusal(probing ? PROBING_RETRY_MS : pauseLeftMs);
    return { epoch: this.#breaker.epoch, probes };
  }

  /** The operation of the permit has ended, or does not run: the next one may be the probe. */
  giveUp({ epoch, probes }: Permit): void {
    if (probes && epoch === this.#breaker.epoch) this.#breaker.giveUp();
  }

  /** Runs `operation`, or refuses it if there is no permit, or the circuit has opened since it was given. */
  async run<A>(
    operation: () => Promise<ProviderOutcome<A>>,
    permit: Permit | NotExecuted = this.admit(),
  ): Promise<ProviderOutcome<A>> {
    const outdated = 'epoch' in permit && permit.epoch !== this.#breaker.epoch;
    const admitted = outdated ? this.admit() : permit;
    if (!('epoch' in admitted)) return admitted;
    const { epoch } = admitted;
    try {
      const outcome = await operation();
      if (epoch === this.#breaker.epoch) this.#record(isFailure(outcome));
      return outcome;
    } catch (error) {
      // An internal error says nothing about the external, but the probe has to end.
      if (epoch === this.#breaker.epoch && this.#breaker.probing) this.#breaker.trip(this.config.openMs);
      throw error;
    }
  }

  recordQuery(outcome: ProviderOutcome<unknown>): void {
    if (this.#breaker.circuit === 'closed' && isUnreachable(outcome)) this.#record(true);
  }

  #record(failed: boolean): void {
    if (!failed) {
      this.#failuresAtMs = [];
      this.#breaker.close();
    } else if (this.#breaker.probing || this.#isOneTooMany()) {
      this.#failuresAtMs = [];
      this.#breaker.trip(this.config.openMs);
    }
  }

  /** Counts a failure; true if it opens the circuit. */
  #isOneTooMany(): boolean {
    const { failures, windowMs } = this.config;
    const nowMs = performance.now();
    this.#failuresAtMs.push(nowMs);
    if (this.#failuresAtMs.length > failures) this.#failuresAtMs.shift();
    return this.#failuresAtMs.length === failures && nowMs - this.#failuresAtMs[0]! <= windowMs;
  }
}

/** True if the outcome shows an outage of the external: no connection, no answer, an invalid answer, or a 5xx. */
export function isFailure(outcome: ProviderOutcome<unknown>): boolean {
  if (isUnreachable(outcome)) return true;
  if (outcome.kind !== 'unknown') return false;
  // 3xx, 409 and 425 are answers to one request, and callers can provoke them.
  const { status = 0 } = outcome;
  return outcome.reason === 'invalid-answer' || status >= 500 || status === 408;
}

function isUnreachable(outcome: ProviderOutcome<unknown>): boolean {
  return (
    (outcome.kind === 'not-executed' && outcome.reason === 'connection-failed') ||
    (outcome.kind === 'unknown' && (outcome.reason === 'timeout' || outcome.reason === 'cut-off'))
  );
}

function refusal(retryAfterMs: number): NotExecuted {
  const detail = 'The circuit breaker of the external is open: its last calls failed.';
  return notExecuted('circuit-open', detail, retryAfterMs);
}
