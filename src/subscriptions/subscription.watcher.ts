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
import { inScopeOf } from '../observability/request-scope.js';
import { Store, type Trx } from '../persistence/store.js';
import type { CallContext } from '../providers/external-provider.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { backgroundLimit } from '../providers/resilience.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { isLive } from './subscription-state.js';
import {
  type LeasedSubscription,
  SubscriptionWatchRepository,
  WATCH_LEASES,
} from './subscription-watch.repository.js';
import { SubscriptionInquiry } from './subscription.inquiry.js';
import { SubscriptionsMetrics, type WatchResult } from './subscriptions.metrics.js';
import { nextWatchAt } from './watch-schedule.js';

const CONCURRENCY = 64;
/** Also after hours without a gateway, when many are due: they are queried one after the other, in no burst. */
const CONCURRENCY_PER_EXTERNAL = 16;
const LEASE_MARGIN_MS = 20_000;
const POLL_MS = 1_000;
/** Each second. */
const SCHEDULE_BATCH = 2_000;
const DEFERRAL_MS = 1_000;
const STOP_GRACE_MS = 5_000;

/** The job if it was aborted: it is handed back. */
type End = LeasedSubscription | undefined;

/**
 * Queries each live subscription once in `SUBSCRIPTION_SCHEDULE` where the external offers `subscription/status`, and
 * notifies the receivers of changes (SPEC §4). Reconciliation queries those whose outcome is not known.
 */
@Injectable()
export class SubscriptionWatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(SubscriptionWatcher.name);
  readonly #worker: LeaseWorker<LeasedSubscription, End>;
  readonly #pausedUntil = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly watches: SubscriptionWatchRepository,
    private readonly inquiry: SubscriptionInquiry,
    private readonly registry: ExternalProviderRegistry,
    private readonly clock: Clock,
    private readonly metrics: SubscriptionsMetrics,
    @Inject(CONFIG) private readonly config: Config,
    health: WorkerHealth,
  ) {
    this.#worker = new LeaseWorker<LeasedSubscription, End>(
      {
        claim: (trx, capacity) => this.#claim(trx, capacity),
        run: (row, signal) => valueUnlessAborted<End>(this.#run(row), signal, row),
        record: (trx, ends, nowMs) => this.#record(trx, ends, nowMs),
        free: (trx, endedBeforeMs, nowMs) => this.#free(trx, endedBeforeMs, nowMs),
        keyOf: ({ external }) => external,
      },
      {
        store,
        clock,
        limit: CONCURRENCY,
        pollMs: POLL_MS,
        onError: (error) =>
          this.#logger.error({ err: error }, 'Watching subscriptions failed; the worker continues'),
      },
    );
    health.add('subscriptions', this.#worker);
  }

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#worker.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#worker.stop(STOP_GRACE_MS);
  }

  /** Schedules all that are not scheduled, queries all that is due now, and waits for the answers. */
  async watchDue(): Promise<void> {
    await this.store.transaction((trx) => this.#schedule(trx, this.clock.now()));
    await this.#worker.runDue();
  }

  #claim(trx: Trx, { nowMs, limit, running }: FreeCapacity): Promise<LeasedSubscription[]> {
    return WATCH_LEASES.claimPerExternal(trx, {
      nowMs,
      limit,
      limitOf: (external) => this.#limitOf(external, nowMs) - running(external),
      leaseMs: (external) => (this.registry.get(external)?.config.timeoutMs ?? 0) + LEASE_MARGIN_MS,
    });
  }

  #limitOf(external: string, nowMs: number): number {
    if ((this.#pausedUntil.get(external) ?? 0) > nowMs) return 0;
    const config = this.registry.get(external)?.config;
    return config ? Math.min(backgroundLimit(config), CONCURRENCY_PER_EXTERNAL) : CONCURRENCY_PER_EXTERNAL;
  }

  async #run(row: LeasedSubscription): Promise<undefined> {
    const { id: ref, external } = row;
    try {
      const result = await this.#watch(row);
      this.metrics.countWatch(external, result);
      if (result === 'changed') this.#logger.log({ ref, external, result }, 'Watched');
    } catch (error) {
      // The lease ends by itself, and the query is repeated.
      this.#logger.error({ err: error, ref }, 'Watching a subscription failed');
    }
  }

  async #watch(row: LeasedSubscription): Promise<WatchResult> {
    const provider = this.registry.get(row.external);
    if (!isLive(row.state)) return this.#reschedule(row, null, 'ended');
    // Asked again in the next period: the configuration may have changed by then.
    if (!provider || row.token === null || !isOffered(provider.config, 'subscription/status'))
      return this.#reschedule(row, this.#nextAt(row), 'not-offered');
    const context: CallContext = {
      requestId: newIdentifier('req', this.clock.now()),
      priority: 'background',
    };
    return inScopeOf(context, async () => {
      const outcome = await provider.subscriptionStatus(row.token!, context);
      if (outcome.kind === 'completed') {
        return this.store.transaction(async (trx) => {
          const reason = { source: 'reconciliation', notify: 'on-change', cause: null } as const;
          const { changed, state } = await this.inquiry.apply(trx, row, outcome.answer, context, reason);
          await this.watches.reschedule(trx, row, isLive(state) ? this.#nextAt(row) : null);
          return changed ? 'changed' : 'unchanged';
        });
      }
      if (outcome.kind === 'not-executed' && NO_CAPACITY.has(outcome.reason)) {
        const waitMs = Math.max(outcome.retryAfterMs ?? 0, DEFERRAL_MS);
        const untilMs = this.clock.now() + waitMs;
        this.#pausedUntil.set(row.external, untilMs);
        return this.#reschedule(row, untilMs, 'deferred');
      }
      const unknown = outcome.kind === 'rejected' && outcome.reason === 'not-found';
      if (unknown)
        this.#logger.warn(
          { ref: row.id, external: row.external },
          'The external does not know a live subscription',
        );
      return this.#reschedule(row, this.#nextAt(row), unknown ? 'not-found' : 'failed-to-ask');
    });
  }

  async #reschedule(
    row: LeasedSubscription,
    watchAt: number | null,
    result: WatchResult,
  ): Promise<WatchResult> {
    await this.store.transaction((trx) => this.watches.reschedule(trx, row, watchAt));
    return result;
  }

  #nextAt({ id }: LeasedSubscription): number {
    return nextWatchAt(id, this.config.subscriptions.watchPeriodMs, this.clock.now());
  }

  /** Answers are recorded with their changes; an aborted query is due again. */
  async #record(trx: Trx, ends: readonly End[], nowMs: number): Promise<void> {
    for (const aborted of ends) if (aborted) await this.watches.reschedule(trx, aborted, nowMs);
  }

  /** Rows whose lease has ended are due again by themselves; others need it only at the start on SQLite. */
  async #free(trx: Trx, endedBeforeMs: number, nowMs: number): Promise<boolean> {
    await this.#schedule(trx, nowMs);
    if (endedBeforeMs === nowMs) return false;
    return (
      (await WATCH_LEASES.free(trx, { endedBeforeMs, limit: SCHEDULE_BATCH }, {})).length === SCHEDULE_BATCH
    );
  }

  async #schedule(trx: Trx, nowMs: number): Promise<void> {
    const { watchPeriodMs } = this.config.subscriptions;
    await this.watches.scheduleUnwatched(trx, SCHEDULE_BATCH, (id) => nextWatchAt(id, watchPeriodMs, nowMs));
  }
}

const NO_CAPACITY: ReadonlySet<string> = new Set(['concurrency-limit', 'throttled']);
