// oxlint-disable typescript/consistent-type-imports -- Nest injects by the class
import { Injectable } from '@nestjs/common';
import { ReconciliationSchedule } from '../operations/reconciliation-schedule.js';
import type { Trx } from '../persistence/store.js';
import type { NotExecuted, Unknown } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { DEFERRAL_MS, type Reconciled } from './reconciler.js';
import { handBack } from './reconciliation-leases.js';
import { type OpenTable, ReconciliationRepository } from './reconciliation.repository.js';

/** A payment or refund that is leased to this replica and was queried. */
export interface QueriedRow {
  readonly table: OpenTable;
  readonly id: string;
  /** Queries that were sent. */
  readonly asks: number;
  readonly token: string;
}

/** Records how queries of reconciliation about payments and refunds ended; each ends the lease. */
@Injectable()
export class QueryEnds {
  constructor(
    private readonly leases: ReconciliationRepository,
    private readonly schedule: ReconciliationSchedule,
    private readonly clock: Clock,
  ) {}

  /** Schedules the next query. Parks the row if none is left, or none is possible (`queryable` false). */
  async reschedule(trx: Trx, row: QueriedRow, result: Reconciled, queryable = true): Promise<Reconciled> {
    const { table, id, asks, token } = row;
    const next = this.schedule.next(asks, queryable, this.clock.now());
    await this.leases.reschedule(trx, table, { id, token, next });
    return result !== 'settled' && next.parkedAtMs !== null ? 'parked' : result;
  }

  /** The query does not count; the row is due again at `dueAtMs`. */
  async handBack(
    trx: Trx,
    { table, id, token }: QueriedRow,
    result: Reconciled,
    dueAtMs: number,
  ): Promise<Reconciled> {
    await handBack(trx, table, { id, token, dueAtMs });
    return result;
  }

  /** The external has not answered the query; one for which it had no capacity does not count. */
  notAnswered(trx: Trx, row: QueriedRow, outcome: NotExecuted | Unknown): Promise<Reconciled> {
    if (outcome.reason !== 'concurrency-limit' && outcome.reason !== 'throttled')
      return this.reschedule(trx, row, 'failed-to-ask');
    const waitMs = Math.max(outcome.retryAfterMs ?? 0, DEFERRAL_MS);
    return this.handBack(trx, row, 'deferred', this.clock.now() + waitMs);
  }
}
