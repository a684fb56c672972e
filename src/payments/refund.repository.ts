import { Injectable } from '@nestjs/common';
import type { Trx } from '../persistence/store.js';
import type { PaymentRow } from './payment.table.js';
import type { RefundRow, RefundState } from './refund.table.js';

@Injectable()
export class RefundRepository {
  async insert(trx: Trx, row: RefundRow): Promise<void> {
    await trx.insertInto('refunds').values(row).execute();
  }

  find(trx: Trx, id: string): Promise<RefundRow | undefined> {
    return trx.selectFrom('refunds').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** The payment turned out to be another row's: its refunds go along. */
  async movePayment(trx: Trx, from: PaymentRow, toRef: string): Promise<void> {
    await trx
      .updateTable('refunds')
      .set({ payment_ref: toRef })
      .where('external', '=', from.external)
      .where('payment_id', '=', from.payment_id)
      .where('payment_ref', '=', from.id)
      .execute();
  }

  /** Compare-and-set; false when the refund is not in one of the states `from` any more. */
  async advance(
    trx: Trx,
    id: string,
    from: readonly RefundState[],
    to: { readonly state: RefundState; readonly reserved: 0 | 1; readonly atMs: number },
  ): Promise<boolean> {
    const updated = await trx
      .updateTable('refunds')
      .set({ state: to.state, reserved: to.reserved, updated_at: to.atMs })
      .where('id', '=', id)
      .where('state', 'in', from)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }
}
