import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { isOffered } from '../config/external-operation.js';
import { type FreeCapacity, LeaseWorker, valueUnlessAborted } from '../leases/lease-worker.js';
import { WorkerHealth } from '../leases/worker.health.js';
import { pollMsOf } from '../notifications/retry-schedule.js';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { traceIdOf } from '../observability/tracing/tracer.js';
import { PaymentInquiry } from '../payments/payment.inquiry.js';
import { StorageUnavailable, Store, type Trx } from '../persistence/store.js';
import type { CallContext, ExternalProvider } from '../providers/external-provider.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { RefundInquiry, type RefundInquiryReason } from '../refunds/refund.inquiry.js';
import { RefundRepository } from '../refunds/refund.repository.js';
import {
  SubscriptionInquiry,
  type SubscriptionInquiryReason,
} from '../subscriptions/subscription.inquiry.js';
import { SubscriptionRepository } from '../subscriptions/subscription.repository.js';
import { Clock } from '../shared/clock.js';
import {
  CALLBACK_LEASES,
  CallbackRepository,
  KNOWN_CALLBACK_LEASES,
  type LeasedCallback,
} from './callback.repository.js';
import { CallbacksMetrics } from './callbacks.metrics.js';
import { isFromAnyone } from './unknown-payment.limit.js';
import {
  confirmedBy,
  neverSeen,
  NO_REFUND_QUERY,
  NO_SUBSCRIPTION_QUERY,
  NOT_QUERIED,
  CONFIRMED,
  unconfirmed,
  unconfirmedBy,
  type VerificationEnd,
  type VerificationOutcome,
} from './verification-end.js';
import { VerificationRecorder, type VerificationResult } from './verification.recorder.js';

const CONCURRENCY = 512;
/** So that an external that hangs leaves capacity for the others. */
const CONCURRENCY_PER_EXTERNAL = 8;
const LEASE_MS = 30_000;
/** Beyond the time limit of the external. */
const LEASE_MARGIN_MS = 10_000;
const FREE_BATCH = 100;
/** Each second; more than are processed in one for long. */
const DELETE_BATCH = 5_000;
const EXPIRY_EVERY_MS = 60_000;
const STOP_GRACE_MS = 5_000;

