import { Injectable } from '@nestjs/common';
import { forUpdate } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';
import { OperationRepository } from './operation.repository.js';
import type { OperationRow } from './operation.table.js';

/** The key is free. */
const NOT_EXECUTED = { state: 'not-executed', key_held: 0, repeat_held: 0 } as const;

/** What operators record of operations whose outcome they know from another source (SPEC §4). */
@Injectable()
export class OperationResolutionRepository {
  constructor(private readonly operations: OperationRepository) {}

  /** Locked until `trx` ends. */
  lock(trx: Trx, id: string): Promise<OperationRow | undefined> {
    return forUpdate(trx, trx.selectFrom('operations').selectAll().where('id', '=', id)).executeTakeFirst();
  }

  /**
   * Records the outcome that an operator reports for an operation of unknown outcome; false if its outcome is known.
   * The stored answer is kept, also for a correction of `not-executed`.
   */
  async resolve(trx: Trx, id: string, outcome: 'executed' | 'not-executed', atMs: number): Promise<boolean> {
    const end = outcome === 'executed' ? ({ state: 'completed' } as const) : NOT_EXECUTED;
    const updated = await trx
      .updateTable('operations')
      .set({ ...end, reason: 'operator', finished_at: atMs })
      .where('id', '=', id)
      .where('state', '=', 'unknown')
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /**
   * An operator corrects what {@link resolve} recorded; false if that has changed meanwhile. `executed` holds the key
   * again while its answer is stored: call it only if no other operation holds it.
   */
  async correct(
    trx: Trx,
    { id, answer_body, finished_at }: OperationRow,
    outcome: 'executed' | 'not-executed',
    atMs: number,
  ): Promise<boolean> {
    const end =
      outcome === 'executed'
        ? ({ state: 'completed', key_held: answer_body === null ? 0 : 1 } as const)
        : NOT_EXECUTED;
    const updated = await trx
      .updateTable('operations')
      .set({ ...end, finished_at: atMs })
      .where('id', '=', id)
      .where('reason', '=', 'operator')
      .where('finished_at', '=', finished_at)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /**
   * Takes back that an operator has recorded the operation as not executed: its outcome is the one of the ledger, which
   * repeats are answered with. It holds its key again unless another operation has taken it. A key that the gateway has
   * generated is held too: no caller repeats it.
   */
  async takeBackNotExecuted(trx: Trx, operation: OperationRow, atMs: number): Promise<void> {
    const isFree = operation.fingerprint !== '' && !(await this.operations.findByHeldKey(trx, operation));
    await trx
      .updateTable('operations')
      .set({ state: 'unknown', finished_at: atMs, key_held: isFree ? 1 : 0 })
      .where('id', '=', operation.id)
      .where('state', '=', 'not-executed')
      .where('reason', '=', 'operator')
      .execute();
  }
}
