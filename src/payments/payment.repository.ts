import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { NextQuery } from '../operations/reconciliation-schedule.js';
import { dialectOf, forUpdate, opaqueText } from '../persistence/dialect.js';
import { type Placeholders, Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';
import { orderKey } from './order-key.js';
import type { PaymentState } from './payment-state.js';
import type { InsertedPayment, PaymentRow } from './payment.table.js';

/** A new state of a payment, and the ids received with it. */
export interface PaymentChange {
  readonly state: PaymentState;
  readonly paymentId?: string | undefined;
  readonly subscriptionToken?: string | undefined;
  /** JSON of a `Checkout`; null: the payment has ended. */
  readonly checkout?: string | null | undefined;
  readonly next: NextQuery;
  readonly atMs: number;
  /** 0: the order is free for another payment. Undefined: unchanged. */
  readonly duplicateGuard: 0 | undefined;
  /** Accepted outside of the duplicate guard. */
  readonly unguarded: boolean;
}

const INSERT_UNLESS_TAKEN = new Statement<InsertedPayment>(
  (db, { shop_transaction_id_sent, ...row }) =>
    db
      .insertInto('payments')
      .values({ ...row, ...(shop_transaction_id_sent && { shop_transaction_id_sent }) })
      .onConflict((conflict) => conflict.doNothing()),
  { shop_transaction_id_sent: true },
);

/** The fields of an existing payment that the problem `duplicate-payment` reports. */
export type DuplicatePayment = Pick<PaymentRow, 'id' | 'payment_id' | 'state' | 'caller' | 'checkout'>;

/** Ids are ordered by time. `max` needs no sorter, which SQLite builds for each execution. */
const FIND_DUPLICATE = new Statement<{ external: string; shopTransactionId: string }, DuplicatePayment>(
  (db, { external, shopTransactionId }) =>
    db
      .selectFrom('payments')
      .select(['id', 'payment_id', 'state', 'caller', 'checkout'])
      .where('id', '=', (eb) =>
        eb
          .selectFrom('payments as other')
          .select(({ fn }) => fn.max('other.id').as('newest'))
          .where('other.shop_transaction_id', '=', shopTransactionId)
          .where('other.external', '=', external)
          .where('other.state', '!=', sql.lit('FAILED')),
      ),
);

interface AdvanceParameters extends Omit<PaymentChange, 'next' | 'unguarded'> {
  readonly id: string;
  readonly from: PaymentState;
  readonly nextQueryAtMs: number | null;
  readonly parkedAtMs: number | null;
  readonly unguardedAcceptance: 1 | undefined;
}

/** The update of {@link PaymentRepository.advance}. */
function advanced(
  db: Trx,
  {
    id,
    from,
    duplicateGuard,
    unguardedAcceptance,
    paymentId,
    subscriptionToken,
    checkout,
    ...change
  }: Placeholders<AdvanceParameters>,
) {
  const update = db
    .updateTable('payments')
    .set({
      state: change.state,
      updated_at: change.atMs,
      next_ask_at: change.nextQueryAtMs,
      parked_at: change.parkedAtMs,
      ...(duplicateGuard && { duplicate_guard: duplicateGuard }),
      ...(unguardedAcceptance && { unguarded_acceptance: unguardedAcceptance }),
      ...(paymentId && { payment_id: paymentId }),
      ...(subscriptionToken && { subscription_token: subscriptionToken }),
      ...(checkout && { checkout }),
    })
    .where('id', '=', id)
    .where('state', '=', opaqueText(from));
  if (!paymentId) return update;
  return update
    .where((eb) =>
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
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('refunds')
            .select('refunds.id')
            .whereRef('refunds.external', '=', 'payments.external')
            .where('refunds.payment_id', '=', paymentId)
            .where('refunds.payment_ref', 'is', null),
        ),
      ),
    );
}

