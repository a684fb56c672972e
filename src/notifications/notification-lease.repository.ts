import { Injectable } from '@nestjs/common';
import { type RawBuilder, sql } from 'kysely';
import { forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import { Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';
import type { NotificationRow, NotificationState } from './notification.table.js';

/** What a worker may write down about a notification, and until when. */
export interface NotificationLease {
  readonly id: string;
  readonly token: string;
}

/** A notification that its worker holds now. */
export type LeasedNotification = NotificationRow & {
  readonly lease_token: string;
  readonly lease_until: number;
};

/** What a notification may be after an attempt that failed. */
export type FailedState = 'RETRY' | 'DEAD' | 'SUPERSEDED';

export interface DueClaim {
  readonly nowMs: number;
  readonly limit: number;
  /** Made anew for each claim. */
  readonly token: string;
  readonly leaseUntilMs: number;
  /** Which of those that are due: normally the one that waits longest. */
  readonly order: 'longest-due' | 'latest-due';
}

const NO_LEASE = { lease_token: null, lease_until: null } as const;

function claimDue(direction: 'asc' | 'desc'): Statement<Omit<DueClaim, 'order'>, LeasedNotification> {
  return new Statement((trx, { nowMs, limit, token, leaseUntilMs }) =>
    trx
      .with(
        (cte) => cte('due').materialized(),
        (db) =>
          forUpdateSkipLocked(
            trx,
            db
              .selectFrom('notifications')
              .select('notifications.id')
              .where('next_attempt_at', '<=', nowMs)
              .where((eb) =>
                eb.not(
                  eb.exists(
                    eb
                      .selectFrom('notifications as other')
                      .select('other.id')
                      .whereRef('other.payment_ref', '=', 'notifications.payment_ref')
                      .where('other.lease_until', 'is not', null),
                  ),
                ),
              )
              .orderBy('next_attempt_at', direction)
              .limit(limitOf(limit)),
          ),
      )
      .updateTable('notifications')
      .set((eb) => ({
        state: 'LEASED' as const,
        attempts: eb('attempts', '+', 1),
        next_attempt_at: null,
        // One of its own for each row: a token that fits is this row in this claim.
        lease_token: sql<string>`cast(${token} as text) || ${eb.ref('id')}`,
        lease_until: leaseUntilMs,
        updated_at: nowMs,
      }))
      .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'))
      .returningAll()
      .$narrowType<LeasedNotification>(),
  );
}

const CLAIM_DUE = { 'longest-due': claimDue('asc'), 'latest-due': claimDue('desc') };

const MARK_DELIVERED = new Statement<{
  readonly ids: readonly string[];
  readonly tokens: readonly string[];
  readonly atMs: number;
}>(
  (trx, { ids, tokens, atMs }) =>
    trx
      .updateTable('notifications')
      .set({ state: 'DELIVERED', delivered_at: atMs, updated_at: atMs, ...NO_LEASE })
      .where('id', 'in', ids)
      .where('lease_token', 'in', tokens),
  { ids: true, tokens: true },
);

/**
 * The rows of the outbox, as workers see them. Whoever changes the state of a row that may be waited for does it in one statement that looks
 * at `newest`: on PostgreSQL such a statement sees the newest version of the row once it has its lock, so that a newer notification
 * which is queued at the same moment is never overlooked.
 */
@Injectable()
export class NotificationLeaseRepository {
  /**
   * Leases what is due, the attempt counted already. Only the newest of a payment ever waits; it is left alone while an older
   * one is on the wire.
   */
  claimDue(trx: Trx, { order, ...claim }: DueClaim): Promise<LeasedNotification[]> {
    return CLAIM_DUE[order].rows(trx, claim);
  }

  async markDelivered(trx: Trx, leases: readonly NotificationLease[], atMs: number): Promise<void> {
    if (leases.length === 0) return;
    await MARK_DELIVERED.change(trx, {
      ids: leases.map(({ id }) => id),
      tokens: leases.map(({ token }) => token),
      atMs,
    });
  }

  /**
   * An attempt failed: it waits for the next one, or, where there is none (`nextAttemptAtMs` null), is DEAD. Answers its
   * state, or undefined where the lease is lost.
   */
  async markFailed(
    trx: Trx,
    lease: NotificationLease,
    nextAttemptAtMs: number | null,
    atMs: number,
  ): Promise<FailedState | undefined> {
    const failed = await trx
      .updateTable('notifications')
      .set({
        state: ifNewest(nextAttemptAtMs === null ? 'DEAD' : 'RETRY'),
        next_attempt_at: whileNewest(nextAttemptAtMs),
        updated_at: atMs,
        ...NO_LEASE,
      })
      .where('id', '=', lease.id)
      .where('lease_token', '=', lease.token)
      .returning('state')
      .executeTakeFirst();
    return failed?.state as FailedState | undefined;
  }

  /** Was not sent, or broken off by the gateway itself: the attempt does not count, and is due again at once. */
  async handBack(trx: Trx, lease: NotificationLease, atMs: number): Promise<void> {
    await trx
      .updateTable('notifications')
      .set((eb) => ({
        state: sql<NotificationState>`case when newest = 0 then 'SUPERSEDED' when attempts > 1 then 'RETRY' else 'PENDING' end`,
        attempts: eb('attempts', '-', 1),
        next_attempt_at: whileNewest(atMs),
        updated_at: atMs,
        ...NO_LEASE,
      }))
      .where('id', '=', lease.id)
      .where('lease_token', '=', lease.token)
      .execute();
  }

  /** Takes at most `limit` from workers that have died with them: leases that ended at `endedBeforeMs`. */
  reclaimExpired(
    trx: Trx,
    { endedBeforeMs, nowMs, limit }: { endedBeforeMs: number; nowMs: number; limit: number },
  ): Promise<Pick<NotificationRow, 'id' | 'attempts' | 'state'>[]> {
    return trx
      .with(
        (cte) => cte('expired').materialized(),
        (db) =>
          forUpdateSkipLocked(
            trx,
            db
              .selectFrom('notifications')
              .select('notifications.id')
              .where('lease_until', '<=', endedBeforeMs)
              .limit(limitOf(limit)),
          ),
      )
      .updateTable('notifications')
      .set({
        state: ifNewest('RETRY'),
        next_attempt_at: whileNewest(nowMs),
        updated_at: nowMs,
        ...NO_LEASE,
      })
      .where('id', 'in', (eb) => eb.selectFrom('expired').select('expired.id'))
      .returning(['id', 'attempts', 'state'])
      .execute();
  }
}

function ifNewest(state: NotificationState): RawBuilder<NotificationState> {
  return sql<NotificationState>`case when newest = 1 then cast(${state} as text) else 'SUPERSEDED' end`;
}

/** PostgreSQL takes an untyped parameter in a `case` for text. */
function whileNewest(atMs: number | null): RawBuilder<number | null> {
  return sql<number | null>`case when newest = 1 then cast(${atMs} as bigint) else null end`;
}
