import { Injectable } from '@nestjs/common';
import type { NextQuery } from '../operations/reconciliation-schedule.js';
import type { Trx } from '../persistence/store.js';

/** What reconciliation writes down of a payment that is leased to it. */
@Injectable()
export class ReconciliationRepository {
  /** Ends the lease, and sets when to ask next where the payment is still open; nothing where the lease was lost. */
  async reschedule(trx: Trx, id: string, token: string, next: NextQuery): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ lease_token: null, lease_until: null, next_ask_at: next.atMs, parked_at: next.parkedAtMs })
      .where('id', '=', id)
      .where('lease_token', '=', token)
      .where('state', 'in', ['PENDING', 'UNKNOWN'])
      .execute();
    await this.#release(trx, id, token);
  }

  /** The external has said for the first time that it has never seen the payment, nor may it be on its way, as when it is sent again. */
  async noteNeverSeen(trx: Trx, id: string, atMs: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ never_seen_at: atMs })
      .where('id', '=', id)
      .where('never_seen_at', 'is', null)
      .where('deadline_at', '<', atMs)
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
