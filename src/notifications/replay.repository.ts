import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../persistence/store.js';
import { identifierFloor } from '../shared/identifier.js';
import type { NotificationRow, NotificationState } from './notification.table.js';

/** Selects the notifications to replay. */
export interface ReplayFilter {
  readonly state: NotificationState;
  /** Undefined: any. */
  readonly external: string | undefined;
  /** Undefined: any. */
  readonly receiver: string | undefined;
  /** Queued at `fromMs` or later, and before `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Not LEASED: one on the wire belongs to its worker. */
const REPLAYABLE = ['PENDING', 'RETRY', 'DELIVERED', 'DEAD'] as const;

@Injectable()
export class ReplayRepository {
  /**
   * Makes those of `ids` due now, with a new schedule, that are their receiver's newest of their subject and not on the wire;
   * records the requests for replay and returns the ids. One update, which sees a newer notification that is queued
   * at the same moment.
   */
  async requeue(trx: Trx, ids: readonly string[], requestedBy: string, atMs: number): Promise<string[]> {
    if (ids.length === 0) return [];
    const requeued = await trx
      .updateTable('notifications')
      .set({ state: 'PENDING', attempts: 0, next_attempt_at: atMs, updated_at: atMs })
      .where('id', 'in', ids)
      .where('newest', '=', 1)
      .where('state', 'in', REPLAYABLE)
      .returning('id')
      .execute();
    if (requeued.length === 0) return [];
    const replays = requeued.map(({ id }) => ({ notification_ref: id, at: atMs, requested_by: requestedBy }));
    await trx.insertInto('notification_replays').values(replays).execute();
    return requeued.map(({ id }) => id);
  }

  /** At most `limit` matches after the notification `after`, oldest first. */
  async matching(
    db: Trx,
    { state, external, receiver, fromMs, toMs }: ReplayFilter,
    after: string | undefined,
    limit: number,
  ): Promise<Pick<NotificationRow, 'id' | 'newest'>[]> {
    let query = db
      .selectFrom('notifications')
      .select(['id', 'newest'])
      .where('id', '>', after ?? identifierFloor('ntf', fromMs))
      .where('id', '<', identifierFloor('ntf', toMs))
      // A literal, so that the partial index on DEAD is used.
      .where('state', '=', sql<NotificationState>`${sql.lit(state)}`)
      .orderBy('id')
      .limit(limit);
    if (external !== undefined) query = query.where('external', '=', external);
    if (receiver !== undefined) query = query.where('receiver', '=', receiver);
    return query.execute();
  }
}
