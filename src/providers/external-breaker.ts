import type { ExternalConfig } from '../config/external-config.js';
import { CircuitBreaker, type Circuit } from '../outbound/circuit-breaker.js';
import type { NotExecuted, ProviderOutcome } from './provider-outcome.js';

/** How long the probe in flight will take is not known. */
const PROBING_RETRY_MS = 1_000;

/**
 * Opens after `failures` failures in a row within `windowMs`, refuses operations for `openMs`, then lets one through, whose outcome
 * closes the circuit or opens it again. Per external and per replica.
 *
 * A failure says that the external itself is unwell ({@link isFailure}). A 4xx, a decline or a 429 is an answer: it proves that
 * the external is alive, and ends the row. Outcomes of operations that began before the circuit changed are ignored.
 *
 * Status queries are never refused. One without a connection or an answer counts as a failure ({@link noteQuery}); an answer
 * counts as nothing, as `/status` may well answer while `/pay` hangs.
 */
export class ExternalBreaker {
  readonly #breaker: CircuitBreaker;
  /** When the last failures in a row happened, oldest first. */
  #failuresAtMs: number[] = [];

  constructor(
    private readonly config: ExternalConfig['circuitBreaker'],
    onChange?: (circuit: Circuit) => void,
  ) {
    // Not the wall clock: one that is set back would keep the circuit open.
    this.#breaker = new CircuitBreaker(() => performance.now(), onChange);
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  /** Runs `operation`, or refuses it. */
  async run<A>(operation: () => Promise<ProviderOutcome<A>>): Promise<ProviderOutcome<A>> {
    // Read before a probe can begin: that pause is over.
    const { pauseLeftMs, probing, circuit } = this.#breaker;
    if (circuit !== 'closed' && !this.#breaker.probe())
      return refusal(probing ? PROBING_RETRY_MS : pauseLeftMs);
    const { epoch } = this.#breaker;
    try {
      const outcome = await operation();
      if (epoch === this.#breaker.epoch) this.#note(isFailure(outcome));
      return outcome;
    } catch (error) {
      // An internal error says nothing about the external; a probe has to end all the same.
      if (epoch === this.#breaker.epoch && this.#breaker.probing) this.#breaker.trip(this.config.openMs);
      throw error;
    }
  }

  noteQuery(outcome: ProviderOutcome<unknown>): void {
    if (this.#breaker.circuit === 'closed' && isUnreachable(outcome)) this.#note(true);
  }

  #note(failed: boolean): void {
    if (!failed) {
      this.#failuresAtMs = [];
      this.#breaker.close();
    } else if (this.#breaker.probing || this.#tooMany()) {
      this.#failuresAtMs = [];
      this.#breaker.trip(this.config.openMs);
    }
  }

  /** Counts one failure more. */
  #tooMany(): boolean {
    const { failures, windowMs } = this.config;
    const nowMs = performance.now();
    this.#failuresAtMs.push(nowMs);
    if (this.#failuresAtMs.length > failures) this.#failuresAtMs.shift();
    return this.#failuresAtMs.length === failures && nowMs - this.#failuresAtMs[0]! <= windowMs;
  }
}

/** True for an outcome that says that the external is unwell: no connection, no answer, a broken one, or a 5xx. */
export function isFailure(outcome: ProviderOutcome<unknown>): boolean {
  if (isUnreachable(outcome)) return true;
  if (outcome.kind !== 'unknown') return false;
  // 3xx, 409 and 425 are answers to one request, which a caller may provoke at will.
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
  return {
    kind: 'not-executed',
    reason: 'circuit-open',
    detail: 'The external’s circuit breaker is open: its last calls failed.',
    retryAfterMs,
  };
}
