import { Inject, Injectable, Logger } from '@nestjs/common';
import { sql } from 'kysely';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { RETAINED_TABLES, type RetainedTable } from '../config/retention.js';
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { PaymentsRetention } from './payments.retention.js';
import { deletePage, RETAINED_ROWS } from './retained-rows.js';
import { RetentionMetrics } from './retention.metrics.js';

/**
 * Rows of one step. On SQLite nothing else runs meanwhile: a step takes a millisecond or two. On PostgreSQL a step costs
 * the gateway a few round trips, however many rows it has.
 */
const ROWS_PER_STEP = { sqlite: 50, postgres: 500 } as const;
/** Of SQLite, in one step: as much as fits in a millisecond or two. */
const PAGES_PER_STEP = 64;

/** A pass through all tables, from the oldest row of each to those that are too young. */
interface Pass {
  readonly tables: readonly RetainedTable[];
  /** The first of `tables`: the id after which it continues. */
  readonly after: string | undefined;
  readonly rows: number;
}

export interface Step {
  readonly more: boolean;
  readonly workMs: number;
}

const NOTHING_MORE: Step = { more: false, workMs: 0 };

/**
 * Deletes rows that have ended and are older than `RETENTION` (SPEC §10), in steps that are transactions of their own:
 * one that is interrupted or done twice does no harm, since each looks at the rows as they are.
 */
@Injectable()
export class Retention {
  readonly #logger = new Logger(Retention.name);
  #pass: Pass | undefined;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly metrics: RetentionMetrics,
    private readonly payments: PaymentsRetention,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * One step. `more` is false at the end of a pass, and where another replica is at it. `workMs`: how long the database
   * worked on it, without the commit, which others share.
   */
  async step(): Promise<Step> {
    const pass = (this.#pass ??= this.#newPass());
    const [name] = pass.tables;
    if (name === undefined) return this.#giveBack(pass);
    const endedByMs = this.clock.now() - this.config.retentionMs[name]!;
    const limit = ROWS_PER_STEP[this.store.dialect];
    let workMs = 0;
    const deleted = await this.store.transaction(async (trx) => {
      const beganAt = performance.now();
      if (!(await isAlone(trx, this.store))) return undefined;
      const rows = RETAINED_ROWS.find((each) => each.name === name);
      const page = rows
        ? await deletePage(trx, rows, { after: pass.after, endedByMs, limit })
        : await this.payments.step(trx, endedByMs);
      workMs = performance.now() - beganAt;
      this.store.afterCommit(trx, () => this.metrics.countDeleted(name, page.rows));
      return page;
    });
    if (deleted === undefined) return NOTHING_MORE;
    const isLast = deleted.last === undefined;
    this.#pass = {
      tables: isLast ? pass.tables.slice(1) : pass.tables,
      after: deleted.last,
      rows: pass.rows + deleted.rows,
    };
    return { more: true, workMs };
  }

  #newPass(): Pass {
    const tables = RETAINED_TABLES.filter((name) => this.config.retentionMs[name] !== undefined);
    return { tables, after: undefined, rows: 0 };
  }

  async #giveBack({ rows }: Pass): Promise<Step> {
    const { left, workMs } = await this.store.giveBack(PAGES_PER_STEP);
    if (left > 0) return { more: true, workMs };
    if (rows > 0) this.#logger.log({ rows }, 'Rows older than RETENTION were deleted');
    this.#pass = undefined;
    return NOTHING_MORE;
  }
}

/** Of several replicas, one deletes at a time. */
async function isAlone(trx: Trx, { dialect }: Store): Promise<boolean> {
  if (dialect === 'sqlite') return true;
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(current_schema() || ' retention', 0)) as locked`.execute(
    trx,
  );
  return rows[0]!.locked;
}
