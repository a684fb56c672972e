import { Injectable } from '@nestjs/common';
import { forUpdate } from '../persistence/dialect.js';
import { Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';
import type { PaymentState } from './payment-state.js';
import type { PaymentRow } from './payment.table.js';
import type { NextAsk } from './reconciliation-schedule.js';

/** What a call, a callback or a question has told of a payment. */
export interface PaymentNews extends NextAsk {
  readonly state: PaymentState;
  readonly paymentId?: string | undefined;
  readonly subscriptionToken?: string | undefined;
  readonly atMs: number;
}

const INSERT_UNLESS_TAKEN = new Statement<PaymentRow>((db, row) =>
  db
    .insertInto('payments')
    .values(row)
    .onConflict((conflict) => conflict.doNothing()),
);

/** What is told of a payment that stands in the way of a second one. */
export type DuplicatePayment = Pick<PaymentRow, 'payment_id' | 'state'>;

const FIND_DUPLICATE = new Statement<{ external: string; shopTransactionId: string }, DuplicatePayment>(
  (db, { external, shopTransactionId }) =>
    db
      .selectFrom('payments')
      .select(['payment_id', 'state'])
      .where('shop_transaction_id', '=', shopTransactionId)
      .where('external', '=', external)
      .where('state', '!=', 'FAILED')
      .orderBy('created_at', 'desc')
      .limit(1),
);

const ADVANCE = new Statement<
  PaymentNews & {
    readonly id: string;
    readonly from: readonly PaymentState[];
    readonly duplicateGuard: 0 | undefined;
  }
>(
  (db, { id, from, duplicateGuard, paymentId, subscriptionToken, ...news }) => {
    const update = db
      .updateTable('payments')
      .set({
        state: news.state,
        updated_at: news.atMs,
        next_ask_at: news.nextAskAt,
        parked_at: news.parkedAt,
        ...(duplicateGuard && { duplicate_guard: duplicateGuard }),
        ...(paymentId && { payment_id: paymentId }),
        ...(subscriptionToken && { subscription_token: subscriptionToken }),
      })
      .where('id', '=', id)
      .where('state', 'in', from);
    if (!paymentId) return update;
    return update.where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('payments as other')
            .select('other.id')
            .whereRef('other.external', '=', 'payments.external')
            .where('other.payment_id', '=', paymentId)
            .where('other.id', '!=', id),
        ),
      ),
    );
  },
  { from: true, duplicateGuard: true, paymentId: true, subscriptionToken: true },
);

@Injectable()
export class PaymentRepository {
  /** False when its guard against duplicates, or its `paymentId`, is that of another row. */
  async insertUnlessTaken(trx: Trx, row: PaymentRow): Promise<boolean> {
    return (await INSERT_UNLESS_TAKEN.change(trx, row)) === 1;
  }

