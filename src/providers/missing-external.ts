import type { ExternalConfig } from '../config/external-config.js';
import { OPERATION_NAMES } from '../config/external-operation.js';
import type { Problem } from '../problems/problem.js';
import { NO_SECRETS, type SecretMask } from '../sensitive/secret-mask.js';
import type { ExternalProvider, ProviderHealth } from './external-provider.js';
import { type NotExecuted, notExecuted } from './provider-outcome.js';

const OFFERS_NOTHING = Object.fromEntries(OPERATION_NAMES.map((name) => [name, false]));

/**
 * A name that no external has. An external that was removed from the configuration may have had it and executed what a
 * request repeats: the ledger answers such a request (SPEC §4). Nothing is sent.
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
    /** The answer to a request that repeats nothing. */
    readonly notFound: Problem,
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
      statusByShopTransactionId: false,
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
    return notExecuted('not-supported', this.notFound.detail);
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
