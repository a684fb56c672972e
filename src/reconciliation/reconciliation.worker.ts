import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { pollMsOf } from '../notifications/retry-schedule.js';
import { Store, type Trx } from '../persistence/store.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { backgroundLimit } from '../providers/resilience.js';
import { Clock } from '../shared/clock.js';
import { LeasePipeline } from '../shared/lease-pipeline.js';
import { PaymentReconciler } from './payment.reconciler.js';
import type { DueRow, Reconciler } from './reconciler.js';
import { ReconciliationMetrics } from './reconciliation.metrics.js';
import {
  claimDue,
  externalsToAsk,
  freeLeases,
  handBack,
  type ReconciledTable,
} from './reconciliation-claim.js';
import { SubscriptionReconciler } from './subscription.reconciler.js';

const CONCURRENCY = 200;
/** And never more than its share of background questions: an external that hangs leaves room for the others. */
const CONCURRENCY_PER_EXTERNAL = 50;
/** After a question that an external had no room for. */
const PAUSE_MS = 1_000;
/** Beyond the time limit of a question: the two commits and a busy event loop. No row is asked about twice at once. */
const LEASE_MARGIN_MS = 20_000;
const STOP_GRACE_MS = 5_000;

interface Job {
  readonly table: ReconciledTable;
  readonly row: DueRow;
  readonly token: string;
}

/** The job where it was broken off: it is to be handed back. */
type End = Job | undefined;

/**
 * Asks the externals about what is open and due; any number of replicas may do so at once (SPEC §4). Claims per external, so that
 * one that hangs, and whatever has piled up before it, costs the others nothing.
 */
@Injectable()
export class ReconciliationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(ReconciliationWorker.name);
  readonly #reconcilers: ReadonlyMap<ReconciledTable, Reconciler>;
  readonly #pipeline: LeasePipeline<Job, End>;
  /** Questions under way, by external. */
  readonly #asking = new Map<string, number>();
  readonly #pausedUntil = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    private readonly metrics: ReconciliationMetrics,
    payments: PaymentReconciler,
    subscriptions: SubscriptionReconciler,
  ) {
    this.#reconcilers = new Map<ReconciledTable, Reconciler>([
      ['payments', payments],
      ['subscriptions', subscriptions],
    ]);
    this.#pipeline = new LeasePipeline(
      {
        exchange: (ends, room) => this.#exchange(ends, room),
        run: (job, signal) => this.#runUnlessBrokenOff(job, signal),
      },
      {
        limit: CONCURRENCY,
        pollMs: pollMsOf(config.reconciliation.scheduleMs),
        onError: (error) => this.#logger.error({ err: error }, 'Reconciliation failed; it goes on'),
      },
    );
  }

  /** For readiness: how long nothing has been heard of it. */
  get stalledMs(): number {
    return this.#pipeline.stalledMs;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.workers) return;
    // At its start, a process on SQLite is the only one: whoever held a lease is dead.
    if (this.store.dialect === 'sqlite')
      await this.store.transaction(async (trx) => {
        for (const table of this.#reconcilers.keys()) await freeLeases(trx, table);
      });
    this.#pipeline.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#pipeline.stop(STOP_GRACE_MS);
  }

  /** Asks for all that is due now, and waits for the answers. */
  async reconcileDue(): Promise<void> {
    await Promise.all((await this.#exchange([], CONCURRENCY)).map((job) => this.#run(job)));
  }

  /** One transaction: hands back what was broken off, and claims. */
  async #exchange(ends: readonly End[], room: number): Promise<Job[]> {
    const brokenOff = ends.filter((end) => end !== undefined);
    if (brokenOff.length === 0 && room === 0) return [];
    return this.store.transaction(async (trx) => {
      const dueAtMs = this.clock.now();
      for (const { table, row, token } of brokenOff)
        await handBack(trx, table, { id: row.id, token, dueAtMs });
      const jobs: Job[] = [];
      for (const table of this.#reconcilers.keys()) await this.#claim(trx, table, room, jobs);
      return jobs;
    });
  }

  /** A few of each external, whatever waits for the others; adds to `jobs` until there are `room` of them. */
  async #claim(trx: Trx, table: ReconciledTable, room: number, jobs: Job[]): Promise<void> {
    if (jobs.length >= room) return;
    const nowMs = this.clock.now();
    const token = randomUUID();
    for (const external of await externalsToAsk(trx, table)) {
      const claimed = jobs.filter(({ row }) => row.external === external).length;
      const limit = Math.min(room - jobs.length, this.#roomOf(external, nowMs) - claimed);
      if (limit <= 0) continue;
      const untilMs = nowMs + this.#timeoutMs(external) + LEASE_MARGIN_MS;
      const rows = await claimDue(trx, table, { external, token, nowMs, untilMs, limit });
      jobs.push(...rows.map((row) => ({ table, row, token })));
    }
  }

  #roomOf(external: string, nowMs: number): number {
    if ((this.#pausedUntil.get(external) ?? 0) > nowMs) return 0;
    const config = this.registry.get(external)?.config;
    const limit = config
      ? Math.min(backgroundLimit(config), CONCURRENCY_PER_EXTERNAL)
      : CONCURRENCY_PER_EXTERNAL;
    return limit - (this.#asking.get(external) ?? 0);
  }

  #timeoutMs(external: string): number {
    return this.registry.get(external)?.config.timeoutMs ?? 0;
  }

  /** What goes on unheard is cut when its provider closes, and finds its lease handed back. */
  async #runUnlessBrokenOff(job: Job, signal: AbortSignal): Promise<End> {
    const broken = Promise.withResolvers<Job>();
    const breakOff = (): void => broken.resolve(job);
    signal.addEventListener('abort', breakOff, { once: true });
    try {
      return await Promise.race([this.#run(job), broken.promise]);
    } finally {
      signal.removeEventListener('abort', breakOff);
    }
  }

  async #run({ table, row, token }: Job): Promise<undefined> {
    const { id: ref, external, traceparent } = row;
    this.#asking.set(external, (this.#asking.get(external) ?? 0) + 1);
    try {
      const result = await this.#reconcilers.get(table)!.reconcile(row, token);
      if (result === 'deferred') this.#pausedUntil.set(external, this.clock.now() + PAUSE_MS);
      this.metrics.count(table, external, result);
      this.#logger.log({ table, ref, external, result, traceparent }, 'Reconciled');
    } catch (error) {
      // The lease ends by itself, and the question is put again.
      this.#logger.error({ err: error, table, ref }, 'Reconciliation of a row failed');
    } finally {
      const others = this.#asking.get(external)! - 1;
      if (others > 0) this.#asking.set(external, others);
      else this.#asking.delete(external);
    }
  }
}
