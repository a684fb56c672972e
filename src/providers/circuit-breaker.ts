import {
  CircuitState,
  circuitBreaker,
  handleWhenResult,
  type CircuitBreakerPolicy,
  type IBreaker,
} from 'cockatiel';
import type { ExternalConfig } from '../config/external-config.js';
import type { NotExecuted, ProviderOutcome } from './provider-outcome.js';

export type Circuit = 'closed' | 'open' | 'half-open';

/** While the one probe of a half-open circuit is under way, nobody knows for how long. */
const HALF_OPEN_RETRY_MS = 1_000;
/** cockatiel measures the open time by the wall clock, and one that is set back would keep a circuit open: it is measured here. */
const ALWAYS = Number.NEGATIVE_INFINITY;

/**
 * Opens after `failures` failures in a row that all lie within `windowMs`, refuses operations for `openMs`, then lets one through
 * (half-open), whose end closes it or opens it anew. Per external and per replica.
 *
 * A failure is what says that the external is unwell ({@link isFailure}). A 4xx, a decline or a 429 is an answer: it proves that the
 * external lives, and ends the row. Operations under way when the circuit changes have no say in the new state:
 * they tell of the time before.
 *
 * Status questions never pass through here. One that finds no connection or no answer counts as a failure
 * ({@link recordFailure}); one that is answered counts as nothing, for `/status` may well answer while `/pay` hangs.
 */
export class CircuitBreaker {
  readonly #policy: CircuitBreakerPolicy;
  readonly #openMs: number;
  #openedAt = 0;
  /** Counts the changes of state. */
  #epoch = 0;

  constructor(
    { failures, windowMs, openMs }: ExternalConfig['circuitBreaker'],
    onChange: (circuit: Circuit) => void = () => {},
  ) {
    this.#openMs = openMs;
    this.#policy = circuitBreaker(
      handleWhenResult((outcome) => isFailure(outcome as ProviderOutcome<unknown>)),
      { halfOpenAfter: ALWAYS, breaker: new FailuresInARow(failures, windowMs) },
    );
    this.#policy.onStateChange((state) => {
      this.#epoch += 1;
      if (state === CircuitState.Open) this.#openedAt = performance.now();
      onChange(circuitOf(state));
    });
  }

  get circuit(): Circuit {
    const circuit = circuitOf(this.#policy.state);
    return circuit === 'open' && this.#remainingMs() <= 0 ? 'half-open' : circuit;
  }

  /** Runs `operation`, or refuses it. */
  async run<A>(operation: () => Promise<ProviderOutcome<A>>): Promise<ProviderOutcome<A>> {
    // cockatiel keeps callers waiting for the probe of a half-open circuit; a payment had better be refused at once.
    const { state } = this.#policy;
    if (state === CircuitState.HalfOpen) return refusal(HALF_OPEN_RETRY_MS);
    const remainingMs = state === CircuitState.Open ? this.#remainingMs() : 0;
    if (remainingMs > 0) return refusal(remainingMs);
    try {
      return await this.#policy.execute(async () => {
        const epoch = this.#epoch;
        const outcome = await operation();
        // An error that the policy does not handle is neither success nor failure to it.
        if (epoch !== this.#epoch) throw new Outdated(outcome);
        return outcome;
      });
    } catch (error) {
      if (error instanceof Outdated) return error.outcome as ProviderOutcome<A>;
      throw error;
    }
  }

  /** Takes note of the end of a status question: a lack of connection or of an answer is a failure, and nothing else counts. */
  async noteQuestion(outcome: ProviderOutcome<unknown>): Promise<void> {
    if (this.#policy.state !== CircuitState.Closed || !isUnreachable(outcome)) return;
    await this.#policy.execute(() => outcome);
  }

  #remainingMs(): number {
    return this.#openedAt + this.#openMs - performance.now();
  }
}

/** True for an end that says that the external is unwell: no connection, no answer, a broken one, or a 5xx. */
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

class FailuresInARow implements IBreaker {
  /** When the last failures in a row were, oldest first. */
  state: number[] = [];

  constructor(
    private readonly failures: number,
    private readonly windowMs: number,
  ) {}

  success(): void {
    if (this.state.length > 0) this.state = [];
  }

  failure(): boolean {
    const now = performance.now();
    this.state.push(now);
    if (this.state.length > this.failures) this.state.shift();
    if (this.state.length < this.failures || now - this.state[0]! > this.windowMs) return false;
    this.state = [];
    return true;
  }
}

/** The end of an operation that began before the circuit changed. */
class Outdated extends Error {
  constructor(readonly outcome: ProviderOutcome<unknown>) {
    super('The circuit changed meanwhile');
    this.name = 'Outdated';
  }
}

function circuitOf(state: CircuitState): Circuit {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}

function refusal(retryAfterMs: number): NotExecuted {
  return {
    kind: 'not-executed',
    reason: 'circuit-open',
    detail: 'The external’s circuit breaker is open: its last calls failed.',
    retryAfterMs,
  };
}
