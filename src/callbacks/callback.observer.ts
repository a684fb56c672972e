/** What became of a callback after the external was asked: of a closed set, fit for a metric's label. */
export type VerificationResult = 'verified' | 'again' | 'retry' | 'unconfirmed' | 'put-off' | 'lost';

/** The end of one question to the external. */
export interface ObservedVerification {
  readonly callbackId: string;
  readonly external: string;
  readonly paymentId: string;
  readonly requestId: string;
  readonly traceparent: string | null;
  /** From 1. */
  readonly attempt: number;
  /** How many of the same were merged into it. */
  readonly repeats: number;
  readonly result: VerificationResult;
  /** Why it was not confirmed. */
  readonly error: string | undefined;
  readonly durationMs: number;
}

/**
 * Told of what becomes of callbacks, for metrics and logs; what fails is in the log already. Its methods must not throw,
 * and must not wait.
 */
export abstract class CallbackObserver {
  abstract onVerification(verification: ObservedVerification): void;
}

/** Nobody wants to know. */
export class SilentCallbackObserver extends CallbackObserver {
  onVerification(): void {}
}
