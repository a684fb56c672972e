import { Inject, Injectable, Logger } from '@nestjs/common';
import { sql } from 'kysely';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { deletePage, RETAINED_ROWS, type RetainedRows } from './retained-rows.js';
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
  readonly tables: readonly RetainedRows[];
  /** The first of `tables`: the id after which it continues. */
  readonly after: string | undefined;
  readonly rows: number;
}

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
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** One step. Returns false at the end of a pass, and where another replica is at it. */
  async step(): Promise<boolean> {
    const pass = (this.#pass ??= this.#newPass());
    const [rows] = pass.tables;
    if (rows === undefined) return this.#giveBack(pass);
    const endedByMs = this.clock.now() - this.config.retentionMs[rows.name]!;
    const limit = ROWS_PER_STEP[this.store.dialect];
    const deleted = await this.store.transaction(async (trx) => {
      if (!(await isAlone(trx, this.store))) return undefined;
      const page = await deletePage(trx, rows, { after: pass.after, endedByMs, limit });
      this.store.afterCommit(trx, () => this.metrics.countDeleted(rows.name, page.rows));
      return page;
    });
    if (deleted === undefined) return false;
    const isLast = deleted.last === undefined;
    this.#pass = {
      tables: isLast ? pass.tables.slice(1) : pass.tables,
      after: deleted.last,
      rows: pass.rows + deleted.rows,
    };
    return true;
  }

  #newPass(): Pass {
    const tables = RETAINED_ROWS.filter(({ name }) => this.config.retentionMs[name] !== undefined);
    return { tables, after: undefined, rows: 0 };
  }

  async #giveBack({ rows }: Pass): Promise<boolean> {
    if ((await this.store.giveBack(PAGES_PER_STEP)) > 0) return true;
    if (rows > 0) this.#logger.log({ rows }, 'Rows older than RETENTION were deleted');
    this.#pass = undefined;
    return false;
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
