import { Injectable } from '@nestjs/common';
import type { NextAsk } from '../payments/reconciliation-schedule.js';
import { forUpdate } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { SubscriptionState } from './subscription-state.js';
import type { SubscriptionRow } from './subscription.table.js';

/** What was learned of a subscription; absent members stay as they are. */
export interface SubscriptionNews extends NextAsk {
  readonly state: SubscriptionState;
  readonly token?: string | undefined;
  readonly atMs: number;
}

@Injectable()
export class SubscriptionRepository {
  async insert(trx: Trx, row: SubscriptionRow): Promise<void> {
    await trx.insertInto('subscriptions').values(row).execute();
  }

  find(trx: Trx, id: string): Promise<SubscriptionRow | undefined> {
    return trx.selectFrom('subscriptions').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** The same, held until `trx` ends: reconciliation does not move it meanwhile. */
  lock(trx: Trx, id: string): Promise<SubscriptionRow | undefined> {
    return forUpdate(
      trx,
      trx.selectFrom('subscriptions').selectAll().where('id', '=', id),
    ).executeTakeFirst();
  }

  findByToken(trx: Trx, external: string, token: string): Promise<SubscriptionRow | undefined> {
    return trx
      .selectFrom('subscriptions')
      .selectAll()
      .where('external', '=', external)
      .where('token', '=', token)
      .executeTakeFirst();
  }

  /** Compare-and-set from `before`; false when somebody was faster. */
  async advance(trx: Trx, id: string, before: SubscriptionState, news: SubscriptionNews): Promise<boolean> {
    const updated = await trx
      .updateTable('subscriptions')
      .set({
        state: news.state,
        updated_at: news.atMs,
        next_ask_at: news.nextAskAt,
        parked_at: news.parkedAt,
        ...(news.token !== undefined && { token: news.token }),
      })
      .where('id', '=', id)
      .where('state', '=', before)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /** Ends the lease and sets when to ask next; nothing where the lease was lost. */
  async reschedule(trx: Trx, id: string, token: string, next: NextAsk): Promise<void> {
    await trx
      .updateTable('subscriptions')
      .set({ lease_token: null, lease_until: null, next_ask_at: next.nextAskAt, parked_at: next.parkedAt })
      .where('id', '=', id)
      .where('lease_token', '=', token)
      .execute();
  }

  /** An update of unknown outcome: the external is to be asked how the subscription stands. */
  async askAt(trx: Trx, id: string, next: NextAsk): Promise<void> {
    await trx
      .updateTable('subscriptions')
      .set({ next_ask_at: next.nextAskAt, parked_at: next.parkedAt, asks: 0 })
      .where('id', '=', id)
      .execute();
  }
}
