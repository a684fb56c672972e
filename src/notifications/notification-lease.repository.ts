import { Injectable } from '@nestjs/common';
import { type RawBuilder, sql } from 'kysely';
import { type Claim, type Lease, type LeasedRow, LeaseTable } from '../leases/lease-table.js';
import { BatchStatement } from '../persistence/batch-statement.js';
import { dialectOf } from '../persistence/dialect.js';
import { Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';
import { NOTIFICATION_COLUMNS, type NotificationRow, type NotificationState } from './notification.table.js';

/** A notification that its worker holds now. */
export type LeasedNotification = LeasedRow<'notifications'>;

/** The states that a notification may have after a failed attempt. */
export type FailedState = 'RETRY' | 'DEAD' | 'SUPERSEDED';

/** Only the receiver's newest notification of a subject is ever due; it waits while an older one is on the wire. */
const LEASES = new LeaseTable({
  table: 'notifications',
  dueAt: 'next_attempt_at',
  count: 'attempts',
  whileLeased: 'due-cleared',
  columns: NOTIFICATION_COLUMNS,
  onClaim: (nowMs) => ({ state: 'LEASED', updated_at: nowMs }),
  // Not correlated: the database reads the few that are leased once, and not for each row that is due.
  claimable: (eb) =>
    eb(
      eb.refTuple('notifications.payment_ref', 'notifications.receiver'),
      'not in',
      eb
        .selectFrom('notifications as other')
        .select(['other.payment_ref', 'other.receiver'])
        .where('other.lease_until', 'is not', null)
        .$asTuple('payment_ref', 'receiver'),
    ),
});

const MARK_DELIVERED = new Statement<{
  readonly ids: readonly string[];
  readonly tokens: readonly string[];
  readonly atMs: number;
}>(
  (trx, { ids, tokens, atMs }) =>
    trx
      .updateTable('notifications')
      .set({
        state: 'DELIVERED',
        delivered_at: atMs,
        updated_at: atMs,
        lease_token: null,
        lease_until: null,
      })
      .where('id', 'in', ids)
      .where('lease_token', 'in', tokens),
  { ids: true, tokens: true },
);

/** {@link MARK_DELIVERED} on PostgreSQL: one text for any number of rows, which a session prepares once. */
const MARK_BATCH_DELIVERED = new BatchStatement(
  { id: 'text', lease_token: 'text', at: 'bigint' },
  `marked as (
    update notifications set state = 'DELIVERED', delivered_at = entry.at, updated_at = entry.at,
      lease_token = null, lease_until = null
    from entry where notifications.id = entry.id and notifications.lease_token = entry.lease_token
  ) select id from entry where false`,
);

/**
 * The rows of the outbox that workers hold. Every change of state looks at `newest` in the same statement, so that a
 * newer notification which is queued at the same moment is never overlooked.
 */
@Injectable()
export class NotificationLeaseRepository {
  claimDue(trx: Trx, claim: Claim & { readonly receiver: string }): Promise<LeasedNotification[]> {
    return LEASES.claim(trx, claim);
  }

  /** Ends the leases of many deliveries in one statement; nearly all attempts end here. */
  async markDelivered(trx: Trx, leases: readonly Lease[], atMs: number): Promise<void> {
    if (leases.length === 0) return;
    if (dialectOf(trx) === 'postgres') {
      const entries = leases.map(({ id, lease_token }) => ({ id, lease_token, at: atMs }));
      return MARK_BATCH_DELIVERED.run(trx, entries);
    }
    await MARK_DELIVERED.change(trx, {
      ids: leases.map(({ id }) => id),
      tokens: leases.map(({ lease_token }) => lease_token),
      atMs,
    });
  }

  /**
   * An attempt failed: the notification waits for the next one, or is DEAD if there is none (`nextAttemptAtMs` null).
   * Returns its state; undefined if the lease is lost.
   */
  async markFailed(
    trx: Trx,
    lease: Lease,
    nextAttemptAtMs: number | null,
    atMs: number,
  ): Promise<FailedState | undefined> {
    const failed = await LEASES.end(trx, lease, {
      state: ifNewest(nextAttemptAtMs === null ? 'DEAD' : 'RETRY'),
      next_attempt_at: dueIfNewest(nextAttemptAtMs),
      updated_at: atMs,
    });
    return failed?.state as FailedState | undefined;
  }

  /**
   * The gateway itself did not send it or broke it off: the attempt does not count, and the notification is due at
   * once.
   */
  async handBack(trx: Trx, lease: Lease, atMs: number): Promise<void> {
    await LEASES.handBack(trx, lease, {
      state: sql<NotificationState>`case when newest = 0 then 'SUPERSEDED' when attempts > 1 then 'RETRY' else 'PENDING' end`,
      next_attempt_at: dueIfNewest(atMs),
      updated_at: atMs,
    });
  }

  /** Makes at most `limit` notifications of workers that died due again. */
  freeEnded(
    trx: Trx,
    { endedBeforeMs, nowMs, limit }: { endedBeforeMs: number; nowMs: number; limit: number },
  ): Promise<NotificationRow[]> {
    return LEASES.free(
      trx,
      { endedBeforeMs, limit },
      { state: ifNewest('RETRY'), next_attempt_at: dueIfNewest(nowMs), updated_at: nowMs },
    );
  }
}

function ifNewest(state: NotificationState): RawBuilder<NotificationState> {
  return sql<NotificationState>`case when newest = 1 then cast(${state} as text) else 'SUPERSEDED' end`;
}

/** PostgreSQL reads an untyped parameter in a `case` as text. */
function dueIfNewest(atMs: number | null): RawBuilder<number | null> {
  return sql<number | null>`case when newest = 1 then cast(${atMs} as bigint) else null end`;
}
