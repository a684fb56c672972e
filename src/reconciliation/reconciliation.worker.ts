import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { LeasedRow } from '../leases/lease-table.js';
import { type FreeCapacity, LeaseWorker, valueUnlessAborted } from '../leases/lease-worker.js';
import { WorkerHealth } from '../leases/worker.health.js';
import { pollMsOf } from '../notifications/retry-schedule.js';
import { Store, type Trx } from '../persistence/store.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { backgroundLimit } from '../providers/resilience.js';
import { Clock } from '../shared/clock.js';
import { PaymentReconciler } from './payment.reconciler.js';
import { DEFERRAL_MS, type Reconciler } from './reconciler.js';
import { ReconciliationMetrics } from './reconciliation.metrics.js';
import { handBack, RECONCILIATION_LEASES, type ReconciledTable } from './reconciliation-leases.js';
import { RefundReconciler } from './refund.reconciler.js';
import { SubscriptionReconciler } from './subscription.reconciler.js';

const CONCURRENCY = 200;
/** And never more than its share of background queries: an external that hangs leaves capacity for the others. */
const CONCURRENCY_PER_EXTERNAL = 50;
/** Beyond the time limit of a query: the two commits and a busy event loop. No row is queried twice at once. */
const LEASE_MARGIN_MS = 20_000;
const FREE_BATCH = 1_000;
const FORGOTTEN_EVERY_MS = 60_000;
const STOP_GRACE_MS = 5_000;

interface Job {
  readonly table: ReconciledTable;
  readonly row: LeasedRow<ReconciledTable>;
}

/** The job if it was aborted: it is handed back. */
type End = Job | undefined;

/** Queries the externals about open rows that are due (SPEC §4). */
@Injectable()
export class ReconciliationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(ReconciliationWorker.name);
  readonly #reconcilers: ReadonlyMap<ReconciledTable, Reconciler>;
  readonly #worker: LeaseWorker<Job, End>;
  readonly #pausedUntil = new Map<string, number>();
  #forgottenDueAtMs = 0;

  constructor(
    store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    private readonly metrics: ReconciliationMetrics,
    payments: PaymentReconciler,
    private readonly refunds: RefundReconciler,
    subscriptions: SubscriptionReconciler,
    health: WorkerHealth,
  ) {
    this.#reconcilers = new Map<ReconciledTable, Reconciler>([
      ['payments', payments],
      ['refunds', refunds],
      ['subscriptions', subscriptions],
    ]);
    this.#worker = new LeaseWorker<Job, End>(
      {
        claim: (trx, capacity) => this.#claim(trx, capacity),
        // A query that is still running then is cut when its provider closes, and finds its lease handed back.
        run: (job, signal) => valueUnlessAborted<End>(this.#run(job), signal, job),
        record: (trx, ends, nowMs) => this.#record(trx, ends, nowMs),
        free: (trx, endedBeforeMs, nowMs) => this.#free(trx, endedBeforeMs, nowMs),
        keyOf: ({ row }) => row.external,
      },
      {
        store,
        clock,
        limit: CONCURRENCY,
        pollMs: pollMsOf(config.reconciliation.scheduleMs),
        onError: (error) => this.#logger.error({ err: error }, 'Reconciliation failed; the worker continues'),
      },
    );
    health.add('reconciliation', this.#worker);
  }

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#worker.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#worker.stop(STOP_GRACE_MS);
  }

  /** Queries all that is due now and waits for the answers. */
  reconcileDue(): Promise<void> {
    return this.#worker.runDue();
  }

  async #claim(trx: Trx, { nowMs, limit, running }: FreeCapacity): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const table of this.#reconcilers.keys()) {
      const claimed = new Map<string, number>();
      for (const { row } of jobs) claimed.set(row.external, (claimed.get(row.external) ?? 0) + 1);
      const rows = await RECONCILIATION_LEASES[table].claimPerExternal(trx, {
        nowMs,
        limit: limit - jobs.length,
        limitOf: (external) =>
          this.#limitOf(external, nowMs) - running(external) - (claimed.get(external) ?? 0),
        leaseMs: (external) => (this.registry.get(external)?.config.timeoutMs ?? 0) + LEASE_MARGIN_MS,
      });
      jobs.push(...rows.map((row) => ({ table, row })));
    }
    return jobs;
  }

  #limitOf(external: string, nowMs: number): number {
    if ((this.#pausedUntil.get(external) ?? 0) > nowMs) return 0;
    const config = this.registry.get(external)?.config;
    return config ? Math.min(backgroundLimit(config), CONCURRENCY_PER_EXTERNAL) : CONCURRENCY_PER_EXTERNAL;
  }

  async #run({ table, row }: Job): Promise<undefined> {
    const { id: ref, external, lease_token } = row;
    const traceparent = 'traceparent' in row ? row.traceparent : undefined;
    try {
      const result = await this.#reconcilers.get(table)!.reconcile(row, lease_token);
      if (result === 'deferred') this.#pausedUntil.set(external, this.clock.now() + DEFERRAL_MS);
      this.metrics.count(table, external, result);
      this.#logger.log({ table, ref, external, result, traceparent }, 'Reconciled');
    } catch (error) {
      // The lease ends by itself, and the query is repeated.
      this.#logger.error({ err: error, table, ref }, 'Reconciliation of a row failed');
    }
  }

  /** Reconcilers record their answers themselves. */
  async #record(trx: Trx, ends: readonly End[], nowMs: number): Promise<void> {
    for (const aborted of ends) {
      if (!aborted) continue;
      const { id, lease_token: token } = aborted.row;
      await handBack(trx, aborted.table, { id, token, dueAtMs: nowMs });
    }
  }

  /** Rows whose lease has ended are due again by themselves; others need it only at the start on SQLite. */
  async #free(trx: Trx, endedBeforeMs: number, nowMs: number): Promise<boolean> {
    const forgotten = nowMs >= this.#forgottenDueAtMs && (await this.#scheduleForgotten(trx, nowMs));
    if (endedBeforeMs === nowMs) return forgotten;
    const bounds = { endedBeforeMs, limit: FREE_BATCH };
    let more = forgotten;
    for (const table of this.#reconcilers.keys()) {
      more ||= (await RECONCILIATION_LEASES[table].free(trx, bounds, {})).length === FREE_BATCH;
    }
    return more;
  }

  async #scheduleForgotten(trx: Trx, nowMs: number): Promise<boolean> {
    if (await this.refunds.scheduleForgotten(trx, FREE_BATCH)) return true;
    this.#forgottenDueAtMs = nowMs + FORGOTTEN_EVERY_MS;
    return false;
  }
}
