import type { ExternalConfig } from '../config/external-config.js';
import type { Circuit } from '../outbound/circuit-breaker.js';
import { InFlight } from '../shared/in-flight.js';
import { unlessAborted } from '../shared/unless-aborted.js';
import { attemptChange, attemptQuery, type Call } from './attempts.js';
import { ExternalBreaker, type Permit } from './external-breaker.js';
import type { CallSlot } from './external-provider.js';
import { type NotExecuted, notExecuted, type ProviderOutcome } from './provider-outcome.js';

export type ResilienceConfig = Pick<
  ExternalConfig,
  'timeoutMs' | 'maxConcurrency' | 'circuitBreaker' | 'honoursIdempotencyKey'
>;

const BACKGROUND_SHARE = 0.25;

export const CONCURRENCY_REFUSAL = Object.freeze(
  notExecuted(
    'concurrency-limit',
    'The number of calls in flight to the external has reached its limit.',
    1_000,
  ),
);

/** How many background queries may be in flight: a share of the concurrency limit, at least one (SPEC §4). */
export function backgroundLimit({ maxConcurrency }: Pick<ResilienceConfig, 'maxConcurrency'>): number {
  return Math.max(1, Math.floor(maxConcurrency * BACKGROUND_SHARE));
}

/** A call that can be ended before its time-out. */
interface CallInFlight {
  readonly background: boolean;
  readonly end: () => void;
}

class ReservedSlot implements CallSlot {
  #held = true;

  constructor(
    readonly permit: Permit,
    private readonly free: () => void,
  ) {}

  release(): void {
    if (this.#held) this.free();
    this.#held = false;
  }
}

/**
 * The policies that every call to one external passes (SPEC §7), outermost first: concurrency limit, circuit breaker,
 * deadline, attempts. State is per replica: N replicas allow N times `maxConcurrency`, and each one detects an outage
 * on its own.
 */
export class Resilience {
  readonly #breaker: ExternalBreaker;
  readonly #calls = new InFlight<CallInFlight>();
  #taken = 0;
  #takenByBackground = 0;

  constructor(
    private readonly config: ResilienceConfig,
    onCircuit?: (circuit: Circuit) => void,
  ) {
    this.#breaker = new ExternalBreaker(config.circuitBreaker, onCircuit);
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  /** How long an open circuit refuses operations. */
  get pauseLeftMs(): number {
    return this.#breaker.pauseLeftMs;
  }

  /** Slots taken of the concurrency limit. */
  get inFlight(): number {
    return this.#taken;
  }

  /** Ends calls in flight as if their time-out had passed; `background`: only those without a waiting caller. */
  cut(which: 'all' | 'background'): void {
    for (const { background, end } of this.#calls) if (which === 'all' || background) end();
  }

  /** Takes a slot, and the permit of the circuit breaker, for an operation that a caller waits for; or refuses it. */
  reserve(): CallSlot | NotExecuted {
    if (this.#taken >= this.config.maxConcurrency) return CONCURRENCY_REFUSAL;
    const permit = this.#breaker.admit();
    if (!('epoch' in permit)) return permit;
    this.#take(false, 1);
    return new ReservedSlot(permit, () => {
      this.#take(false, -1);
      this.#breaker.giveUp(permit);
    });
  }

  /** Resolves within `timeoutMs`, refusals at once. Releases `slot`, or takes one for the call if there is none. */
  async run<A>(call: Call<A>, slot?: CallSlot): Promise<ProviderOutcome<A>> {
    if (!slot) return this.#admit(call, () => this.#work(call)) ?? CONCURRENCY_REFUSAL;
    try {
      return await this.#work(call, slot instanceof ReservedSlot ? slot.permit : undefined);
    } finally {
      slot.release();
    }
  }

  #work<A>(call: Call<A>, permit?: Permit): Promise<ProviderOutcome<A>> {
    return call.changesState ? this.#change(call, permit) : this.#query(call);
  }

  #change<A>(call: Call<A>, permit: Permit | undefined): Promise<ProviderOutcome<A>> {
    return this.#breaker.run(
      () => this.#within(call, (signal) => attemptChange(call, signal, this.config)),
      permit,
    );
  }

  async #query<A>(call: Call<A>): Promise<ProviderOutcome<A>> {
    const beside = (attempt: () => Promise<ProviderOutcome<A>>) => this.#admit(call, attempt);
    const outcome = await this.#within(call, (signal) =>
      attemptQuery(call, signal, this.config.timeoutMs, beside),
    );
    this.#breaker.recordQuery(outcome);
    return outcome;
  }

  /** Runs `work` in a free slot, or returns undefined where there is none. */
  #admit<T>({ background }: Call<unknown>, work: () => Promise<T>): Promise<T> | undefined {
    const full = this.#taken >= this.config.maxConcurrency;
    if (full || (background && this.#takenByBackground >= backgroundLimit(this.config))) return undefined;
    return this.#inSlot(background, work);
  }

  async #inSlot<T>(background: boolean, work: () => Promise<T>): Promise<T> {
    this.#take(background, 1);
    try {
      return await work();
    } finally {
      this.#take(background, -1);
    }
  }

  #take(background: boolean, slots: 1 | -1): void {
    this.#taken += slots;
    if (background) this.#takenByBackground += slots;
  }

  /** At the deadline `signal` aborts, and the outcome does not wait for `work` to end. */
  async #within<A>(
    call: Call<A>,
    work: (signal: AbortSignal) => Promise<ProviderOutcome<A>>,
  ): Promise<ProviderOutcome<A>> {
    const deadline = new AbortController();
    const { signal } = deadline;
    const end = (): void => deadline.abort();
    const timer = setTimeout(end, this.config.timeoutMs);
    const place = this.#calls.enter({ background: call.background, end });
    try {
      return await unlessAborted(
        signal,
        () => work(signal),
        () => call.atDeadline(),
      );
    } finally {
      clearTimeout(timer);
      this.#calls.leave(place);
    }
  }
}
