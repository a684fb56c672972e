import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../persistence/store.js';
import { identifierFloor } from '../shared/identifier.js';
import type { NotificationRow, NotificationState } from './notification.table.js';

/** Which notifications to send again. */
export interface ReplayFilter {
  readonly state: NotificationState;
  /** Undefined: any. */
  readonly external: string | undefined;
  /** Queued at `fromMs` or later, and before `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** One on the wire is left to its worker. */
const REPLAYABLE = ['PENDING', 'RETRY', 'DELIVERED', 'DEAD'] as const;

@Injectable()
export class ReplayRepository {
  /**
   * Makes those of `ids` due now, their schedule begun anew, that are the newest of their payment and not on the wire;
   * answers which. One statement, which sees a newer one that is queued at the same moment.
   */
  async requeue(trx: Trx, ids: readonly string[], atMs: number): Promise<string[]> {
    if (ids.length === 0) return [];
    const rows = await trx
      .updateTable('notifications')
      .set({ state: 'PENDING', attempts: 0, next_attempt_at: atMs, updated_at: atMs })
      .where('id', 'in', ids)
      .where('newest', '=', 1)
      .where('state', 'in', REPLAYABLE)
      .returning('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  /** The next at most `limit` matches after the notification `after`, the oldest first. */
  async matching(
    db: Trx,
    { state, external, fromMs, toMs }: ReplayFilter,
    after: string | undefined,
    limit: number,
  ): Promise<Pick<NotificationRow, 'id' | 'newest'>[]> {
    const query = db
      .selectFrom('notifications')
      .select(['id', 'newest'])
      .where('id', '>', after ?? identifierFloor('ntf', fromMs))
      .where('id', '<', identifierFloor('ntf', toMs))
      // A literal, so that the index of those that are DEAD is found.
      .where('state', '=', sql<NotificationState>`${sql.lit(state)}`)
      .orderBy('id')
      .limit(limit);
    return (external === undefined ? query : query.where('external', '=', external)).execute();
  }
}