/** Queries the externals about the callbacks that arrived (SPEC §5). */
@Injectable()
export class VerificationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(VerificationWorker.name);
  readonly #worker: LeaseWorker<LeasedCallback, VerificationEnd>;
  #expiryDueAtMs = 0;

  constructor(
    private readonly store: Store,
    private readonly callbacks: CallbackRepository,
    private readonly recorder: VerificationRecorder,
    private readonly registry: ExternalProviderRegistry,
    private readonly inquiry: PaymentInquiry,
    private readonly refundInquiry: RefundInquiry,
    private readonly refunds: RefundRepository,
    private readonly subscriptionInquiry: SubscriptionInquiry,
    private readonly subscriptions: SubscriptionRepository,
    private readonly metrics: CallbacksMetrics,
    private readonly log: Log,
    @Inject(CONFIG) private readonly config: Config,
    clock: Clock,
    health: WorkerHealth,
  ) {
    this.#worker = new LeaseWorker<LeasedCallback, VerificationEnd>(
      {
        claim: (trx, capacity) => this.#claim(trx, capacity),
        run: (callback, signal) => this.#verify(callback, signal),
        record: (trx, ends, nowMs) => this.#record(trx, ends, nowMs),
        free: (trx, endedBeforeMs, nowMs) => this.#free(trx, endedBeforeMs, nowMs),
        keyOf: ({ external }) => external,
      },
      {
        store,
        clock,
        channel: 'callbacks',
        limit: CONCURRENCY,
        pollMs: pollMsOf(config.notifications.scheduleMs),
        onError: (error) =>
          this.#logger.error({ err: error }, 'Verification of callbacks failed; the worker continues'),
      },
    );
    health.add('verification', this.#worker);
  }

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#worker.stop(STOP_GRACE_MS);
  }

  /** Queries all that is due now, waits for the answers and records them; for tests, which start no loop. */
  async verifyDue(): Promise<void> {
    await this.#worker.runDue();
    await this.#worker.recordEnded();
  }

  async #claim(trx: Trx, { nowMs, limit, running }: FreeCapacity): Promise<LeasedCallback[]> {
    const leaseMs = (external: string): number => {
      const timeoutMs = this.registry.get(external)?.config.timeoutMs ?? 0;
      return Math.max(LEASE_MS, timeoutMs + LEASE_MARGIN_MS);
    };
    const free = (external: string): number => CONCURRENCY_PER_EXTERNAL - running(external);
    const claimed: LeasedCallback[] = [];
    // What strangers sent about unknown payments never delays a callback of a known one.
    if (this.registry.all().some(({ config }) => isFromAnyone(config))) {
      const limitOf = (external: string): number => {
        const config = this.registry.get(external)?.config;
        return config && isFromAnyone(config) ? free(external) : 0;
      };
      claimed.push(
        ...(await KNOWN_CALLBACK_LEASES.claimPerExternal(trx, { nowMs, limit, limitOf, leaseMs })),
      );
    }
    const claimedOf = (external: string): number =>
      claimed.filter((callback) => callback.external === external).length;
    const rest = await CALLBACK_LEASES.claimPerExternal(trx, {
      nowMs,
      limit: limit - claimed.length,
      limitOf: (external) => free(external) - claimedOf(external),
      leaseMs,
    });
    return [...claimed, ...rest];
  }

  async #verify(callback: LeasedCallback, signal: AbortSignal): Promise<VerificationEnd> {
    const startedAt = performance.now();
    const outcome = await valueUnlessAborted(this.#query(callback), signal, NOT_QUERIED);
    return { callback, durationMs: Math.round(performance.now() - startedAt), outcome };
  }

  async #query(callback: LeasedCallback): Promise<VerificationOutcome> {
    const { id, external, payment_id, refund_id, subscription_token, request_id, traceparent } = callback;
    const provider = this.registry.get(external);
    if (!provider) return unconfirmed('no external of this name is configured');
    try {
      const context: CallContext = {
        requestId: request_id,
        traceparent: traceparent ?? undefined,
        priority: 'background',
      };
      const reason = { source: 'callback', notify: 'always', cause: id } as const;
      if (refund_id !== null) return await this.#queryRefund(provider, refund_id, context, reason);
      if (subscription_token !== null)
        return await this.#querySubscription(provider, subscription_token, context, reason);
      // Reconciliation queries refunds that cannot be queried now.
      const [outcome] = await Promise.all([
        this.inquiry.inquire(provider, { paymentId: payment_id }, context, reason),
        this.refundInquiry.inquireOpen(provider, payment_id, context, reason),
      ]);
      if (outcome.kind === 'completed') return confirmedBy(outcome.answer);
      return unconfirmedBy(outcome, 'payment', isFromAnyone(provider.config));
    } catch (error) {
      // The answer could not be stored: the query is repeated.
      if (error instanceof StorageUnavailable) return NOT_QUERIED;
      this.#logger.error({ err: error, callbackId: id }, 'Verification of a callback failed');
      return unconfirmed('internal error');
    }
  }

  /** A callback that names a refund queries it in every state (SPEC §4). */
  async #queryRefund(
    provider: ExternalProvider,
    refundId: string,
    context: CallContext,
    reason: RefundInquiryReason,
  ): Promise<VerificationOutcome> {
    const { config } = provider;
    const question = await this.store.read(async (db) => {
      const row = await this.refunds.findByRefundId(db, config.name, refundId);
      return row && this.refundInquiry.prepare(db, row, config);
    });
    // The answer of the call that names the id may still be on the way.
    if (!question) return neverSeen('the gateway does not know this refund', isFromAnyone(config));
    if (!question.query) return NO_REFUND_QUERY;
    const outcome = await this.refundInquiry.inquire(provider, question, context, reason);
    if (outcome.kind === 'completed') return CONFIRMED;
    return unconfirmedBy(outcome, 'refund', isFromAnyone(config));
  }

  /** A callback that names a subscription queries it in every state (SPEC §4). */
  async #querySubscription(
    provider: ExternalProvider,
    token: string,
    context: CallContext,
    reason: SubscriptionInquiryReason,
  ): Promise<VerificationOutcome> {
    const { config } = provider;
    const row = await this.store.read((db) => this.subscriptions.findByToken(db, config.name, token));
    // The answer of the call that names the token may still be on the way.
    if (!row) return neverSeen('the gateway does not know this subscription', isFromAnyone(config));
    if (!isOffered(config, 'subscription/status')) return NO_SUBSCRIPTION_QUERY;
    const outcome = await this.subscriptionInquiry.inquire(provider, row, context, reason);
    if (outcome.kind === 'completed') return CONFIRMED;
    return unconfirmedBy(outcome, 'subscription', isFromAnyone(config));
  }

  async #record(trx: Trx, ends: readonly VerificationEnd[], nowMs: number): Promise<void> {
    const results = await this.recorder.record(trx, ends, nowMs);
    this.store.afterCommit(trx, () => {
      for (const [i, end] of ends.entries()) this.#report(end, results[i]!);
    });
  }

  async #free(trx: Trx, endedBeforeMs: number, nowMs: number): Promise<boolean> {
    await this.callbacks.deleteProcessed(trx, { nowMs, limit: DELETE_BATCH });
    if (nowMs >= this.#expiryDueAtMs) await this.#deleteUnconfirmed(trx, nowMs);
    const limit = FREE_BATCH;
    return (await this.callbacks.freeEnded(trx, { endedBeforeMs, nowMs, limit })) === limit;
  }

  /** A callback that no payment can be linked to any more: reconciliation of all that ran when it came has ended. */
  async #deleteUnconfirmed(trx: Trx, nowMs: number): Promise<void> {
    const linkableMs = this.config.reconciliation.scheduleMs.reduce((sum, waitMs) => sum + waitMs, 0);
    const endedBeforeMs = nowMs - linkableMs;
    const deleted = await this.callbacks.deleteUnconfirmed(trx, {
      endedBeforeMs,
      linkableMs,
      limit: DELETE_BATCH,
    });
    this.store.afterCommit(trx, () => {
      if (deleted.length < DELETE_BATCH) this.#expiryDueAtMs = nowMs + EXPIRY_EVERY_MS;
      for (const external of deleted) this.metrics.countExpired(external);
      if (deleted.length > 0) {
        this.log.info(
          { callbacks: deleted.length },
          'Unconfirmed callbacks that no payment belongs to expired',
        );
      }
    });
  }

  #report({ callback, durationMs, outcome }: VerificationEnd, result: VerificationResult): void {
    const { external, traceparent } = callback;
    const names = namesOf(callback);
    this.metrics.countVerification(external, result);
    const error = outcome.kind === 'unconfirmed' ? outcome.error : undefined;
    const logFields = {
      callbackId: callback.id,
      requestId: callback.request_id,
      attempt: callback.attempts,
      repeats: callback.repeats,
      durationMs,
      external,
      result,
    };
    if (error === undefined) {
      const traceId = traceparent === null ? undefined : traceIdOf(traceparent);
      const logged = Object.entries(names).map(([name, id]) => [name, outside(id)]);
      this.log.info({ ...logFields, traceId, ...(Object.fromEntries(logged) as object) }, 'verification');
    } else if (result === 'unconfirmed' || result === 'retry') {
      const fields = { ...logFields, ...names, traceparent, error };
      if (result === 'retry') this.#logger.warn(fields, 'The external has not confirmed the callback yet');
      else this.#logger.error(fields, 'The external never confirmed the callback');
    }
  }
}

/** The id of the callback's subject, by its name. */
function namesOf({ payment_id, refund_id, subscription_token }: LeasedCallback): Record<string, string> {
  if (refund_id !== null) return { refundId: refund_id };
  if (subscription_token !== null) return { subscriptionToken: subscription_token };
  return { paymentId: payment_id };
}
