import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { forUpdate } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { NotificationRow, NotificationState } from './notification.table.js';

/** How much waits, for metrics and alerts. */
export interface NotificationBacklog {
  /** PENDING and RETRY, due or not. */
  readonly waiting: number;
  /** When the oldest of them was queued. */
  readonly oldestCreatedAtMs: number | null;
  readonly dead: number;
}

const NEWEST = sql<1>`1`;

/** The rows of the outbox, for queueing and reading. */
@Injectable()
export class NotificationRepository {
  async insert(trx: Trx, row: NotificationRow): Promise<void> {
    await trx.insertInto('notifications').values(row).execute();
  }

  /**
   * Marks the undelivered notifications of the payment as superseded by a newer one. One on the wire stays LEASED:
   * its attempt ends first. A DEAD one is outdated too, and needs no operator any more.
   */
  async supersede(trx: Trx, paymentRef: string, atMs: number): Promise<void> {
    await trx
      .updateTable('notifications')
      .set({
        newest: 0,
        state: sql<NotificationState>`case when state in ('LEASED', 'DELIVERED') then state else 'SUPERSEDED' end`,
        next_attempt_at: null,
        updated_at: atMs,
      })
      .where('payment_ref', '=', paymentRef)
      .where('newest', '=', NEWEST)
      .execute();
  }

  /** The payment turned out to be that of another row: of both rows' notifications, only the newest stays newest. */
  async movePayment(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    const newest = await forUpdate(
      trx,
      trx
        .selectFrom('notifications')
        .select(['payment_ref', 'version', 'updated_at'])
        .where('payment_ref', 'in', [fromRef, toRef])
        .where('newest', '=', NEWEST)
        .orderBy('version', 'desc'),
    ).execute();
    for (const older of newest.slice(1)) await this.supersede(trx, older.payment_ref, older.updated_at);
    await trx
      .updateTable('notifications')
      .set({ payment_ref: toRef })
      .where('payment_ref', '=', fromRef)
      .execute();
  }

  find(trx: Trx, id: string): Promise<NotificationRow | undefined> {
    return trx.selectFrom('notifications').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async backlog(db: Trx): Promise<NotificationBacklog> {
    const waiting = await db
      .selectFrom('notifications')
      .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('created_at').as('oldest')])
      .where('next_attempt_at', 'is not', null)
      .executeTakeFirstOrThrow();
    const dead = await db
      .selectFrom('notifications')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', '=', sql.lit('DEAD'))
      .executeTakeFirstOrThrow();
    return { waiting: waiting.count, oldestCreatedAtMs: waiting.oldest, dead: dead.count };
  }
}
