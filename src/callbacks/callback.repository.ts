import { Injectable } from '@nestjs/common';
import { type Expression, type ExpressionBuilder, sql, type SqlBool } from 'kysely';
import { type LeasedRow, LeaseTable } from '../leases/lease-table.js';
import { forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import type { DatabaseSchema } from '../persistence/database.js';
import type { Trx } from '../persistence/store.js';
import type { CallbackRow, NewCallback } from './callback.table.js';

/** A signed message as it is recorded, so that it is recognised when it comes again. */
export interface ProcessedMessage {
  /** A digest of external and `webhook-id`. */
  readonly key: string;
  /** A keyed digest of the content. */
  readonly digest: string;
  /** The same by other replicas, while the key is rotated. */
  readonly byOtherKeys: readonly string[];
}

/** A callback that its worker holds now. */
export type LeasedCallback = LeasedRow<'callbacks'>;

const LEASES = {
  table: 'callbacks',
  dueAt: 'next_attempt_at',
  count: 'attempts',
  whileLeased: 'due-cleared',
  onClaim: () => ({ state: 'LEASED' as const }),
} as const;

export const CALLBACK_LEASES = new LeaseTable(LEASES);
/** Those about payments and refunds that the ledger knows, to claim them before what strangers sent. */
export const KNOWN_CALLBACK_LEASES = new LeaseTable({ ...LEASES, claimable: hasSubject });

const OPEN_KEY = ['external', 'payment_id'] as const;

type CallbackExpressions = ExpressionBuilder<DatabaseSchema, 'callbacks'>;

/** The ledger knows the payment, the subscription, or the refund by either of its ids. */
function hasSubject(row: CallbackExpressions): Expression<SqlBool> {
  return row.or([
    row.exists(
      row
        .selectFrom('payments')
        .select('payments.id')
        .whereRef('payments.payment_id', '=', 'callbacks.payment_id')
        .whereRef('payments.external', '=', 'callbacks.external'),
    ),
    row.exists(
      row
        .selectFrom('refunds')
        .select('refunds.id')
        .whereRef('refunds.external_refund_id', '=', 'callbacks.refund_id')
        .whereRef('refunds.external', '=', 'callbacks.external'),
    ),
    row.exists(
      row
        .selectFrom('refunds')
        .select('refunds.id')
        .whereRef('refunds.id', '=', 'callbacks.refund_id')
        .whereRef('refunds.external', '=', 'callbacks.external'),
    ),
    row.exists(
      row
        .selectFrom('subscriptions')
        .select('subscriptions.id')
        .whereRef('subscriptions.token', '=', 'callbacks.subscription_token')
        .whereRef('subscriptions.external', '=', 'callbacks.external'),
    ),
  ]);
}

/** Index payments_unnamed. */
function mayHavePayment(row: CallbackExpressions, linkableMs: number): Expression<SqlBool> {
  return row.exists(
    row
      .selectFrom('payments')
      .select('payments.id')
      .whereRef('payments.external', '=', 'callbacks.external')
      .where('payments.payment_id', 'is', null)
      .where(sql`payments.state`, 'in', [sql.lit('PENDING'), sql.lit('UNKNOWN')])
      .whereRef('payments.created_at', '<=', 'callbacks.finished_at')
      .where('payments.created_at', '>=', sql<number>`callbacks.received_at - cast(${linkableMs} as bigint)`),
  );
}

/** The rows of the inbox. Repeats are merged into the open callback in one statement (`on conflict`). */
@Injectable()
export class CallbackRepository {
  /**
   * Inserts a callback, or merges it into the open one of the same subject. One that waits for a retry becomes due
   * when a new one would: the external is reachable. A fresh one waits for further repeats, but no longer than
   * `gatheringMs` in all.
   */
  async insertOrMerge(trx: Trx, received: NewCallback, gatheringMs: number): Promise<void> {
    const row = (await this.isErased(trx, received)) ? { ...received, body: null } : received;
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

  /** Whether an operator has erased the texts of the payment, refund or subscription that the callback names (SPEC §10). */
  async isErased(
    trx: Trx,
    { external, payment_id, refund_id, subscription_token }: NewCallback,
  ): Promise<boolean> {
    const { rows } = await sql<{ one: number }>`
      select 1 as one from payments join erasures on subject_ref = payments.id
        where payment_id = ${payment_id} and external = ${external}
      union all select 1 from refunds join erasures on subject_ref in (refunds.id, refunds.payment_ref)
        where (external_refund_id = ${refund_id} or refunds.id = ${refund_id}) and external = ${external}
      union all select 1 from subscriptions join erasures on subject_ref = subscriptions.id
        where token = ${subscription_token ?? null} and external = ${external}
      limit 1`.execute(trx);
    return rows.length > 0;
  }

  /**
   * Records that a signed callback was processed. `repeated`: it was before, with a signature that is still valid.
   * `id-reused`: it is new, and another message had its id.
   */
  async recordProcessed(
    trx: Trx,
    { key, digest, byOtherKeys }: ProcessedMessage,
    validity: { nowMs: number; untilMs: number },
  ): Promise<'new' | 'id-reused' | 'repeated'> {
    if (await this.#recordOnce(trx, { key, digest }, validity)) return 'new';
    const first = await trx
      .selectFrom('taken_callbacks')
      .select('digest')
      .where('key', '=', key)
      .executeTakeFirst();
    // Without a digest it was recorded by the first release, which knew messages by their ids.
    const stored = first?.digest ?? null;
    if (stored === null || stored === digest || byOtherKeys.includes(stored)) return 'repeated';
    const ofContent = { key: `${key}.${digest}`, digest };
    return (await this.#recordOnce(trx, ofContent, validity)) ? 'id-reused' : 'repeated';
  }

  async #recordOnce(
    trx: Trx,
    row: Pick<ProcessedMessage, 'key' | 'digest'>,
    { nowMs, untilMs: until }: { nowMs: number; untilMs: number },
  ): Promise<boolean> {
    const recorded = await trx
      .insertInto('taken_callbacks')
      .values({ ...row, until })
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet({ until, digest: row.digest })
          .where('taken_callbacks.until', '<=', nowMs),
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

  /** How many callbacks of payments and refunds that the ledger does not know are stored and not verified; counts to `limit`. */
  async countUnknown(trx: Trx, external: string, limit: number): Promise<number> {
    const { count } = await trx
      .selectFrom((eb) =>
        eb
          .selectFrom('callbacks')
          .select('callbacks.id')
          .where('callbacks.external', '=', external)
          // A literal, as the condition of the index callbacks_unverified.
          .where(sql`state`, '<>', sql.lit('VERIFIED'))
          .where((row) => row.not(hasSubject(row)))
          .limit(limitOf(limit))
          .as('unknown'),
      )
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }

  /**
   * Deletes at most `limit` callbacks that ended unconfirmed until `endedBeforeMs`; returns the external of each.
   * Keeps those that belong to a payment or refund, or still may belong to a payment: one without a `paymentId` whose outcome is open, and that was
   * created before the callback ended and at most `linkableMs` before it came.
   */
  async deleteUnconfirmed(
    trx: Trx,
    { endedBeforeMs, linkableMs, limit }: { endedBeforeMs: number; linkableMs: number; limit: number },
  ): Promise<string[]> {
    const deleted = await trx
      .with(
        (cte) => cte('over').materialized(),
        (db) =>
          forUpdateSkipLocked(
            trx,
            db
              .selectFrom('callbacks')
              .select('callbacks.id')
              .where(sql`state`, '=', sql.lit('UNCONFIRMED'))
              .where('finished_at', '<=', endedBeforeMs)
              .where((row) => row.not(hasSubject(row)))
              .where((row) => row.not(mayHavePayment(row, linkableMs)))
              .limit(limitOf(limit)),
          ),
      )
      .deleteFrom('callbacks')
      .where('id', 'in', (eb) => eb.selectFrom('over').select('over.id'))
      .returning('external')
      .execute();
    return deleted.map(({ external }) => external);
  }

  /** Ends the open callback of the payment, which needs no query: returns its id. */
  async endPushed(
    trx: Trx,
    { external, payment_id }: Pick<CallbackRow, 'external' | 'payment_id'>,
    end: Pick<CallbackRow, 'state' | 'finished_at' | 'last_error' | 'shop_transaction_id'>,
  ): Promise<string> {
    const { id } = await trx
      .updateTable('callbacks')
      .set({ ...end, next_attempt_at: null, lease_token: null, lease_until: null, again: 0 })
      .where('external', '=', external)
      .where('payment_id', '=', payment_id)
      .where('finished_at', 'is', null)
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
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
