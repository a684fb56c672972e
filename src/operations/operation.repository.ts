import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';
import type { OperationRow, OperationState } from './operation.table.js';

/** The scope of an `Idempotency-Key` (SPEC §4). */
export type KeyScope = Pick<OperationRow, 'external' | 'caller' | 'operation' | 'idempotency_key'>;

/** What identical requests without a key have in common (SPEC §3, `repeated-without-key`). */
export interface RepeatScope extends Pick<OperationRow, 'external' | 'caller' | 'operation'> {
  /** By every key that replicas may use now. */
  readonly fingerprints: readonly string[];
}

/** The row that an operation is about. */
export type OperationSubject = { readonly payment_ref: string } | { readonly refund_ref: string };

/** The `reason` of an operation that a repeat has completed: by the ledger, or by a query, and not by an answer to its call. */
export const BY_INQUIRY = 'inquiry';

/** The only operation about a payment that it did not make. */
const CANCEL = 'cancel';

/** How an operation ended, for its row. */
export interface OperationEnd {
  readonly state: Exclude<OperationState, 'running'>;
  readonly reason: string | null;
  readonly atMs: number;
  readonly answerStatus: number | null;
  readonly answerBody: string | null;
  /** Whether the key stays in use. */
  readonly keyHeld: 0 | 1;
  /** Whether an identical request without a key stays refused. */
  readonly repeatHeld: 0 | 1;
}

const INSERT_UNLESS_HELD = new Statement<OperationRow>((db, row) =>
  db
    .insertInto('operations')
    .values(row)
    .onConflict((conflict) => conflict.doNothing()),
);

interface EndParameters extends Omit<OperationEnd, 'keyHeld' | 'repeatHeld'> {
  readonly id: string;
  readonly deadlineAt: number | undefined;
  /** Undefined if unchanged: SQLite rewrites every index of a column that is set, even to the same value. */
  readonly keyHeld: 0 | 1 | undefined;
  readonly repeatHeld: 0 | 1 | undefined;
}

const END = new Statement<EndParameters>(
  (db, { id, deadlineAt, keyHeld, repeatHeld, ...end }) => {
    const update = db
      .updateTable('operations')
      .set({
        state: end.state,
        reason: end.reason,
        finished_at: end.atMs,
        answer_status: end.answerStatus,
        answer_body: end.answerBody,
        ...(keyHeld && { key_held: keyHeld }),
        ...(repeatHeld && { repeat_held: repeatHeld }),
      })
      .where('id', '=', id)
      .where('state', 'in', ['running', 'unknown']);
    return deadlineAt === undefined ? update : update.where('deadline_at', '=', deadlineAt);
  },
  { deadlineAt: true, keyHeld: true, repeatHeld: true },
);

@Injectable()
export class OperationRepository {
  /** Writes the row ahead of the call; false if another row holds its key, or refuses its repeat. */
  async insertUnlessHeld(trx: Trx, row: OperationRow): Promise<boolean> {
    return (await INSERT_UNLESS_HELD.change(trx, row)) === 1;
  }

  findByHeldKey(trx: Trx, scope: KeyScope): Promise<OperationRow | undefined> {
    return trx
      .selectFrom('operations')
      .selectAll()
      .where('external', '=', scope.external)
      .where('caller', '=', scope.caller)
      .where('operation', '=', scope.operation)
      .where('idempotency_key', '=', scope.idempotency_key)
      .where('key_held', '=', 1)
      .executeTakeFirst();
  }

  /** The operation without a key that refuses an identical one. */
  findByHeldRepeat(trx: Trx, scope: RepeatScope): Promise<OperationRow | undefined> {
    return trx
      .selectFrom('operations')
      .selectAll()
      .where('fingerprint', 'in', scope.fingerprints)
      .where('operation', '=', scope.operation)
      .where('caller', '=', scope.caller)
      .where('external', '=', scope.external)
      .where('repeat_held', '=', sql.lit(1))
      .executeTakeFirst();
  }

