import { Injectable } from '@nestjs/common';
import type { OperationRow } from '../../operations/operation.table.js';
import type { Trx } from '../../persistence/store.js';

type Subject = Partial<Pick<OperationRow, 'payment_ref' | 'refund_ref'>>;

/** Operations as an operator settles them: only those that have ended without anybody knowing how. */
@Injectable()
export class UnsettledOperations {
  find(trx: Trx, id: string): Promise<OperationRow | undefined> {
    return trx.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** True while a call about the subject is under way. */
  async isRunning(trx: Trx, subject: Subject): Promise<boolean> {
    const [column, ref] = referenceOf(subject);
    const running = await trx
      .selectFrom('operations')
      .select('id')
      .where(column, '=', ref)
      .where('state', '=', 'running')
      .limit(1)
      .execute();
    return running.length > 0;
  }

  /**
   * It was not executed, an operator says: whoever repeats it goes through all checks anew, and can send nothing twice by a repeat
   * of what is settled (SPEC §4).
   */
  async notExecuted(trx: Trx, subject: Subject, atMs: number): Promise<void> {
    const [column, ref] = referenceOf(subject);
    await trx
      .updateTable('operations')
      .set({ state: 'not-executed', reason: 'operator', finished_at: atMs, key_held: 0, answer_body: null })
      .where(column, '=', ref)
      .where('state', '=', 'unknown')
      .execute();
  }

  /** Compare-and-set of one; false when it is not of unknown outcome any more. The stored answer stays where it was executed. */
  async settle(trx: Trx, id: string, outcome: 'executed' | 'not-executed', atMs: number): Promise<boolean> {
    const end =
      outcome === 'executed'
        ? ({ state: 'completed' } as const)
        : ({ state: 'not-executed', key_held: 0, answer_body: null } as const);
    const updated = await trx
      .updateTable('operations')
      .set({ ...end, reason: 'operator', finished_at: atMs })
      .where('id', '=', id)
      .where('state', '=', 'unknown')
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }
}

function referenceOf({ payment_ref, refund_ref }: Subject): ['payment_ref' | 'refund_ref', string] {
  if (payment_ref) return ['payment_ref', payment_ref];
  if (refund_ref) return ['refund_ref', refund_ref];
  throw new TypeError('An operation is settled by its payment or its refund');
}
