import { Injectable } from '@nestjs/common';
import type { NextQuery } from '../operations/reconciliation-schedule.js';
import { forUpdate } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { SubscriptionState } from './subscription-state.js';
import type { NewSubscription, SubscriptionRow } from './subscription.table.js';

/** A new state of a subscription; an absent token stays as it is. */
export interface SubscriptionChange {
  readonly state: SubscriptionState;
  readonly token?: string | undefined;
  readonly next: NextQuery;
  readonly atMs: number;
}

@Injectable()
export class SubscriptionRepository {
  async insert(trx: Trx, row: NewSubscription): Promise<void> {
    await trx.insertInto('subscriptions').values(row).execute();
  }

  find(trx: Trx, id: string): Promise<SubscriptionRow | undefined> {
    return trx.selectFrom('subscriptions').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** As {@link find}, locked until `trx` ends. */
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

  /** The token belongs to a later subscription of the same order from now on. */
  async releaseToken(trx: Trx, id: string): Promise<void> {
    await trx.updateTable('subscriptions').set({ token: null }).where('id', '=', id).execute();
  }

  /** Records the token that the external answered and that the subscription may not have. */
  async claim(trx: Trx, id: string, token: string): Promise<void> {
    await trx.updateTable('subscriptions').set({ claimed_token: token }).where('id', '=', id).execute();
  }

  /** Compare-and-set from the state `from`; false when the subscription is in another state. */
  async advance(trx: Trx, id: string, from: SubscriptionState, change: SubscriptionChange): Promise<boolean> {
    const updated = await trx
      .updateTable('subscriptions')
      .set({
        state: change.state,
        updated_at: change.atMs,
        next_ask_at: change.next.atMs,
        parked_at: change.next.parkedAtMs,
        ...(change.token !== undefined && { token: change.token }),
      })
      .where('id', '=', id)
      .where('state', '=', from)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /** Ends the lease and schedules the next query; does nothing if the lease is lost. */
  async reschedule(trx: Trx, id: string, token: string, next: NextQuery): Promise<void> {
    await trx
      .updateTable('subscriptions')
      .set({ lease_token: null, lease_until: null, next_ask_at: next.atMs, parked_at: next.parkedAtMs })
      .where('id', '=', id)
      .where('lease_token', '=', token)
      .execute();
  }

  /** Counts a notification, which locks the row until `trx` ends; see `LedgerRestore.versionOf`. */
  async nextVersion(trx: Trx, id: string): Promise<number> {
    const { version } = await trx
      .updateTable('subscriptions')
      .set((eb) => ({ version: eb('version', '+', 1) }))
      .where('id', '=', id)
      .returning('version')
      .executeTakeFirstOrThrow();
    return version;
  }

  /** Starts the schedule of queries anew. */
  async queryAt(trx: Trx, id: string, next: NextQuery): Promise<void> {
    await trx
      .updateTable('subscriptions')
      .set({ next_ask_at: next.atMs, parked_at: next.parkedAtMs, asks: 0 })
      .where('id', '=', id)
      .execute();
  }
}
