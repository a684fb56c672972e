import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../persistence/store.js';
import { orderKey } from './order-key.js';
import type { PaymentRow } from './payment.table.js';

/** What a caller does about an order: ask for its status, send the payer back, cancel its payment. */
@Injectable()
export class PaymentOrderRepository {
  /** The payment whose status is the status of its order: the newest that is not FAILED, else the newest (SPEC §1). */
  newestOfOrder(trx: Trx, external: string, shopTransactionId: string): Promise<PaymentRow | undefined> {
    return trx
      .selectFrom('payments')
      .selectAll()
      .where('shop_transaction_id', '=', orderKey(shopTransactionId))
      .where('external', '=', external)
      .orderBy(sql`case when state = 'FAILED' then 1 else 0 end`)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** Keeps where the payer was sent, while the payment is PENDING. */
  async keepCheckout(trx: Trx, id: string, checkout: string): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ checkout })
      .where('id', '=', id)
      .where('state', '=', 'PENDING')
      .execute();
  }

  /** Records that the external has cancelled the payment: one that is ACCEPTED needs an operator. */
  async recordCancellation(trx: Trx, id: string, atMs: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set((eb) => ({
        canceled_at: atMs,
        unguarded_acceptance: eb
          .case()
          .when('state', '=', 'ACCEPTED')
          .then(1 as const)
          .else(eb.ref('unguarded_acceptance'))
          .end(),
      }))
      .where('id', '=', id)
      .execute();
  }

  /** The external is queried about the payment at once, and from then on as often as about a new one. */
  async queryAtOnce(trx: Trx, id: string, nowMs: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ next_ask_at: nowMs, asks: 0, parked_at: null })
      .where('id', '=', id)
      .where('state', '=', 'PENDING')
      .execute();
  }
}
