import { Injectable } from '@nestjs/common';
import type { NextQuery } from '../operations/reconciliation-schedule.js';
import type { Trx } from '../persistence/store.js';

/** The tables whose rows are PENDING or UNKNOWN while they are open. */
export type OpenTable = 'payments' | 'refunds';

interface Rescheduling {
  readonly id: string;
  readonly token: string;
  readonly next: NextQuery;
}

/** Writes the schedule of a payment or refund that is leased to this replica. */
@Injectable()
export class ReconciliationRepository {
  /** Ends the lease, and schedules the next query if the row is still open; does nothing if the lease is lost. */
  async reschedule(trx: Trx, table: OpenTable, { id, token, next }: Rescheduling): Promise<void> {
    await trx
      .updateTable(table as 'payments')
      .set({ lease_token: null, lease_until: null, next_ask_at: next.atMs, parked_at: next.parkedAtMs })
      .where('id', '=', id)
      .where('lease_token', '=', token)
      .where('state', 'in', ['PENDING', 'UNKNOWN'])
      .execute();
    await this.#release(trx, table, { id, token });
  }

  /** Records the external's first "never seen", unless the call may still reach the external. */
  async noteNeverSeen(trx: Trx, id: string, atMs: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ never_seen_at: atMs })
      .where('id', '=', id)
      .where('never_seen_at', 'is', null)
      .where('deadline_at', '<', atMs)
      .execute();
  }

  /** A row that is settled is due no more, also if a replica of the release before settled its refund. */
  async #release(
    trx: Trx,
    table: OpenTable,
    { id, token }: Pick<Rescheduling, 'id' | 'token'>,
  ): Promise<void> {
    await trx
      .updateTable(table as 'payments')
      .set({ lease_token: null, lease_until: null, next_ask_at: null })
      .where('id', '=', id)
      .where('lease_token', '=', token)
      .execute();
  }
}
