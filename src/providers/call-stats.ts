import type { Clock } from '../shared/clock.js';
import type { ProviderHealth } from './external-provider.js';
import type { ProviderOutcome } from './provider-outcome.js';

/** Refusals by the gateway itself: the external was not called. */
const NOT_CALLED: ReadonlySet<string> = new Set([
  'circuit-open',
  'concurrency-limit',
  'not-supported',
  'shutting-down',
  'paused',
]);

/** The number of calls that the latency is computed from. */
const REMEMBERED = 128;

/** The time of an external's last answer, the time and kind of its last failure, and the latency of its last calls. */
export class CallStats {
  readonly #durationsMs: number[] = [];
  #next = 0;
  #successAt: number | undefined;
  #failureAt: number | undefined;
  #failure: string | undefined;

  constructor(private readonly clock: Clock) {}

  /** `durationMs` of a call that was sent; undefined for one that was refused before its first attempt. */
  record(outcome: ProviderOutcome<unknown>, durationMs: number | undefined): void {
    if (durationMs !== undefined) {
      this.#durationsMs[this.#next] = durationMs;
      this.#next = (this.#next + 1) % REMEMBERED;
    }
    if (outcome.kind === 'completed' || outcome.kind === 'rejected') this.#successAt = this.clock.now();
    else if (!NOT_CALLED.has(outcome.reason)) {
      this.#failureAt = this.clock.now();
      this.#failure = `${outcome.reason}: ${outcome.detail}`;
    }
  }

  snapshot(): Pick<ProviderHealth, 'lastSuccessAt' | 'lastFailureAt' | 'lastFailure' | 'latency'> {
    return {
      lastSuccessAt: this.#successAt,
      lastFailureAt: this.#failureAt,
      lastFailure: this.#failure,
      latency: this.#latency(),
    };
  }

  #latency(): ProviderHealth['latency'] {
    const ordered = this.#durationsMs.toSorted((a, b) => a - b);
    const calls = ordered.length;
    if (calls === 0) return undefined;
    return { calls, p50Ms: ordered[calls >> 1]!, p95Ms: ordered[Math.floor(calls * 0.95)]! };
  }
}
