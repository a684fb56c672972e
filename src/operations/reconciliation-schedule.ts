import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

/** When reconciliation queries the external about a row next (SPEC §4). Both null: never, and the row is settled. */
export interface NextQuery {
  readonly atMs: number | null;
  /** Set if the row is open but no query is left: an operator must settle it. */
  readonly parkedAtMs: number | null;
}

export const NOT_DUE: NextQuery = { atMs: null, parkedAtMs: null };

/** The growing intervals between the queries of reconciliation. */
@Injectable()
export class ReconciliationSchedule {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * After `queries` queries. Parks the row if no interval is left or no query is possible.
   */
  next(queries: number, queryable: boolean, nowMs: number): NextQuery {
    const waitMs = this.config.reconciliation.scheduleMs[queries];
    return queryable && waitMs !== undefined
      ? { atMs: nowMs + waitMs, parkedAtMs: null }
      : { atMs: null, parkedAtMs: nowMs };
  }
}