  find(trx: Trx, id: string): Promise<PaymentRow | undefined> {
    return trx.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** The same, held until `trx` ends: its state is what it is, and no callback changes it meanwhile. */
  lock(trx: Trx, id: string): Promise<PaymentRow | undefined> {
    return forUpdate(trx, trx.selectFrom('payments').selectAll().where('id', '=', id)).executeTakeFirst();
  }

  findByPaymentId(trx: Trx, external: string, paymentId: string): Promise<PaymentRow | undefined> {
    return trx
      .selectFrom('payments')
      .selectAll()
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .executeTakeFirst();
  }

  /** Of the operation that made it; undefined where it is not known, or was only learned of. */
  async traceparentOf(trx: Trx, external: string, paymentId: string): Promise<string | undefined> {
    const row = await trx
      .selectFrom('payments')
      .select('traceparent')
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .executeTakeFirst();
    return row?.traceparent ?? undefined;
  }

  /** The payment of `findByPaymentId`, held until `trx` ends: nobody else advances it, counts its version or takes it away meanwhile. */
  lockByPaymentId(trx: Trx, external: string, paymentId: string): Promise<PaymentRow | undefined> {
    return forUpdate(
      trx,
      trx
        .selectFrom('payments')
        .selectAll()
        .where('external', '=', external)
        .where('payment_id', '=', paymentId),
    ).executeTakeFirst();
  }

  /**
   * The payment that stands in the way of a second one with its shopTransactionId (SPEC §3), the last of several: whatever has not
   * failed. The index of guards does not know all of them: one that failed has given its guard up, and may have come
   * to success later; one that was learned of never had one.
   */
  async findDuplicate(
    trx: Trx,
    external: string,
    shopTransactionId: string,
  ): Promise<DuplicatePayment | undefined> {
    const [doubled] = await FIND_DUPLICATE.rows(trx, { external, shopTransactionId });
    return doubled;
  }

  /**
   * Payments with this shopTransactionId that have not learned their `paymentId`, what an operator has called ACCEPTED included,
   * held until `trx` ends; at most two, to tell one from many.
   */
  lockUnlinked(trx: Trx, external: string, shopTransactionId: string): Promise<PaymentRow[]> {
    return forUpdate(
      trx,
      trx
        .selectFrom('payments')
        .selectAll()
        .where('shop_transaction_id', '=', shopTransactionId)
        .where('external', '=', external)
        .where('payment_id', 'is', null)
        .where('state', '!=', 'FAILED')
        .orderBy('created_at', 'desc')
        .limit(2),
    ).execute();
  }

  /**
   * Compare-and-set from one of the states `from`; false when the payment is in none of them any more, or when its
   * `paymentId` belongs to another row already.
   */
  async advance(trx: Trx, id: string, from: readonly PaymentState[], news: PaymentNews): Promise<boolean> {
    const duplicateGuard = news.state === 'FAILED' ? 0 : undefined;
    return (await ADVANCE.change(trx, { ...news, id, from, duplicateGuard })) === 1;
  }

  /** Writes down the ids that were learned, whatever the state. */
  async link(
    trx: Trx,
    id: string,
    ids: { paymentId?: string | undefined; subscriptionToken?: string | undefined },
  ): Promise<void> {
    if (ids.paymentId === undefined && ids.subscriptionToken === undefined) return;
    await trx
      .updateTable('payments')
      .set({
        ...(ids.paymentId !== undefined && { payment_id: ids.paymentId }),
        ...(ids.subscriptionToken !== undefined && { subscription_token: ids.subscriptionToken }),
      })
      .where('id', '=', id)
      .execute();
  }

  /**
   * Takes a learned payment away: it turned out to be another row's. Waits for whoever is writing to it, so what is returned
   * is its last word.
   */
  takeLearned(trx: Trx, external: string, paymentId: string): Promise<PaymentRow | undefined> {
    return trx
      .deleteFrom('payments')
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .where('origin', '=', 'learned')
      .returningAll()
      .executeTakeFirst();
  }

  /** What the external has never seen may still reach it until `deadlineAt`: what it said before counts no more. */
  async expectUntil(trx: Trx, id: string, deadlineAt: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ deadline_at: deadlineAt, never_seen_at: null })
      .where('id', '=', id)
      .execute();
  }

  /** `learned` turned out to be `row`, which is held: its id, the refunds reserved of it, and the versions that were told of it. */
  async takeOver(trx: Trx, row: PaymentRow, learned: PaymentRow): Promise<void> {
    await trx
      .updateTable('payments')
      .set({
        payment_id: learned.payment_id,
        refunded_minor: row.refunded_minor + learned.refunded_minor,
        version: Math.max(row.version, learned.version),
      })
      .where('id', '=', row.id)
      .execute();
  }

  /** The next `X-Payment-Version`. */
  async nextVersion(trx: Trx, id: string): Promise<number> {
    const { version } = await trx
      .updateTable('payments')
      .set((eb) => ({ version: eb('version', '+', 1) }))
      .where('id', '=', id)
      .returning('version')
      .executeTakeFirstOrThrow();
    return version;
  }

  /** Reserves part of the payment for a refund; false when the rest does not cover it (SPEC §3). One statement: no race. */
  async reserveRefund(trx: Trx, id: string, amountMinor: number): Promise<boolean> {
    const updated = await trx
      .updateTable('payments')
      .set((eb) => ({ refunded_minor: eb('refunded_minor', '+', amountMinor) }))
      .where('id', '=', id)
      .where((eb) =>
        eb.or([
          eb('amount_minor', 'is', null),
          eb(eb('refunded_minor', '+', amountMinor), '<=', eb.ref('amount_minor')),
        ]),
      )
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  }

  async releaseRefund(trx: Trx, id: string, amountMinor: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set((eb) => ({ refunded_minor: eb('refunded_minor', '-', amountMinor) }))
      .where('id', '=', id)
      .execute();
  }
}
