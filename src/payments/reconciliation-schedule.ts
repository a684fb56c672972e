import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';

/** When an open payment is asked about next (SPEC §4); both null: it never will be, and nothing is wrong. */
export interface NextAsk {
  readonly nextAskAt: number | null;
  /** Set where nobody will ask although the state is open: an operator must look. */
  readonly parkedAt: number | null;
}

export const NOT_DUE: NextAsk = { nextAskAt: null, parkedAt: null };

/** The growing schedule of reconciliation. */
@Injectable()
export class ReconciliationSchedule {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** After `asks` questions. `askable`: the external can be asked at all. A used-up schedule parks. */
  next(asks: number, askable: boolean, nowMs: number): NextAsk {
    const waitMs = this.config.reconciliation.scheduleMs[asks];
    return askable && waitMs !== undefined
      ? { nextAskAt: nowMs + waitMs, parkedAt: null }
      : { nextAskAt: null, parkedAt: nowMs };
  }
}