const ADVANCE_VARIABLES = {
  duplicateGuard: true,
  unguardedAcceptance: true,
  paymentId: true,
  subscriptionToken: true,
  checkout: true,
} as const;
const ADVANCE_RETURNING = new Statement<AdvanceParameters, Pick<PaymentRow, 'version'>>(
  (db, parameters) => advanced(db, parameters).returning('version'),
  ADVANCE_VARIABLES,
);

/** On SQLite, which makes a table for each `returning`: that costs more than a second statement. */
const ADVANCE = new Statement<AdvanceParameters>(advanced, ADVANCE_VARIABLES);
const FIND_VERSION = new Statement<{ id: string }, Pick<PaymentRow, 'version'>>((db, { id }) =>
  db.selectFrom('payments').select('version').where('id', '=', id),
);

@Injectable()
export class PaymentRepository {
  /** False if another row has its duplicate guard or its `paymentId`. */
  async insertUnlessTaken(trx: Trx, row: InsertedPayment): Promise<boolean> {
    return (await INSERT_UNLESS_TAKEN.change(trx, row)) === 1;
  }

  find(trx: Trx, id: string): Promise<PaymentRow | undefined> {
    return trx.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** As {@link find}, locked until `trx` ends. */
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

  /** The trace of the operation that created it; undefined if the payment is unknown or unsolicited. */
  traceOf(
    trx: Trx,
    external: string,
    paymentId: string,
  ): Promise<{ readonly traceparent: string | null } | undefined> {
    return trx
      .selectFrom('payments')
      .select('traceparent')
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .executeTakeFirst();
  }

  /** The payment with this id that a caller made; locked until `trx` ends. Locks no unsolicited one. */
  lockMadeByCaller(trx: Trx, external: string, paymentId: string): Promise<PaymentRow | undefined> {
    return forUpdate(
      trx,
      trx
        .selectFrom('payments')
        .selectAll()
        .where('external', '=', external)
        .where('payment_id', '=', paymentId)
        .where('origin', '!=', 'learned'),
    ).executeTakeFirst();
  }

  /** As {@link findByPaymentId}, locked until `trx` ends. */
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
   * The newest payment with this shopTransactionId that has not failed: a second payment would be a duplicate (SPEC
   * §3). The unique index of guards does not cover all payments: a failed payment has lost its guard and may have
   * succeeded since, and an unsolicited payment never had one.
   */
  async findDuplicate(
    trx: Trx,
    external: string,
    shopTransactionId: string,
  ): Promise<DuplicatePayment | undefined> {
    const [duplicate] = await FIND_DUPLICATE.rows(trx, {
      external,
      shopTransactionId: orderKey(shopTransactionId),
    });
    return duplicate;
  }

  /**
   * Payments with this shopTransactionId whose `paymentId` is not known, those that an operator has set to ACCEPTED
   * included. Locked until `trx` ends; at most two, because the caller distinguishes only none, one and several.
   */
  lockUnlinked(trx: Trx, external: string, shopTransactionId: string): Promise<PaymentRow[]> {
    return forUpdate(
      trx,
      trx
        .selectFrom('payments')
        .selectAll()
        .where('shop_transaction_id', '=', orderKey(shopTransactionId))
        .where('external', '=', external)
        .where('payment_id', 'is', null)
        .where('state', '!=', 'FAILED')
        .orderBy('created_at', 'desc')
        .limit(2),
    ).execute();
  }

  /**
   * Compare-and-set from the state `from`. Returns the version; undefined when the payment is in another state, or when
   * its `paymentId` belongs to another row or to refunds that are to be linked first.
   */
  async advance(
    trx: Trx,
    id: string,
    from: PaymentState,
    { next, unguarded, ...change }: PaymentChange,
  ): Promise<number | undefined> {
    const { atMs: nextQueryAtMs, parkedAtMs } = next;
    const unguardedAcceptance = unguarded ? 1 : undefined;
    const parameters = { ...change, id, from, nextQueryAtMs, parkedAtMs, unguardedAcceptance } as const;
    if (dialectOf(trx) === 'postgres')
      return (await ADVANCE_RETURNING.namedRows(trx, parameters))[0]?.version;
    const isAdvanced = (await ADVANCE.change(trx, parameters)) === 1;
    return isAdvanced ? (await FIND_VERSION.rows(trx, { id }))[0]!.version : undefined;
  }

  /** Records the ids that the external assigned, in every state. */
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

  /** The id belongs to another attempt of the same order from now on. */
  async releasePaymentId(trx: Trx, id: string): Promise<void> {
    await trx.updateTable('payments').set({ payment_id: null }).where('id', '=', id).execute();
  }

  /** Records the id that the external answered and that the payment may not have. */
  async claim(trx: Trx, id: string, paymentId: string): Promise<void> {
    await trx.updateTable('payments').set({ claimed_payment_id: paymentId }).where('id', '=', id).execute();
  }

  /** An operator has seen that the order has a second ACCEPTED payment. */
  async confirmAcceptance(trx: Trx, id: string): Promise<void> {
    await trx.updateTable('payments').set({ unguarded_acceptance: 0 }).where('id', '=', id).execute();
  }

  async delete(trx: Trx, id: string): Promise<void> {
    await trx.deleteFrom('payments').where('id', '=', id).execute();
  }

  /** Deletes an unsolicited payment and returns its last state; waits for a transaction that is writing to it. */
  deleteUnsolicited(trx: Trx, external: string, paymentId: string): Promise<PaymentRow | undefined> {
    return trx
      .deleteFrom('payments')
      .where('external', '=', external)
      .where('payment_id', '=', paymentId)
      .where('origin', '=', 'learned')
      .returningAll()
      .executeTakeFirst();
  }

  /** Stores what a push has named of an unsolicited payment. */
  async setMoney(trx: Trx, id: string, money: Pick<PaymentRow, 'amount_minor' | 'currency'>): Promise<void> {
    await trx.updateTable('payments').set(money).where('id', '=', id).execute();
  }

  /**
   * `unsolicited` is the same payment as `row`, which is locked: `row` receives its id, its refunds, its version,
   * and, if `inheritsState`, its state. Only here and in `payment-refunds.repository.ts` does this module write to `refunds`,
   * and only what links them to the payment: it may not import the refund ledger, which writes everything else.
   */
  async absorb(
    trx: Trx,
    row: PaymentRow,
    unsolicited: PaymentRow,
    { inheritsState, atMs }: { readonly inheritsState: boolean; readonly atMs: number },
  ): Promise<void> {
    await trx
      .updateTable('payments')
      .set({
        payment_id: unsolicited.payment_id,
        refunded_minor: row.refunded_minor + unsolicited.refunded_minor,
        version: Math.max(row.version, unsolicited.version),
        ...(inheritsState && {
          state: unsolicited.state,
          updated_at: atMs,
          next_ask_at: unsolicited.next_ask_at,
          parked_at: unsolicited.parked_at,
          ...(unsolicited.state === 'FAILED' && { duplicate_guard: 0 }),
        }),
      })
      .where('id', '=', row.id)
      .execute();
    await trx
      .updateTable('refunds')
      .set({ payment_ref: row.id })
      .where('external', '=', row.external)
      .where('payment_id', '=', unsolicited.payment_id!)
      .where('payment_ref', '=', unsolicited.id)
      .execute();
  }

  /** The payment may reach the external until `deadlineAt`: a "never seen" that was answered before does not count. */
  async expectUntil(trx: Trx, id: string, deadlineAt: number): Promise<void> {
    await trx
      .updateTable('payments')
      .set({ deadline_at: deadlineAt, never_seen_at: null })
      .where('id', '=', id)
      .execute();
  }

  /** Counts a notification; see `LedgerRestore.versionOf`. */
  async nextVersion(trx: Trx, id: string): Promise<number> {
    const { version } = await trx
      .updateTable('payments')
      .set((eb) => ({ version: eb('version', '+', 1) }))
      .where('id', '=', id)
      .returning('version')
      .executeTakeFirstOrThrow();
    return version;
  }
}
