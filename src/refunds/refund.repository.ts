import { Injectable } from '@nestjs/common';
import { forUpdate } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { RefundRow, RefundState } from './refund.table.js';

@Injectable()
export class RefundRepository {
  async insert(trx: Trx, row: RefundRow): Promise<void> {
    await trx.insertInto('refunds').values(row).execute();
  }

  find(trx: Trx, id: string): Promise<RefundRow | undefined> {
    return trx.selectFrom('refunds').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** As {@link find}, locked until `trx` ends: a payment that receives its id links its refunds. */
  lock(trx: Trx, id: string): Promise<RefundRow | undefined> {
    return forUpdate(trx, trx.selectFrom('refunds').selectAll().where('id', '=', id)).executeTakeFirst();
  }

  /** Compare-and-set from the state `from`; false when the refund is in another state. */
  async advance(
    trx: Trx,
    id: string,
    from: RefundState,
    to: { readonly state: RefundState; readonly reserved: 0 | 1; readonly atMs: number },
  ): Promise<boolean> {
    const updated = await trx
      .updateTable('refunds')
      .set({ state: to.state, reserved: to.reserved, updated_at: to.atMs })
      .where('id', '=', id)
      .where('state', '=', from)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }
}
