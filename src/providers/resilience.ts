import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import type { ExternalConfig } from '../config/external-config.js';
import { ChangingAttempts, QuestionAttempts, type Call } from './attempts.js';
import { InFlight } from '../shared/in-flight.js';
import { CircuitBreaker, type Circuit } from './circuit-breaker.js';
import type { NotExecuted, ProviderOutcome } from './provider-outcome.js';

export type ResilienceConfig = Pick<
  ExternalConfig,
  'timeoutMs' | 'maxConcurrency' | 'circuitBreaker' | 'honoursIdempotencyKey'
>;

const BACKGROUND_SHARE = 0.25;
const FULL_RETRY_MS = 1_000;

/** How many background questions may be under way at once: a share of the concurrency limit, at least one (SPEC §4). */
export function backgroundLimit({ maxConcurrency }: Pick<ResilienceConfig, 'maxConcurrency'>): number {
  return Math.max(1, Math.floor(maxConcurrency * BACKGROUND_SHARE));
}

/**
 * What stands between a call and one external (SPEC §7), outermost first: concurrency limit, circuit breaker, deadline, further
 * attempts. Its state is this replica's own: N replicas allow N times `maxConcurrency`, and each finds out for itself that the
 * external is down. cockatiel's policies are nested by hand, as its `wrap` costs more; the deadline is not its `timeout`, which
 * costs as much as all the rest here.
 */
export class Resilience {
  readonly #all: BulkheadPolicy;
  readonly #background: BulkheadPolicy;
  readonly #breaker: CircuitBreaker;
  readonly #timeoutMs: number;
  readonly #changing: ChangingAttempts;
  readonly #questions: QuestionAttempts;
  readonly #maxConcurrency: number;
  readonly #inFlight = new InFlight<CallInFlight>();

  constructor(config: ResilienceConfig, onCircuit?: (circuit: Circuit) => void) {
    this.#maxConcurrency = config.maxConcurrency;
    this.#all = bulkhead(config.maxConcurrency, 0);
    this.#background = bulkhead(backgroundLimit(config), 0);
    this.#breaker = new CircuitBreaker(config.circuitBreaker, onCircuit);
    this.#timeoutMs = config.timeoutMs;
    this.#changing = new ChangingAttempts(config.timeoutMs, config.honoursIdempotencyKey);
    this.#questions = new QuestionAttempts(config.timeoutMs);
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  /** Places taken of the concurrency limit. */
  get inFlight(): number {
    return this.#maxConcurrency - this.#all.executionSlots;
  }

  /** Ends the calls under way as if their time were over; `background`: those only that no caller waits for. */
  cut(which: 'all' | 'background'): void {
    for (const { background, end } of this.#inFlight) if (which === 'all' || background) end();
  }

  /** Resolves within `timeoutMs`, refusals at once. */
  async run<A>(call: Call<A>): Promise<ProviderOutcome<A>> {
    return (
      this.#admit(call, () => (call.changesState ? this.#change(call) : this.#ask(call))) ??
      CONCURRENCY_REFUSAL
    );
  }

  #change<A>(call: Call<A>): Promise<ProviderOutcome<A>> {
    return this.#breaker.run(() => this.#within(call, (signal) => this.#changing.run(call, signal)));
  }

  async #ask<A>(call: Call<A>): Promise<ProviderOutcome<A>> {
    const beside = (attempt: () => Promise<ProviderOutcome<A>>) => this.#admit(call, attempt);
    const outcome = await this.#within(call, (signal) => this.#questions.run(call, signal, beside));
    if (outcome.kind !== 'completed') await this.#breaker.noteQuestion(outcome);
    return outcome;
  }

  /** Runs `work` in a free place, or gives undefined where there is none. */
  #admit<T>(call: Call<unknown>, work: () => Promise<T>): Promise<T> | undefined {
    if (this.#all.executionSlots < 1 || (call.background && this.#background.executionSlots < 1))
      return undefined;
    if (!call.background) return this.#all.execute(work);
    return this.#background.execute(() => this.#all.execute(work));
  }

  /** When the time is over, `work` is told by its signal, and nobody waits for it to notice. */
  #within<A>(
    call: Call<A>,
    work: (signal: AbortSignal) => Promise<ProviderOutcome<A>>,
  ): Promise<ProviderOutcome<A>> {
    return new Promise((resolve, reject) => {
      const deadline = new AbortController();
      const end = (): void => {
        deadline.abort();
        resolve(call.atDeadline());
      };
      const timer = setTimeout(end, this.#timeoutMs);
      const place = this.#inFlight.enter({ background: call.background, end });
      work(deadline.signal)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
          this.#inFlight.leave(place);
        });
    });
  }
}

/** A call that can be ended before its time is over. */
interface CallInFlight {
  readonly background: boolean;
  readonly end: () => void;
}

const CONCURRENCY_REFUSAL: NotExecuted = Object.freeze({
  kind: 'not-executed',
  reason: 'concurrency-limit',
  detail: 'As many calls to the external are under way as are allowed.',
  retryAfterMs: FULL_RETRY_MS,
});
