/** How long the kit waits for what an external does by itself. Milliseconds. */
export interface Pace {
  /** For a pending payment of the sandbox to become final. */
  readonly settleMs: number;
  /** For a callback, after the payment has become final. */
  readonly callbackMs: number;
  /** For a callback that was not acknowledged to come again. */
  readonly retryMs: number;
  /** How long a callback is left without an answer. */
  readonly silenceMs: number;
  /** Between two status queries. */
  readonly pollMs: number;
  /** How long an idle connection should stay open: the gateway uses one for up to 4 s (`outbound-client.ts`). */
  readonly idleMs: number;
  /** Between the two runs of a check that failed. */
  readonly againMs: number;
}

export const PACE: Pace = {
  settleMs: 15_000,
  callbackMs: 5_000,
  retryMs: 20_000,
  silenceMs: 20_000,
  pollMs: 100,
  idleMs: 4_500,
  againMs: 500,
};
