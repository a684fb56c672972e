import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { forUpdate } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { NewNotification, NotificationRow, NotificationState } from './notification.table.js';

/** How much waits for one receiver, for metrics and alerts. */
export interface NotificationBacklog {
  /** PENDING and RETRY, due or not. */
  readonly waiting: number;
  /** When the oldest of them was queued. */
  readonly oldestCreatedAtMs: number | null;
  readonly dead: number;
}

export const NO_BACKLOG: NotificationBacklog = { waiting: 0, oldestCreatedAtMs: null, dead: 0 };

const NEWEST = sql<1>`1`;

/** The rows of the outbox, for queueing and reading. */
@Injectable()
export class NotificationRepository {
  async insert(trx: Trx, rows: readonly NewNotification[]): Promise<void> {
    await trx.insertInto('notifications').values(rows).execute();
  }

  /**
   * Marks the undelivered notifications of the subject to `receivers` as superseded by a newer one. One on the wire
   * stays LEASED: its attempt ends first. A DEAD one is outdated too, and needs no operator any more.
   */
  async supersede(trx: Trx, subjectRef: string, receivers: readonly string[], atMs: number): Promise<void> {
    await trx
      .updateTable('notifications')
      .set({
        newest: 0,
        state: sql<NotificationState>`case when state in ('LEASED', 'DELIVERED') then state else 'SUPERSEDED' end`,
        next_attempt_at: null,
        updated_at: atMs,
      })
      .where('payment_ref', '=', subjectRef)
      .where('receiver', 'in', receivers)
      .where('newest', '=', NEWEST)
      .execute();
  }

  /**
   * The payment turned out to be that of another row: of both rows' notifications to a receiver, only the newest stays
   * newest.
   */
  async movePayment(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    const newest = await forUpdate(
      trx,
      trx
        .selectFrom('notifications')
        .select(['payment_ref', 'receiver', 'version', 'updated_at'])
        .where('payment_ref', 'in', [fromRef, toRef])
        .where('newest', '=', NEWEST)
        .orderBy('version', 'desc'),
    ).execute();
    const seen = new Set<string>();
    for (const { payment_ref, receiver, updated_at } of newest) {
      if (seen.has(receiver)) await this.supersede(trx, payment_ref, [receiver], updated_at);
      seen.add(receiver);
    }
    await trx
      .updateTable('notifications')
      .set({ payment_ref: toRef })
      .where('payment_ref', '=', fromRef)
      .execute();
  }

  find(trx: Trx, id: string): Promise<NotificationRow | undefined> {
    return trx.selectFrom('notifications').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** By receiver; one without a waiting or dead notification is absent. */
  async backlog(db: Trx): Promise<ReadonlyMap<string, NotificationBacklog>> {
    const waiting = await db
      .selectFrom('notifications')
      .select(({ fn }) => [
        'receiver',
        fn.countAll<number>().as('waiting'),
        fn.min('created_at').as('oldestCreatedAtMs'),
      ])
      .where('next_attempt_at', 'is not', null)
      .groupBy('receiver')
      .execute();
    const dead = await db
      .selectFrom('notifications')
      .select(({ fn }) => ['receiver', fn.countAll<number>().as('dead')])
      .where('state', '=', sql.lit('DEAD'))
      .groupBy('receiver')
      .execute();
    const backlogs = new Map<string, NotificationBacklog>();
    for (const { receiver, ...counts } of [...waiting, ...dead])
      backlogs.set(receiver, { ...NO_BACKLOG, ...backlogs.get(receiver), ...counts });
    return backlogs;
  }
}
