import type { PaymentStatus } from './contract.js';
import { isPassing } from './retry-policy.js';
import { TollgateError } from './tollgate-error.js';
import type { Sleep } from './waiting.js';

/** The status of a payment that is decided. */
export type EndedPayment = PaymentStatus & { status: 'ACCEPTED' | 'FAILED' };

export interface WaitOptions {
  /** Ends the wait: `AbortSignal.timeout(300_000)`. Without it the wait lasts as long as the payment is PENDING. */
  readonly signal?: AbortSignal | undefined;
  /** The first pause between two queries; each is 1.5 times as long as the one before. Default 1 s. */
  readonly firstPauseMs?: number | undefined;
  /** The longest pause. Default 15 s. */
  readonly longestPauseMs?: number | undefined;
}

/**
 * Queries until the payment is decided. Failures that pass (the external or Tollgate is unavailable) do not end the
 * wait.
 * @throws TollgateError `aborted` if `signal` ends the wait; others, such as `payment-not-found`, at once.
 */
export async function waitForPayment(
  query: (signal: AbortSignal | undefined) => Promise<PaymentStatus>,
  sleep: Sleep,
  { signal, firstPauseMs = 1_000, longestPauseMs = 15_000 }: WaitOptions = {},
): Promise<EndedPayment> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
    let waitMs = pauseMs * (0.75 + Math.random() / 4);
    try {
      const payment = await query(signal);
      if (isEnded(payment)) return payment;
    } catch (error) {
      if (!(error instanceof TollgateError) || !passes(error)) throw error;
      waitMs = Math.max(waitMs, error.retryAfterMs ?? 0);
    }
    try {
      await sleep(waitMs, signal);
    } catch (cause) {
      throw new TollgateError({ code: 'aborted', detail: 'The payment was still pending.', cause });
    }
  }
}

function isEnded(payment: PaymentStatus): payment is EndedPayment {
  return payment.status !== 'PENDING';
}

function passes({ code, status }: TollgateError): boolean {
  if (code === 'aborted' || code === 'operation-not-supported') return false;
  return isPassing(status);
}
