import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { forUpdate, forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { CallbackRow } from './callback.table.js';

/** A callback that its worker holds now. */
export type LeasedCallback = CallbackRow & { readonly lease_token: string };

export interface CallbackLease {
  readonly id: string;
  readonly token: string;
}

export interface CallbackClaim {
  readonly external: string;
  readonly nowMs: number;
  readonly limit: number;
  /** Made anew for each claim. */
  readonly token: string;
  readonly leaseUntilMs: number;
}

const NO_LEASE = { lease_token: null, lease_until: null } as const;
const OPEN_KEY = ['external', 'payment_id'] as const;

/**
 * The rows of the inbox. Repeats meet the open callback in one statement (`on conflict`), and workers hold it while they
 * write down how it ended: whichever comes second sees what the first has committed.
 */
@Injectable()
export class CallbackRepository {
  /**
   * Writes a callback down, or merges it into the open one of the same payment. One that waits for a retry is due when a new
   * one would be: the external is there. A fresh one waits for what comes with it, but no longer than `gatheringMs` in all.
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

  /** Notes that a signed callback was taken; false where it was before, and until then its signature was valid. */
  async take(
    trx: Trx,
    key: string,
    { nowMs, untilMs }: { nowMs: number; untilMs: number },
  ): Promise<boolean> {
    const noted = await trx
      .insertInto('taken_callbacks')
      .values({ key, until: untilMs })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({ until: untilMs }).where('taken_callbacks.until', '<=', nowMs),
      )
      .returning('key')
      .executeTakeFirst();
    return noted !== undefined;
  }

  /** Forgets at most `limit` whose signatures are not valid any more; says how many. */
  async forgetTaken(trx: Trx, { nowMs, limit }: { nowMs: number; limit: number }): Promise<number> {
    const forgotten = await trx
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
    return Number(forgotten.numDeletedRows);
  }

  /** The externals that callbacks wait for, found by as many steps through the index as there are of them. */
  async waitingExternals(db: Trx): Promise<string[]> {
    const { rows } = await sql<{ external: string }>`
      with recursive waiting(external) as (
        select min(external) from callbacks where next_attempt_at is not null
        union all
        select (select min(callbacks.external) from callbacks
                where callbacks.next_attempt_at is not null and callbacks.external > waiting.external)
        from waiting where waiting.external is not null
      )
      select external from waiting where external is not null`.execute(db);
    return rows.map(({ external }) => external);
  }

  /** Leases what is due of one external, the attempt counted already. */
  claimDue(trx: Trx, claim: CallbackClaim): Promise<LeasedCallback[]> {
    return trx
      .with(
        (cte) => cte('due').materialized(),
        (db) =>
          forUpdateSkipLocked(
            trx,
            db
              .selectFrom('callbacks')
              .select('callbacks.id')
              .where('external', '=', claim.external)
              .where('next_attempt_at', '<=', claim.nowMs)
              .orderBy('next_attempt_at')
              .limit(limitOf(claim.limit)),
          ),
      )
      .updateTable('callbacks')
      .set((eb) => ({
        state: 'LEASED' as const,
        attempts: eb('attempts', '+', 1),
        next_attempt_at: null,
        lease_token: sql<string>`cast(${claim.token} as text) || ${eb.ref('id')}`,
        lease_until: claim.leaseUntilMs,
      }))
      .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'))
      .returningAll()
      .execute() as Promise<LeasedCallback[]>;
  }

  /** Holds a leased callback until `trx` ends and answers its present row; undefined where the lease is lost. */
  async hold(trx: Trx, lease: CallbackLease): Promise<CallbackRow | undefined> {
    const query = trx
      .selectFrom('callbacks')
      .selectAll()
      .where('id', '=', lease.id)
      .where('lease_token', '=', lease.token);
    return forUpdate(trx, query).executeTakeFirst();
  }

  /** The external confirmed it. */
  async markVerified(trx: Trx, id: string, shopTransactionId: string | null, atMs: number): Promise<void> {
    await this.#end(trx, id, {
      state: 'VERIFIED',
      finished_at: atMs,
      last_error: null,
      shop_transaction_id: shopTransactionId,
    });
  }

  /** The external is asked about it (again) then, after so many attempts that count. */
  async putOff(
    trx: Trx,
    id: string,
    { attempts, nextAttemptAtMs, error }: { attempts: number; nextAttemptAtMs: number; error: string | null },
  ): Promise<void> {
    await this.#end(trx, id, {
      state: 'PENDING',
      attempts,
      next_attempt_at: nextAttemptAtMs,
      last_error: error,
    });
  }

  /** The schedule is used up, and the external never confirmed it. */
  async markUnconfirmed(trx: Trx, id: string, error: string, atMs: number): Promise<void> {
    await this.#end(trx, id, { state: 'UNCONFIRMED', finished_at: atMs, last_error: error });
  }

  /** Takes at most `limit` from workers that have died with them; says how many. */
  async reclaimExpired(
    trx: Trx,
    { endedBeforeMs, nowMs, limit }: { endedBeforeMs: number; nowMs: number; limit: number },
  ): Promise<number> {
    const reclaimed = await trx
      .with(
        (cte) => cte('expired').materialized(),
        (db) =>
          forUpdateSkipLocked(
            trx,
            db
              .selectFrom('callbacks')
              .select('callbacks.id')
              .where('lease_until', '<=', endedBeforeMs)
              .limit(limitOf(limit)),
          ),
      )
      .updateTable('callbacks')
      .set({ state: 'PENDING', next_attempt_at: nowMs, again: 0, ...NO_LEASE })
      .where('id', 'in', (eb) => eb.selectFrom('expired').select('expired.id'))
      .executeTakeFirst();
    return Number(reclaimed.numUpdatedRows);
  }

  async #end(trx: Trx, id: string, end: Partial<CallbackRow>): Promise<void> {
    await trx
      .updateTable('callbacks')
      .set({ ...end, again: 0, ...NO_LEASE })
      .where('id', '=', id)
      .execute();
  }
}
