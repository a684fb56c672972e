import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../persistence/store.js';
import type { PaymentRow } from './payment.table.js';

/** How much of a payment is refunded: its `refunded_minor`, and the refunds that count in it. */
@Injectable()
export class PaymentRefundsRepository {
  /**
   * Links the refunds of `paymentId` that were accepted before a payment had this id, and counts those that may have
   * been executed, even beyond the amount: nothing more is refunded then. Call it with the payment's row locked.
   */
  async linkRefunds(
    trx: Trx,
    { id, external }: Pick<PaymentRow, 'id' | 'external'>,
    paymentId: string,
  ): Promise<void> {
    const linked = await trx
      .updateTable('refunds')
      .set({ payment_ref: id, reserved: sql<0 | 1>`case when state = 'KO' then 0 else 1 end` })
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .where('payment_ref', 'is', null)
      .returning(['id', 'amount_minor', 'reserved'])
      .execute();
    if (linked.length === 0) return;
    const counted = linked.reduce((sum, { amount_minor, reserved }) => sum + reserved * amount_minor, 0);
    await trx
      .updateTable('payments')
      .set((eb) => ({ refunded_minor: eb('refunded_minor', '+', counted) }))
      .where('id', '=', id)
      .execute();
    await trx
      .updateTable('ledger_events')
      .set({ payment_ref: id })
      .where(
        'refund_ref',
        'in',
        linked.map((refund) => refund.id),
      )
      .execute();
  }

  /**
   * Reserves part of the payment for a refund; false if it exceeds the rest (SPEC §3), or refunds do not take
   * `expectedMinor` of it. One statement: no race.
   */
  async reserveRefund(
    trx: Trx,
    id: string,
    amountMinor: number,
    expectedMinor: number | undefined,
  ): Promise<boolean> {
    const updated = await trx
      .updateTable('payments')
      .set((eb) => ({ refunded_minor: eb('refunded_minor', '+', amountMinor) }))
      .where('id', '=', id)
      .$if(expectedMinor !== undefined, (query) => query.where('refunded_minor', '=', expectedMinor!))
      .where((eb) =>
        eb.or([
          eb('amount_minor', 'is', null),
          eb(eb('refunded_minor', '+', amountMinor), '<=', eb.ref('amount_minor')),
        ]),
      )
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /** Counts a refund that was executed after all, even beyond the amount: nothing more is refunded then. */
  async takeRefund(trx: Trx, id: string, amountMinor: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set((eb) => ({ refunded_minor: eb('refunded_minor', '+', amountMinor) }))
      .where('id', '=', id)
      .execute();
  }

  async releaseRefund(trx: Trx, id: string, amountMinor: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set((eb) => ({ refunded_minor: eb('refunded_minor', '-', amountMinor) }))
      .where('id', '=', id)
      .execute();
  }
}
