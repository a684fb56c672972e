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
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { LeasePipeline } from '../shared/lease-pipeline.js';
import { ReconciliationMetrics } from './reconciliation.metrics.js';
import { claimDue, type ReconciledTable } from './reconciliation-claim.js';

const POLL_MS = 1_000;
/** More than one external's share of background questions: one that hangs leaves room for the others. */
const CONCURRENCY = 200;
/** A replica that died with a lease delays the next question by this much; a question put twice meanwhile does no harm. */
const LEASE_MS = 30_000;
const STOP_GRACE_MS = 5_000;

/** A row that is due, leased to this replica. */
export interface DueRow {
  readonly id: string;
  readonly external: string;
  /** Of what made it, where the table has one. */
  readonly traceparent?: string | null;
}

/** A room's side of reconciliation. */
export interface Reconciler {
  /** Asks about one row that is leased to `token`, the question counted, and says in a word what came of it. */
  reconcile(row: DueRow, token: string): Promise<string>;
}

interface Job {
  readonly table: ReconciledTable;
  readonly row: DueRow;
  readonly token: string;
}

/** Asks the externals about what is open and due; any number of replicas may do so at once (SPEC §4). */
@Injectable()
export class ReconciliationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(ReconciliationWorker.name);
  readonly #reconcilers = new Map<ReconciledTable, Reconciler>();
  readonly #pipeline: LeasePipeline<Job, undefined>;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    private readonly metrics: ReconciliationMetrics,
  ) {
    this.#pipeline = new LeasePipeline(
      {
        exchange: (_ends, room) => this.#claim(room),
        run: async (job) => {
          await this.#reconcile(job);
          return undefined;
        },
      },
      {
        limit: CONCURRENCY,
        pollMs: POLL_MS,
        onError: (error) => this.#logger.error({ err: error }, 'Reconciliation failed; it goes on'),
      },
    );
  }

  /** For readiness: how long nothing has been heard of it. */
  get stalledMs(): number {
    return this.#pipeline.stalledMs;
  }

  /** Rooms register at start: who asks about the rows of `table`. */
  register(table: ReconciledTable, reconciler: Reconciler): void {
    this.#reconcilers.set(table, reconciler);
  }

  onApplicationBootstrap(): void {
    if (this.config.workers) this.#pipeline.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#pipeline.stop(STOP_GRACE_MS);
  }

  /** Asks for all that is due now, and waits for the answers. */
  async reconcileDue(): Promise<void> {
    await Promise.all((await this.#claim(CONCURRENCY)).map((job) => this.#reconcile(job)));
  }

  async #claim(room: number): Promise<Job[]> {
    if (room === 0) return [];
    return this.store.transaction(async (trx) => {
      const jobs: Job[] = [];
      for (const table of this.#reconcilers.keys())
        jobs.push(...(await this.#claimFrom(trx, table, room - jobs.length)));
      return jobs;
    });
  }

  async #claimFrom(trx: Trx, table: ReconciledTable, limit: number): Promise<Job[]> {
    if (limit <= 0) return [];
    const nowMs = this.clock.now();
    const token = randomUUID();
    const rows = await claimDue(trx, table, { token, nowMs, untilMs: nowMs + LEASE_MS, limit });
    return rows.map((row) => ({ table, row, token }));
  }

  async #reconcile({ table, row, token }: Job): Promise<void> {
    try {
      const result = await this.#reconcilers.get(table)!.reconcile(row, token);
      this.metrics.count(table, row.external, result);
      const { id: ref, external, traceparent } = row;
      this.#logger.log({ table, ref, external, result, traceparent }, 'Reconciled');
    } catch (error) {
      // The lease ends by itself, and the question is put again.
      this.#logger.error({ err: error, table, ref: row.id }, 'Reconciliation of a row failed');
    }
  }
}
