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

const INSERT_UNLESS_DUPLICATE = new Statement<PaymentRow>((db, row) =>
  db
    .insertInto('payments')
    .values(row)
    .onConflict((conflict) => conflict.doNothing()),
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
  /** False when `duplicate_guard` finds another payment with the same shopTransactionId at this external. */
  async insertUnlessDuplicate(trx: Trx, row: PaymentRow): Promise<boolean> {
    return (await INSERT_UNLESS_DUPLICATE.change(trx, row)) === 1;
  }

  find(trx: Trx, id: string): Promise<PaymentRow | undefined> {
    return trx.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
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

  /** The payment that guards this shopTransactionId against a second one. */
  findGuarding(trx: Trx, external: string, shopTransactionId: string): Promise<PaymentRow | undefined> {
    return trx
      .selectFrom('payments')
      .selectAll()
      .where('external', '=', external)
      .where('shop_transaction_id', '=', shopTransactionId)
      .where('duplicate_guard', '=', 1)
      .executeTakeFirst();
  }

  /** Payments with this shopTransactionId that have not learned their `paymentId`; at most two, to tell one from many. */
  findUnlinked(trx: Trx, external: string, shopTransactionId: string): Promise<PaymentRow[]> {
    return trx
      .selectFrom('payments')
      .selectAll()
      .where('shop_transaction_id', '=', shopTransactionId)
      .where('external', '=', external)
      .where('payment_id', 'is', null)
      .where('state', 'in', ['CREATED', 'PENDING', 'UNKNOWN'])
      .orderBy('created_at', 'desc')
      .limit(2)
      .execute();
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

  async raiseVersion(trx: Trx, id: string, version: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ version })
      .where('id', '=', id)
      .where('version', '<', version)
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
