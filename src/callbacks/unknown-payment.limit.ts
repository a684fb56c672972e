import { Injectable } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import type { Trx } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import { FixedWindows } from '../security/fixed-windows.js';
import { SecurityMetrics } from '../security/security.metrics.js';
import { Clock } from '../shared/clock.js';
import { CallbackRepository } from './callback.repository.js';

const WINDOW_MS = 60_000;
/** Of one address, in one window. */
const MAX_IN_WINDOW = 100;
/** Of one external, stored and not verified: with bodies of 16 KiB, 16 MiB. */
const MAX_STORED = 1_000;
const FULL_MS = 1_000;

/** Anyone may send callbacks of this external: neither credentials nor addresses are checked. */
export function isFromAnyone({ callbackAuth, callbackAllowedIps }: ExternalConfig): boolean {
  return callbackAuth.type === 'none' && callbackAllowedIps === undefined;
}

/**
 * Bounds what strangers can have stored and queried: the callbacks of externals without `callbackAuth` that name
 * no payment or refund that the ledger knows. Those that name a known one are never limited. The windows are in memory, and so
 * per replica.
 */
@Injectable()
export class UnknownPaymentLimit {
  readonly #windows: FixedWindows;
  /** Until when an external is known to have all it may: a flood is refused without counting its rows again. */
  readonly #fullUntilMs = new Map<string, number>();

  constructor(
    private readonly callbacks: CallbackRepository,
    private readonly metrics: SecurityMetrics,
    private readonly clock: Clock,
  ) {
    this.#windows = new FixedWindows(clock);
  }

  /** @throws Problem `rate-limited`: nothing is stored, and the external sends the callback again. */
  async admit(trx: Trx, external: string, network: string): Promise<void> {
    const { isBlocked, timeToBlockExpire } = await this.#windows.increment(
      `${external} ${network}`,
      WINDOW_MS,
      MAX_IN_WINDOW,
    );
    if (isBlocked) throw this.#refusal(external, timeToBlockExpire * 1_000);
    const nowMs = this.clock.now();
    if (nowMs < (this.#fullUntilMs.get(external) ?? 0)) throw this.#refusal(external, WINDOW_MS);
    if ((await this.callbacks.countUnknown(trx, external, MAX_STORED)) < MAX_STORED) return;
    this.#fullUntilMs.set(external, nowMs + FULL_MS);
    throw this.#refusal(external, WINDOW_MS);
  }

  #refusal(external: string, retryAfterMs: number): Problem {
    this.metrics.countCallbackRefusal(external, 'rate-limited');
    return new Problem(
      'rate-limited',
      'Too many callbacks about payments that this gateway does not know: send it again later, or configure callbackAuth.',
      { retryAfterMs },
    );
  }
}
