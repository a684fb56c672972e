import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderOutcome } from './provider-outcome.js';

/** What the retries need to know about a call. */
export interface Call<A> {
  readonly changesState: boolean;
  readonly background: boolean;
  /** Sends the request once. Rejects only for internal errors. */
  attempt(number: number, signal: AbortSignal): Promise<ProviderOutcome<A>>;
  /** Ends the attempts in flight because another one was answered. */
  supersede(): void;
  /** The outcome of the call if the deadline passes now. */
  atDeadline(): ProviderOutcome<A>;
}

export const MAX_ATTEMPTS = 3;

/**
 * Full jitter: up to 2 % of the time-out (10 to 200 ms) after the first attempt, up to twice that after the second.
 */
function backoffMs(attempt: number, timeoutMs: number): number {
  const firstMs = Math.min(Math.max(timeoutMs / 50, 10), 200);
  return Math.floor(Math.random() * firstMs * (attempt === 1 ? 1 : 2));
}

/**
 * The attempts of an operation that changes state, one after the other. Another one follows only where it cannot
 * execute the operation twice (SPEC §7): nothing was sent, or the external honours the `Idempotency-Key`.
 */
export async function attemptChange<A>(
  call: Call<A>,
  signal: AbortSignal,
  {
    timeoutMs,
    honoursIdempotencyKey,
  }: { readonly timeoutMs: number; readonly honoursIdempotencyKey: boolean },
): Promise<ProviderOutcome<A>> {
  let possiblyExecuted: ProviderOutcome<A> | undefined;
  for (let number = 1; ; number += 1) {
    const outcome = await call.attempt(number, signal);
    if (outcome.kind === 'unknown') possiblyExecuted = outcome;
    const mayRepeat = isConnectionFailure(outcome) || (honoursIdempotencyKey && isTransient(outcome));
    if (mayRepeat && number < MAX_ATTEMPTS && !signal.aborted) await sleep(backoffMs(number, timeoutMs));
    if (!mayRepeat || number === MAX_ATTEMPTS || signal.aborted) {
      // After an unknown attempt only an answer settles the call: a later refusal says nothing about the earlier
      // attempt.
      return outcome.kind === 'completed' ? outcome : (possiblyExecuted ?? outcome);
    }
  }
}

/** When the next attempt of a query begins beside those without an answer, as shares of the time-out. */
const HEDGE_AFTER = [0.4, 0.3];

/**
 * The attempts of a query, which changes nothing. A failed attempt is followed by the next one. A slow attempt is not
 * aborted: the next one begins beside it, after 40 % and 70 % of the time-out, and the first answer counts. So an
 * attempt that hangs leaves time for two more, and an external that needs 80 % of the time-out can still answer the
 * first.
 *
 * `beside` runs an attempt beside another one if the concurrency limit allows it, else returns undefined.
 */
export function attemptQuery<A>(
  call: Call<A>,
  signal: AbortSignal,
  timeoutMs: number,
  beside: (attempt: () => Promise<ProviderOutcome<A>>) => Promise<ProviderOutcome<A>> | undefined,
): Promise<ProviderOutcome<A>> {
  return new Promise((resolve, reject) => {
    let begun = 0;
    let failed = 0;
    let running = 0;
    let settled = false;
    let timer: NodeJS.Timeout | undefined;

    const settle = (outcome: ProviderOutcome<A>): void => {
      settled = true;
      clearTimeout(timer);
      if (running > 0) call.supersede();
      resolve(outcome);
    };
    const beginIn = (waitMs: number): void => {
      clearTimeout(timer);
      timer = setTimeout(begin, waitMs);
    };
    const ended = (outcome: ProviderOutcome<A>): void => {
      running -= 1;
      if (settled) return;
      const final = !isTransient(outcome) && !isConnectionFailure(outcome);
      if (final || signal.aborted || (begun === MAX_ATTEMPTS && running === 0)) settle(outcome);
      else if (begun < MAX_ATTEMPTS) beginIn(backoffMs((failed += 1), timeoutMs));
    };
    const begin = (): void => {
      if (signal.aborted) return settle(call.atDeadline());
      const number = begun + 1;
      const attempt = () => call.attempt(number, signal);
      const sent = running === 0 ? attempt() : beside(attempt);
      if (!sent) return;
      begun = number;
      running += 1;
      // Without jitter: Node keeps a list per duration, and a thousand lists that come and go keep ended calls in
      // memory.
      if (begun < MAX_ATTEMPTS) beginIn(HEDGE_AFTER[begun - 1]! * timeoutMs);
      sent.then(ended, reject);
    };
    begin();
  });
}

/** True if the next attempt may have another outcome: the connection broke, or the status invites a retry. */
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
