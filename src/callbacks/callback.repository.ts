import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { type LeasedRow, LeaseTable } from '../leases/lease-table.js';
import { forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { CallbackRow } from './callback.table.js';

/** A callback that its worker holds now. */
export type LeasedCallback = LeasedRow<'callbacks'>;

export const CALLBACK_LEASES = new LeaseTable({
  table: 'callbacks',
  dueAt: 'next_attempt_at',
  count: 'attempts',
  whileLeased: 'due-cleared',
  onClaim: () => ({ state: 'LEASED' }),
});

const OPEN_KEY = ['external', 'payment_id'] as const;

/** The rows of the inbox. Repeats are merged into the open callback in one statement (`on conflict`). */
@Injectable()
export class CallbackRepository {
  /**
   * Inserts a callback, or merges it into the open one of the same payment. One that waits for a retry becomes due
   * when a new one would: the external is reachable. A fresh one waits for further repeats, but no longer than
   * `gatheringMs` in all.
   */
  async insertOrMerge(trx: Trx, row: CallbackRow, gatheringMs: number): Promise<void> {
    await trx
      .insertInto('callbacks')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(OPEN_KEY)
          .where('finished_at', 'is', null)
          .doUpdateSet((eb) => ({
            repeats: eb('callbacks.repeats', '+', 1),
            last_received_at: eb.ref('excluded.last_received_at'),
            method: eb.ref('excluded.method'),
            body: eb.ref('excluded.body'),
            again: sql<0 | 1>`case when callbacks.state = 'LEASED' then 1 else 0 end`,
            attempts: sql<number>`case when callbacks.state = 'LEASED' then callbacks.attempts else 0 end`,
            next_attempt_at: sql<number | null>`case
              when callbacks.state = 'LEASED' then null
              when callbacks.next_attempt_at > excluded.next_attempt_at
                or excluded.next_attempt_at <= callbacks.received_at + cast(${gatheringMs} as bigint)
              then excluded.next_attempt_at
              else callbacks.next_attempt_at end`,
          })),
      )
      .execute();
  }

  /** Records that a signed callback was processed; false if it was before, with a signature that is still valid. */
  async recordProcessed(
    trx: Trx,
    key: string,
    { nowMs, untilMs }: { nowMs: number; untilMs: number },
  ): Promise<boolean> {
    const recorded = await trx
      .insertInto('taken_callbacks')
      .values({ key, until: untilMs })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({ until: untilMs }).where('taken_callbacks.until', '<=', nowMs),
      )
      .returning('key')
      .executeTakeFirst();
    return recorded !== undefined;
  }

  /** Deletes at most `limit` processed callbacks whose signatures are no longer valid; returns how many. */
  async deleteProcessed(trx: Trx, { nowMs, limit }: { nowMs: number; limit: number }): Promise<number> {
    const deleted = await trx
      .with(
        (cte) => cte('over').materialized(),
        (db) =>
          forUpdateSkipLocked(
            trx,
            db
              .selectFrom('taken_callbacks')
              .select('taken_callbacks.key')
              .where('until', '<=', nowMs)
              .limit(limitOf(limit)),
          ),
      )
      .deleteFrom('taken_callbacks')
      .where('key', 'in', (eb) => eb.selectFrom('over').select('over.key'))
      .executeTakeFirst();
    return Number(deleted.numDeletedRows);
  }

  /** Makes at most `limit` callbacks of workers that died due again; returns how many. */
  async freeEnded(
    trx: Trx,
    { endedBeforeMs, nowMs, limit }: { endedBeforeMs: number; nowMs: number; limit: number },
  ): Promise<number> {
    const columns = { state: 'PENDING', next_attempt_at: nowMs, again: 0 } as const;
    return (await CALLBACK_LEASES.free(trx, { endedBeforeMs, limit }, columns)).length;
  }
}
