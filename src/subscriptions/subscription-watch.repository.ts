import { Injectable } from '@nestjs/common';
import { type SelectQueryBuilder, sql } from 'kysely';
import { type LeasedRow, LeaseTable } from '../leases/lease-table.js';
import type { DatabaseSchema } from '../persistence/database.js';
import { forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { SubscriptionRow } from './subscription.table.js';

export type LeasedSubscription = LeasedRow<'subscriptions'>;

/** The subscriptions that are due for a query of their state; they share the lease columns with reconciliation. */
export const WATCH_LEASES = new LeaseTable({
  table: 'subscriptions',
  dueAt: 'watch_at',
  whileLeased: 'due-kept',
});

/** The schedule of watched subscriptions (SPEC §4): index subscriptions_watch. */
@Injectable()
export class SubscriptionWatchRepository {
  /**
   * Schedules at most `limit` live subscriptions that are not scheduled yet: those that became ACTIVE, by whichever
   * replica. Returns how many.
   */
  async scheduleUnwatched(trx: Trx, limit: number, watchAt: (id: string) => number): Promise<number> {
    const found = await forUpdateSkipLocked(trx, this.unwatched(trx, limit)).execute();
    if (found.length === 0) return 0;
    const rows = found.map(({ id }) => sql`(${id}, cast(${watchAt(id)} as bigint))`);
    await sql`with planned(id, at) as (values ${sql.join(rows)})
      update subscriptions set watch_at = planned.at from planned where planned.id = subscriptions.id`.execute(
      trx,
    );
    return found.length;
  }

  /** At most `limit` live subscriptions that are not scheduled: the condition of the index subscriptions_unwatched. */
  unwatched(db: Trx, limit: number): SelectQueryBuilder<DatabaseSchema, 'subscriptions', { id: string }> {
    return db
      .selectFrom('subscriptions')
      .select('id')
      .where(sql<boolean>`state in ('ACTIVE', 'PAST_DUE') and token is not null and watch_at is null`)
      .limit(limitOf(limit));
  }

  /** Ends the lease. `watchAt`: the next query; null: the subscription has ended. Does nothing if the lease is lost. */
  async reschedule(trx: Trx, lease: LeasedSubscription, watchAt: number | null): Promise<void> {
    await WATCH_LEASES.end(trx, lease, { watch_at: watchAt });
  }

  /** How long the first due subscription of each external has been due. */
  async overdue(db: Trx, nowMs: number): Promise<{ external: string; overdueMs: number }[]> {
    const overdue: { external: string; overdueMs: number }[] = [];
    for (const external of await WATCH_LEASES.externalsWithDue(db)) {
      const { first } = await db
        .selectFrom('subscriptions')
        .select(({ fn }) => fn.min<SubscriptionRow['watch_at']>('watch_at').as('first'))
        .where('external', '=', external)
        .where('watch_at', 'is not', null)
        .executeTakeFirstOrThrow();
      overdue.push({ external, overdueMs: first === null ? 0 : Math.max(0, nowMs - first) });
    }
    return overdue;
  }
}
