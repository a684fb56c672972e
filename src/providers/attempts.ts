import {
  ExponentialBackoff,
  fullJitterGenerator,
  handleWhenResult,
  retry,
  type RetryPolicy,
} from 'cockatiel';
import type { ProviderOutcome } from './provider-outcome.js';

/** What one call does, as the policies see it. */
export interface Call<A> {
  readonly changesState: boolean;
  readonly background: boolean;
  /** Sends the request once more. Never rejects for what the external does, or when `signal` aborts. */
  attempt(number: number, signal: AbortSignal): Promise<ProviderOutcome<A>>;
  /** Ends the attempts that are still under way: another one has answered. */
  supersede(): void;
  /** How the call ends when the deadline passes now. */
  atDeadline(): ProviderOutcome<A>;
}

export const MAX_ATTEMPTS = 3;

/** Waits before further attempts, full jitter: up to 2 % of the time-out (10 to 200 ms), then up to twice as long. */
function backoffFor(timeoutMs: number): ExponentialBackoff<number> {
  const initialDelay = Math.min(Math.max(timeoutMs / 50, 10), 200);
  return new ExponentialBackoff({ generator: fullJitterGenerator, initialDelay, maxDelay: 2 * initialDelay });
}

/**
 * The attempts of an operation that changes something: one after the other, each sent only once the one before has ended.
 * A further one only where it can do no harm (SPEC §7): nothing was sent, or the external honours the `Idempotency-Key`.
 */
export class ChangingAttempts {
  readonly #retry: RetryPolicy;

  constructor(
    timeoutMs: number,
    private readonly honoursIdempotencyKey: boolean,
  ) {
    const mayRepeat = handleWhenResult((outcome) => this.#mayRepeat(outcome as ProviderOutcome<unknown>));
    this.#retry = retry(mayRepeat, { maxAttempts: MAX_ATTEMPTS - 1, backoff: backoffFor(timeoutMs) });
  }

  async run<A>(call: Call<A>, signal: AbortSignal): Promise<ProviderOutcome<A>> {
    let doubt: ProviderOutcome<A> | undefined;
    const last = await this.#retry.execute(async ({ attempt }) => {
      if (signal.aborted) return call.atDeadline();
      const outcome = await call.attempt(attempt + 1, signal);
      if (outcome.kind === 'unknown') doubt = outcome;
      return outcome;
    }, signal);
    // After a doubt only the answer itself settles it: that a later attempt was refused says nothing about the one before.
    return last.kind === 'completed' ? last : (doubt ?? last);
  }

  #mayRepeat(outcome: ProviderOutcome<unknown>): boolean {
    if (outcome.kind === 'not-executed') return outcome.reason === 'connection-failed';
    return this.honoursIdempotencyKey && isTransient(outcome);
  }
}

/** When the next attempt of a question begins beside those that have not answered, as shares of the time-out. */
const PATIENCE = [0.4, 0.3];

/**
 * The attempts of a question, which changes nothing. One that fails is followed by the next. One that merely takes long is
 * not cut off: the next begins beside it, after 40 % and 70 % of the time-out, and whichever answers first is believed. So an
 * attempt that hangs leaves time for two more, and an external that needs 80 % of the time-out still answers
 * with its first.
 */
export class QuestionAttempts {
  readonly #backoff: ExponentialBackoff<number>;

  constructor(private readonly timeoutMs: number) {
    this.#backoff = backoffFor(timeoutMs);
  }

  /** `beside` runs an attempt beside another one where the concurrency limit leaves room, else gives undefined. */
  run<A>(
    call: Call<A>,
    signal: AbortSignal,
    beside: (attempt: () => Promise<ProviderOutcome<A>>) => Promise<ProviderOutcome<A>> | undefined,
  ): Promise<ProviderOutcome<A>> {
    return new Promise((resolve, reject) => {
      let backoff: { readonly duration: number; next(context: undefined): typeof backoff } | undefined;
      let begun = 0;
      let running = 0;
      let settled = false;
      let timer: NodeJS.Timeout | undefined;

      const settle = (outcome: ProviderOutcome<A>): void => {
        settled = true;
        clearTimeout(timer);
        if (running > 0) call.supersede();
        resolve(outcome);
      };
      const later = (begin: () => void, waitMs: number): void => {
        clearTimeout(timer);
        timer = setTimeout(begin, waitMs);
      };
      const backOff = (): number => {
        backoff = backoff?.next(undefined) ?? this.#backoff.next();
        return backoff.duration;
      };
      const ended = (outcome: ProviderOutcome<A>): void => {
        running -= 1;
        if (settled) return;
        const final = !isTransient(outcome) && !isConnectionFailure(outcome);
        if (final || signal.aborted || (begun === MAX_ATTEMPTS && running === 0)) settle(outcome);
        else if (begun < MAX_ATTEMPTS) later(begin, backOff());
      };
      const begin = (): void => {
        if (signal.aborted) return settle(call.atDeadline());
        const number = begun + 1;
        const attempt = () => call.attempt(number, signal);
        const sent = running === 0 ? attempt() : beside(attempt);
        if (!sent) return;
        begun = number;
        running += 1;
        // Without jitter: Node keeps a list for each duration, and a thousand lists that come and go keep ended calls in memory.
        if (begun < MAX_ATTEMPTS) later(begin, PATIENCE[begun - 1]! * this.timeoutMs);
        sent.then(ended, reject);
      };
      begin();
    });
  }
}

/** True for an end that the next attempt may not have: cut off, or an answer that asks to come again. */
function isTransient(outcome: ProviderOutcome<unknown>): boolean {
  if (outcome.kind !== 'unknown') return false;
  if (outcome.reason === 'cut-off') return true;
  const { status = 0 } = outcome;
  return (
    outcome.reason === 'server-error' && (status >= 500 || status === 408 || status === 409 || status === 425)
  );
}

function isConnectionFailure(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'not-executed' && outcome.reason === 'connection-failed';
}
