import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics.js';
import { outside } from '../observability/logging/outside.js';
import { Store, type Trx } from '../persistence/store.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { WorkerLoop } from '../leases/worker-loop.js';
import { type NewStatusQuery, StatusQueryRepository } from './status-query.repository.js';
import type { QuerySource } from './status-query.table.js';

/** A payment or refund by the gateway's own id, or a payment by the external's. */
export type QuerySubject =
  { readonly ref: string } | { readonly external: string; readonly paymentId: string };

/** Who sent a query, and why. */
export interface QueryNote {
  readonly subject: QuerySubject;
  readonly source: QuerySource;
  readonly cause: string | null;
}

/** Queries that are written together. */
const BATCH = 200;
const POLL_MS = 1_000;
/** Rows that may wait. Beyond, such as while the database is unavailable, queries are counted as not recorded. */
const MAX_WAITING = 2_000;
const MAX_DETAIL = 300;

type Waiting = Omit<NewStatusQuery, 'subject_ref'> & { readonly subject: QuerySubject };

/**
 * Records the status queries that externals got, for the stories of payments and refunds (SPEC §4). Outside of the
 * request: equal ones are counted in memory, and written together once a second (docs/adr/0004-money-decisions.md).
 */
@Injectable()
export class StatusQueryLog implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #waiting = new Map<string, Waiting>();
  readonly #loop: WorkerLoop;
  readonly #dropped;
  #flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly queries: StatusQueryRepository,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    const logger = new Logger(StatusQueryLog.name);
    this.#dropped = metrics.counter(
      'tollgate_status_queries_not_recorded_total',
      'Status queries missing in the stories of payments: more than could be written.',
    );
    this.#loop = new WorkerLoop(
      async () => {
        await this.flush();
        return { more: this.#waiting.size > 0 };
      },
      POLL_MS,
      (error) => logger.warn({ err: error }, 'Status queries could not be recorded; it will be retried'),
    );
  }

  onApplicationBootstrap(): void {
    this.#loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#loop.stop();
    await this.flush().catch(() => {});
  }

  /** Notes a query and its outcome. `result`: the status that a completed one answered. */
  note<A>(
    { subject, source, cause }: QueryNote,
    outcome: ProviderOutcome<A>,
    result: (answer: A) => string,
  ): void {
    // The gateway has not sent it.
    if (outcome.kind === 'not-executed' && NOT_SENT.has(outcome.reason)) return;
    const completed = outcome.kind === 'completed';
    const answered = completed ? result(outcome.answer) : outcome.reason;
    const name = 'ref' in subject ? subject.ref : `${subject.external}/${subject.paymentId}`;
    const key = `${name} ${source} ${answered}`;
    const now = this.clock.now();
    const before = this.#waiting.get(key);
    if (before) {
      before.times += 1;
      before.last_at = now;
      before.cause = cause;
      return;
    }
    if (this.#waiting.size >= MAX_WAITING) {
      this.#dropped.inc();
      return;
    }
    this.#waiting.set(key, {
      subject,
      source,
      cause,
      result: answered,
      detail: completed ? null : outside(outcome.detail).slice(0, MAX_DETAIL),
      first_at: now,
      last_at: now,
      times: 1,
    });
  }

  /** {@link flush} before a read, which succeeds without it. */
  async settled(): Promise<void> {
    await this.flush().catch(() => {});
  }

  /** Writes what waits. A story or list that is read next has it. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.catch(() => {}).then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      await this.store.transaction(async (trx) => {
        const refs = await this.#refsOf(
          trx,
          batch.map(([, { subject }]) => subject),
        );
        const known = batch.flatMap(([, { subject, ...query }]) => {
          const subject_ref = 'ref' in subject ? subject.ref : refs.get(keyOf(subject));
          // A payment that the ledger does not have has no story.
          return subject_ref === undefined ? [] : [{ ...query, subject_ref }];
        });
        await this.queries.add(trx, known);
      });
      for (const [key, { times }] of batch) this.#forget(key, times);
    }
  }

  #next(): [key: string, waiting: Waiting][] {
    return [...this.#waiting].slice(0, BATCH).map(([key, waiting]) => [key, { ...waiting }]);
  }

  /** Keeps what was noted while the batch was written. */
  #forget(key: string, written: number): void {
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    this.#waiting.delete(key);
    if (waiting.times > written)
      this.#waiting.set(key, { ...waiting, times: waiting.times - written, first_at: waiting.last_at });
  }

  async #refsOf(trx: Trx, subjects: readonly QuerySubject[]): Promise<ReadonlyMap<string, string>> {
    const named = subjects.filter((subject) => 'paymentId' in subject);
    if (named.length === 0) return new Map();
    const rows = await trx
      .selectFrom('payments')
      .select(['id', 'external', 'payment_id'])
      .where('payment_id', 'in', [...new Set(named.map(({ paymentId }) => paymentId))])
      .execute();
    return new Map(rows.map(({ id, external, payment_id }) => [`${external}/${payment_id!}`, id]));
  }
}

const NOT_SENT: ReadonlySet<string> = new Set([
  'no-external',
  'not-supported',
  'concurrency-limit',
  'shutting-down',
  'paused',
]);

function keyOf({ external, paymentId }: Extract<QuerySubject, { paymentId: string }>): string {
  return `${external}/${paymentId}`;
}