  /** Until the transaction ends, others with the same `text` wait here. PostgreSQL only: SQLite has one writer. */
  async awaitTurn(trx: Trx, text: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${text}, 0))`.execute(trx);
  }

  /** The operation that made the payment. */
  findByPayment(trx: Trx, paymentRef: string): Promise<OperationRow | undefined> {
    return trx
      .selectFrom('operations')
      .selectAll()
      .where('payment_ref', '=', paymentRef)
      .where('operation', '<>', CANCEL)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** The newest operation that is about the refund. */
  findByRefund(trx: Trx, refundRef: string): Promise<OperationRow | undefined> {
    return trx
      .selectFrom('operations')
      .selectAll()
      .where('refund_ref', '=', refundRef)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  find(trx: Trx, id: string): Promise<OperationRow | undefined> {
    return trx.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /**
   * Ends the operation by compare-and-set. False if another process has ended or resumed it: the deadline of the
   * attempt is its fencing token.
   */
  async end(trx: Trx, operation: OperationRow, end: OperationEnd): Promise<boolean> {
    const { id, deadline_at, key_held, repeat_held } = operation;
    const parameters: EndParameters = {
      ...end,
      id,
      keyHeld: end.keyHeld === key_held ? undefined : end.keyHeld,
      repeatHeld: end.repeatHeld === repeat_held ? undefined : end.repeatHeld,
      // A complete answer is certain, regardless of the attempt that received it.
      deadlineAt: end.state === 'completed' ? undefined : deadline_at,
    };
    return (await END.change(trx, parameters)) === 1;
  }

  /** Replaces the end that the same transaction has recorded by what the ledger made of the outcome. */
  async amend(trx: Trx, id: string, end: OperationEnd): Promise<void> {
    await trx
      .updateTable('operations')
      .set({
        state: end.state,
        reason: end.reason,
        finished_at: end.atMs,
        answer_status: end.answerStatus,
        answer_body: end.answerBody,
        key_held: end.keyHeld,
        repeat_held: end.repeatHeld,
      })
      .where('id', '=', id)
      .where('state', 'in', ['completed', 'unknown'])
      .execute();
  }

  /** Resumes an operation of unknown outcome; false when another process has. */
  async resume(trx: Trx, id: string, deadlineAt: number): Promise<boolean> {
    const updated = await trx
      .updateTable('operations')
      .set({ state: 'running', deadline_at: deadlineAt })
      .where('id', '=', id)
      .where('state', '=', 'unknown')
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /** Moves the deadline of the attempt; false when another process has abandoned it. */
  async postpone(trx: Trx, operation: OperationRow, deadlineAt: number): Promise<boolean> {
    const updated = await trx
      .updateTable('operations')
      .set({ deadline_at: deadlineAt })
      .where('id', '=', operation.id)
      .where('state', '=', 'running')
      .where('deadline_at', '=', operation.deadline_at)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /** True while a call about the subject is in flight. */
  async isRunning(trx: Trx, subject: OperationSubject): Promise<boolean> {
    const [column, ref] = columnOf(subject);
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
   * Records that the operation that made the subject was not executed and releases its key: a repeat passes all checks
   * again. False if its outcome is no longer unknown, for example while a repeat executes it. `afterInquiry`: also one
   * that a repeat has completed by the ledger, whose state an operator corrects.
   */
  async notExecuted(
    trx: Trx,
    subject: OperationSubject,
    reason: 'never-seen' | 'operator',
    atMs: number,
    { afterInquiry = false }: { readonly afterInquiry?: boolean } = {},
  ): Promise<boolean> {
    const [column, ref] = columnOf(subject);
    const updated = await trx
      .updateTable('operations')
      .set({
        state: 'not-executed',
        reason,
        finished_at: atMs,
        key_held: 0,
        repeat_held: 0,
        answer_body: null,
      })
      .where(column, '=', ref)
      .where('operation', '<>', CANCEL)
      .where((eb) =>
        eb.or([
          eb('state', '=', 'unknown'),
          ...(afterInquiry ? [eb.and([eb('state', '=', 'completed'), eb('reason', '=', BY_INQUIRY)])] : []),
        ]),
      )
      .executeTakeFirst();
    return updated.numUpdatedRows > 0n;
  }

  /**
   * Sets an operation that was settled as never executed back to an unknown outcome; false if it was not. It holds
   * its key again unless a repeat has taken it.
   */
  async reopen(trx: Trx, operation: OperationRow, { reason, ...end }: OperationEnd): Promise<boolean> {
    const keyHeld = end.keyHeld === 1 && !(await this.findByHeldKey(trx, operation));
    const updated = await trx
      .updateTable('operations')
      .set({
        state: 'unknown',
        reason,
        finished_at: end.atMs,
        answer_status: end.answerStatus,
        answer_body: keyHeld ? end.answerBody : null,
        key_held: keyHeld ? 1 : 0,
      })
      .where('id', '=', operation.id)
      .where('state', '=', 'not-executed')
      .where('reason', '=', 'never-seen')
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  /** Frees the key and deletes the stored answer and the fingerprint, which have expired (SPEC §4, §6). */
  async release(trx: Trx, id: string): Promise<void> {
    await trx
      .updateTable('operations')
      .set({ key_held: 0, answer_body: null, fingerprint: '' })
      .where('id', '=', id)
      .execute();
  }

  /** {@link release} for at most `limit` finished operations; returns how many. Those without a key count too. */
  async releaseExpired(trx: Trx, nowMs: number, limit: number): Promise<number> {
    const expired = trx
      .selectFrom('operations')
      .select('id')
      .where('fingerprint', '<>', sql.lit(''))
      .where('expires_at', '<=', nowMs)
      .where('state', '!=', 'running')
      // Its window is longer than the time that keys are kept.
      .where('repeat_held', '=', 0)
      .limit(limit);
    const updated = await trx
      .updateTable('operations')
      .set({ key_held: 0, answer_body: null, fingerprint: '' })
      .where('id', 'in', expired)
      .executeTakeFirst();
    return Number(updated.numUpdatedRows);
  }

  /** An identical request without a key is a new one from now on. */
  async allowRepeat(trx: Trx, id: string): Promise<void> {
    await trx.updateTable('operations').set({ repeat_held: 0 }).where('id', '=', id).execute();
  }

  /** {@link allowRepeat} for at most `limit` finished operations that began before `beganBeforeMs`. */
  async allowRepeats(trx: Trx, beganBeforeMs: number, limit: number): Promise<number> {
    const over = trx
      .selectFrom('operations')
      .select('id')
      .where('repeat_held', '=', sql.lit(1))
      .where('created_at', '<=', beganBeforeMs)
      .where('state', '!=', 'running')
      .limit(limit);
    const updated = await trx
      .updateTable('operations')
      .set({ repeat_held: 0 })
      .where('id', 'in', over)
      .executeTakeFirst();
    return Number(updated.numUpdatedRows);
  }

  /** Operations whose process has died: still running at `deadlineBefore`. */
  abandoned(trx: Trx, deadlineBefore: number, limit: number): Promise<OperationRow[]> {
    return trx
      .selectFrom('operations')
      .selectAll()
      .where('state', '=', 'running')
      .where('deadline_at', '<=', deadlineBefore)
      .orderBy('deadline_at')
      .limit(limit)
      .execute();
  }
}

/** The column of a subject, and its value. */
function columnOf(subject: OperationSubject): ['payment_ref' | 'refund_ref', string] {
  return 'payment_ref' in subject ? ['payment_ref', subject.payment_ref] : ['refund_ref', subject.refund_ref];
}
