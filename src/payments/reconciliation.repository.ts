import { Injectable } from '@nestjs/common';
import { forUpdate } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import type { PaymentState } from './payment-state.js';
import type { NextAsk } from './reconciliation-schedule.js';

/** What reconciliation writes down of a payment that is leased to it. */
@Injectable()
export class ReconciliationRepository {
  /** Ends the lease, and sets when to ask next where the payment is still open; nothing where the lease was lost. */
  async reschedule(trx: Trx, id: string, token: string, next: NextAsk): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ lease_token: null, lease_until: null, next_ask_at: next.nextAskAt, parked_at: next.parkedAt })
      .where('id', '=', id)
      .where('lease_token', '=', token)
      .where('state', 'in', ['PENDING', 'UNKNOWN'])
      .execute();
    await this.#release(trx, id, token);
  }

  /** The payment's state, which nobody changes until `trx` ends. */
  async lockState(trx: Trx, id: string): Promise<PaymentState | undefined> {
    const query = trx.selectFrom('payments').select('state').where('id', '=', id);
    return (await forUpdate(trx, query).executeTakeFirst())?.state;
  }

  /** The external has said for the first time that it has never seen the payment. */
  async noteNeverSeen(trx: Trx, id: string, atMs: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ never_seen_at: atMs })
      .where('id', '=', id)
      .where('never_seen_at', 'is', null)
      .execute();
  }

  async #release(trx: Trx, id: string, token: string): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ lease_token: null, lease_until: null })
      .where('id', '=', id)
      .where('lease_token', '=', token)
      .execute();
  }
}
