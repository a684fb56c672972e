import type { Clock } from '../shared/clock.js';
import type { ProviderHealth } from './external-provider.js';
import type { ProviderOutcome } from './provider-outcome.js';
import { RecentCalls } from './recent-calls.js';

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

type Snapshot = Pick<
  ProviderHealth,
  'lastSuccessAt' | 'lastFailureAt' | 'lastFailure' | 'latency' | 'lastHour' | 'credentialsRefusedAt'
>;

/**
 * The time of an external's last answer, the time and kind of its last failure, the latency of its last calls, and the
 * calls of the last hour.
 */
export class CallStats {
  readonly #durationsMs: number[] = [];
  #next = 0;
  #successAt: number | undefined;
  #failureAt: number | undefined;
  #failure: string | undefined;
  #credentialsRefusedAt: number | undefined;
  readonly #recent = new RecentCalls();

  constructor(private readonly clock: Clock) {}

  /** `durationMs` of a call that was sent; undefined for one that was refused before its first attempt. */
  record(outcome: ProviderOutcome<unknown>, durationMs: number | undefined): void {
    const answered = outcome.kind === 'completed' || outcome.kind === 'rejected';
    if (durationMs !== undefined) {
      this.#recent.record(this.clock.now(), durationMs, !answered);
      this.#durationsMs[this.#next] = durationMs;
      this.#next = (this.#next + 1) % REMEMBERED;
    }
    if (answered) {
      this.#successAt = this.clock.now();
      this.#credentialsRefusedAt = undefined;
    } else if (!NOT_CALLED.has(outcome.reason)) {
      this.#failureAt = this.clock.now();
      this.#failure = `${outcome.reason}: ${outcome.detail}`;
      if (outcome.reason === 'credentials-refused') this.#credentialsRefusedAt ??= this.#failureAt;
    }
  }

  snapshot(): Snapshot {
    return {
      lastSuccessAt: this.#successAt,
      lastFailureAt: this.#failureAt,
      lastFailure: this.#failure,
      latency: this.#latency(),
      lastHour: this.#recent.lastHour(this.clock.now()),
      credentialsRefusedAt: this.#credentialsRefusedAt,
    };
  }

  #latency(): ProviderHealth['latency'] {
    const ordered = this.#durationsMs.toSorted((a, b) => a - b);
    const calls = ordered.length;
    if (calls === 0) return undefined;
    return { calls, p50Ms: ordered[calls >> 1]!, p95Ms: ordered[Math.floor(calls * 0.95)]! };
  }
}
