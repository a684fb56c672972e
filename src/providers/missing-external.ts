import type { ExternalConfig } from '../config/external-config.js';
import { OPERATION_NAMES } from '../config/external-operation.js';
import { NO_SECRETS, type SecretMask } from '../sensitive/secret-mask.js';
import type { ExternalProvider, ProviderHealth } from './external-provider.js';
import { type NotExecuted, notExecuted } from './provider-outcome.js';

const OFFERS_NOTHING = Object.fromEntries(OPERATION_NAMES.map((name) => [name, false]));

/**
 * A name that no external has. One that was removed from the configuration may have had it: what the ledger knows is
 * answered from it, repeats and status queries alike (SPEC §1, §4). Nothing is sent, so that all else is
 * `external-not-found`.
 */
export class MissingExternal implements ExternalProvider {
  readonly config: ExternalConfig;
  readonly #health: ProviderHealth = {
    circuit: 'closed',
    circuitOpenedAt: undefined,
    nextTryAt: undefined,
    inFlight: 0,
    lastSuccessAt: undefined,
    lastFailureAt: undefined,
    lastFailure: undefined,
    latency: undefined,
    lastHour: undefined,
    credentialsRefusedAt: undefined,
  };
  readonly #refuse = (): Promise<NotExecuted> => Promise.resolve(this.reserve());

  readonly pay = this.#refuse;
  readonly payByLink = this.#refuse;
  readonly refund = this.#refuse;
  readonly refundStatus = this.#refuse;
  readonly cancel = this.#refuse;
  readonly status = this.#refuse;
  readonly scheduleSubscription = this.#refuse;
  readonly startSubscription = this.#refuse;
  readonly paySubscription = this.#refuse;
  readonly updateSubscription = this.#refuse;
  readonly subscriptionStatus = this.#refuse;
  readonly expireSubscription = this.#refuse;

  constructor(
    name: string,
    /** Of the problem `external-not-found`. */
    private readonly detail: string,
  ) {
    this.config = {
      name,
      baseUrl: '',
      timeoutMs: 0,
      maxConcurrency: 0,
      auth: { type: 'none' },
      callbackAuth: { type: 'none' },
      callbackAllowedIps: undefined,
      operations: OFFERS_NOTHING,
      honoursIdempotencyKey: false,
      // A query by order is made, and ends as every other.
      statusByShopTransactionId: true,
      reuseConnections: false,
      maxConnectionAgeMs: 0,
      duplicatePayments: 'refuse',
      // Takes all that an external of either kind takes.
      compatibility: 'pgm-12',
      callbackStatus: 'queried',
      circuitBreaker: { failures: 0, windowMs: 0, openMs: 0 },
    };
  }

  reserve(): NotExecuted {
    return notExecuted('no-external', this.detail);
  }

  recordRefusal(): void {}

  health(): ProviderHealth {
    return this.#health;
  }

  secrets(): SecretMask {
    return NO_SECRETS;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
