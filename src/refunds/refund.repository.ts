import { Injectable } from '@nestjs/common';
import { type Insertable, sql, type Updateable } from 'kysely';
import { forUpdate, limitOf } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { RefundState } from './refund-state.js';
import type { RefundRow, RefundTable } from './refund.table.js';

@Injectable()
export class RefundRepository {
  async insert(trx: Trx, row: Insertable<RefundTable>): Promise<void> {
    await trx.insertInto('refunds').values(row).execute();
  }

  find(trx: Trx, id: string): Promise<RefundRow | undefined> {
    return trx.selectFrom('refunds').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** As {@link find}, locked until `trx` ends: a payment that receives its id links its refunds. */
  lock(trx: Trx, id: string): Promise<RefundRow | undefined> {
    return forUpdate(trx, trx.selectFrom('refunds').selectAll().where('id', '=', id)).executeTakeFirst();
  }

  /** The refund that `refundId` names: the external's id or the gateway's, whichever was given (SPEC §1). */
  async findByRefundId(trx: Trx, external: string, refundId: string): Promise<RefundRow | undefined> {
    const own = await this.find(trx, refundId);
    if (own?.external === external) return own;
    return trx
      .selectFrom('refunds')
      .selectAll()
      .where('external_refund_id', '=', refundId)
      .where('external', '=', external)
      .executeTakeFirst();
  }

  /** The refunds of a payment whose outcome is not known, the newest first. */
  findOpen(trx: Trx, external: string, paymentId: string, limit: number): Promise<RefundRow[]> {
    return trx
      .selectFrom('refunds')
      .selectAll()
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .where('state', 'in', ['PENDING', 'UNKNOWN'])
      .orderBy('id', 'desc')
      .limit(limitOf(limit))
      .execute();
  }

  /** The newest refunds that count in the payment `paymentRef`. */
  async newestCounted(trx: Trx, paymentRef: string, limit: number): Promise<string[]> {
    const rows = await trx
      .selectFrom('refunds')
      .select('id')
      .where('payment_ref', '=', paymentRef)
      .where('reserved', '=', 1)
      .orderBy('id', 'desc')
      .limit(limitOf(limit))
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Compare-and-set from the state `from`; false when the refund is in another state. */
  async advance(trx: Trx, id: string, from: RefundState, columns: Updateable<RefundTable>): Promise<boolean> {
    const updated = await trx
      .updateTable('refunds')
      .set(columns)
      .where('id', '=', id)
      .where('state', '=', from)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  async set(trx: Trx, id: string, columns: Updateable<RefundTable>): Promise<void> {
    await trx.updateTable('refunds').set(columns).where('id', '=', id).execute();
  }

  /** Fixes the `refundId` that callers and receivers get, unless it is fixed already, and returns it. */
  async give(trx: Trx, id: string): Promise<string | undefined> {
    const given = await trx
      .updateTable('refunds')
      .set({ refund_id: sql<string>`coalesce(refund_id, external_refund_id, id)` })
      .where('id', '=', id)
      .returning('refund_id')
      .executeTakeFirst();
    return given?.refund_id ?? undefined;
  }

  /** Fixes the gateway's own id as the `refundId`, if none was given. */
  async giveOwn(trx: Trx, id: string): Promise<void> {
    await trx
      .updateTable('refunds')
      .set({ refund_id: id })
      .where('id', '=', id)
      .where('refund_id', 'is', null)
      .execute();
  }

  /** Counts a notification; see `LedgerRestore.versionOf`. */
  async nextVersion(trx: Trx, id: string): Promise<number> {
    const { version } = await trx
      .updateTable('refunds')
      .set((eb) => ({ version: eb('version', '+', 1) }))
      .where('id', '=', id)
      .returning('version')
      .executeTakeFirstOrThrow();
    return version;
  }

  /** Makes the open refunds of a payment due at `atMs`, the parked ones too. */
  async queryNow(trx: Trx, external: string, paymentId: string, atMs: number): Promise<void> {
    await trx
      .updateTable('refunds')
      .set({ next_ask_at: atMs })
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .where('state', 'in', ['PENDING', 'UNKNOWN'])
      .execute();
  }

  /**
   * Schedules at most `limit` open refunds that never were: of a replica of the release before, or from the time before
   * their external offered `refund/status`. Not those whose call is in flight. Returns how many.
   */
  async scheduleForgotten(
    trx: Trx,
    externals: readonly string[],
    { atMs, limit }: { readonly atMs: number; readonly limit: number },
  ): Promise<number> {
    if (externals.length === 0) return 0;
    const forgotten = trx
      .selectFrom('refunds')
      .select('refunds.id')
      // The condition of the index refunds_open.
      .where(sql<boolean>`state in ('PENDING', 'UNKNOWN')`)
      .where('next_ask_at', 'is', null)
      .where('parked_at', 'is', null)
      .where('external', 'in', externals)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('operations')
              .select('operations.id')
              .whereRef('operations.refund_ref', '=', 'refunds.id')
              .where('operations.state', '=', 'running'),
          ),
        ),
      )
      .limit(limitOf(limit));
    const scheduled = await trx
      .updateTable('refunds')
      .set({ next_ask_at: atMs })
      .where('id', 'in', forgotten)
      .where('state', 'in', ['PENDING', 'UNKNOWN'])
      .where('next_ask_at', 'is', null)
      .executeTakeFirst();
    return Number(scheduled.numUpdatedRows);
  }
}
