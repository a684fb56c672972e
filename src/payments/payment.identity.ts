import { Injectable, Logger } from '@nestjs/common';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import { LedgerMetrics } from '../operations/ledger.metrics.js';
import { StatusQueryRepository } from '../operations/status-query.repository.js';
import { dialectOf } from '../persistence/dialect.js';
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { orderColumns, sentOrder } from './order-key.js';
import { paymentMayBecome, type PaymentState } from './payment-state.js';
import { PaymentRefundsRepository } from './payment-refunds.repository.js';
import { PaymentRepository } from './payment.repository.js';
import type { InsertedPayment, PaymentRow } from './payment.table.js';

/** What the `paymentId` in the answer of a call means for the call's own payment. */
export type AnsweredId =
  /** It is the payment's own, or is not kept (`paymentId` undefined). */
  | { readonly kind: 'own'; readonly row: PaymentRow; readonly paymentId: string | undefined }
  /** The external has answered with an earlier payment of the same order. */
  | { readonly kind: 'same-payment'; readonly holder: PaymentRow }
  /** The payment has an id already: the order has a second payment, unless that was declined. */
  | { readonly kind: 'second-payment'; readonly second: PaymentRow | undefined }
  /** It belongs to another payment, and it is not known which of them the answer is about. */
  | { readonly kind: 'taken'; readonly holder: PaymentRow };

/**
 * Finds the row of the ledger that an external's `paymentId` belongs to (SPEC §4). Locks a caller's payment before an
 * unsolicited one, so that the answer of a call and a callback do not wait for each other.
 */
@Injectable()
export class PaymentIdentity {
  readonly #logger = new Logger(PaymentIdentity.name);

  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly refunded: PaymentRefundsRepository,
    private readonly events: LedgerEventRepository,
    private readonly queries: StatusQueryRepository,
    private readonly outbox: NotificationOutbox,
    private readonly metrics: LedgerMetrics,
    private readonly clock: Clock,
  ) {}

  /**
   * Locks and returns the payment that the external calls `paymentId` (SPEC §5): if no payment has this id, or only a
   * newer unsolicited one, the single payment with this shopTransactionId and without an id; else the payment with
   * this id; else a new row for an unsolicited payment.
   */
  async adopt(
    trx: Trx,
    external: string,
    paymentId: string,
    shopTransactionId: string | undefined,
  ): Promise<PaymentRow> {
    const made = await this.payments.lockMadeByCaller(trx, external, paymentId);
    if (made) return made;
    const [own, another] =
      shopTransactionId === undefined
        ? []
        : await this.payments.lockUnlinked(trx, external, shopTransactionId);
    // Twice: while the first query waited for its lock, an unsolicited payment may have been absorbed by another.
    const known =
      (await this.payments.lockByPaymentId(trx, external, paymentId)) ??
      (await this.payments.lockByPaymentId(trx, external, paymentId));
    if (known && known.origin !== 'learned') return known;
    if (own && !another && known === undefined) return this.link(trx, own, paymentId);
    if (own && !another && known && known.created_at >= own.created_at && mayBe(known, own))
      return this.#absorb(trx, own, known);
    return known ?? this.#insertUnsolicited(trx, external, paymentId, shopTransactionId);
  }

  /**
   * The payment that the external calls `paymentId`. Waits for transactions that are giving a payment this id: on
   * PostgreSQL they cannot be seen, so a row that has the id for a moment meets them in the unique index.
   */
  async find(trx: Trx, external: string, paymentId: string): Promise<PaymentRow | undefined> {
    const known = await this.payments.findByPaymentId(trx, external, paymentId);
    if (known || dialectOf(trx) === 'sqlite') return known;
    const placeholder = this.#unsolicited(external, paymentId, undefined);
    if (!(await this.payments.insertUnlessTaken(trx, placeholder)))
      return this.payments.findByPaymentId(trx, external, paymentId);
    await this.payments.delete(trx, placeholder.id);
    return undefined;
  }

  /** Gives `row`, which is locked and has no id, the free id `paymentId`, and the refunds that came before it. */
  async link(trx: Trx, row: PaymentRow, paymentId: string): Promise<PaymentRow> {
    await this.payments.link(trx, row.id, { paymentId });
    await this.refunded.linkRefunds(trx, row, paymentId);
    return { ...row, payment_id: paymentId };
  }

  /**
   * An operator knows that the external calls `row`, which is locked and has no id, `paymentId`: the id is free, or that
   * of an unsolicited payment, which is then the same one. Undefined if it belongs to another payment.
   */
  async linkOrAbsorb(trx: Trx, row: PaymentRow, paymentId: string): Promise<PaymentRow | undefined> {
    const holder = await this.payments.lockByPaymentId(trx, row.external, paymentId);
    if (!holder) return this.link(trx, row, paymentId);
    return mayBe(holder, row) ? this.#absorb(trx, row, holder) : undefined;
  }

  /** The answer of the call for `row`, which is locked, names `paymentId` and makes the payment `state`. */
  async answered(trx: Trx, row: PaymentRow, paymentId: string, state: PaymentState): Promise<AnsweredId> {
    const { external } = row;
    if (row.payment_id === paymentId) return { kind: 'own', row, paymentId };
    const holder =
      (await this.payments.lockByPaymentId(trx, external, paymentId)) ??
      (await this.payments.lockByPaymentId(trx, external, paymentId));
    if (row.payment_id !== null) return this.#second(trx, row, paymentId, state, holder);
    if (!holder) {
      await this.refunded.linkRefunds(trx, row, paymentId);
      return { kind: 'own', row, paymentId };
    }
    const sameOrder = isOfOrder(holder, row);
    if (mayBe(holder, row)) return { kind: 'own', row: await this.#absorb(trx, row, holder), paymentId };
    // A decline moves no money, and some externals name all of them alike: the id stays with the row that has it.
    if (state === 'FAILED') return { kind: 'own', row, paymentId: undefined };
    if (!sameOrder) return { kind: 'taken', holder };
    if (holder.state === 'FAILED')
      return { kind: 'own', row: await this.#succeed(trx, row, holder), paymentId };
    // Only a valid answer says that both are one payment: after another one, this payment may be executed as well.
    const isSame =
      state !== 'UNKNOWN' && holder.amount_minor === row.amount_minor && holder.currency === row.currency;
    return { kind: isSame ? 'same-payment' : 'taken', holder };
  }

  /**
   * The external has answered with an id of another payment for `row`: the id stays with `holder`, and it
   * becomes an item of attention.
   */
  async claim(trx: Trx, row: PaymentRow, holder: PaymentRow): Promise<void> {
    const paymentId = holder.payment_id!;
    if (row.claimed_payment_id === paymentId) return;
    await this.payments.claim(trx, row.id, paymentId);
    const { external } = row;
    this.store.afterCommit(trx, () => {
      this.metrics.countTakenId(external, 'paymentId');
      this.#logger.error(
        { external, paymentId, payment: row.id, holder: holder.id },
        'The external answered with a paymentId that belongs to another payment',
      );
    });
  }

  /**
   * `row` received its id from a callback or an earlier answer, and keeps it: replaced by `paymentId`, an accepted
   * payment would be lost. Which of them the external executed, if not both, only queries about each can say.
   */
  async #second(
    trx: Trx,
    row: PaymentRow,
    paymentId: string,
    state: PaymentState,
    holder: PaymentRow | undefined,
  ): Promise<AnsweredId> {
    const { external } = row;
    const sameOrder = holder !== undefined && isOfOrder(holder, row);
    if (state === 'FAILED') return { kind: 'second-payment', second: sameOrder ? holder : undefined };
    if (holder && !sameOrder) return { kind: 'taken', holder };
    this.store.afterCommit(trx, () =>
      this.#logger.warn(
        { external, paymentId, payment: row.id, first: row.payment_id },
        'The external answered with another paymentId than it had named for this order',
      ),
    );
    const second = holder ?? (await this.#insertUnsolicited(trx, external, paymentId, sentOrder(row), row));
    return { kind: 'second-payment', second };
  }

  /** Merges `unsolicited` into `row`; both are locked: its events, notifications, refunds and state. */
  async #absorb(trx: Trx, row: PaymentRow, unsolicited: PaymentRow): Promise<PaymentRow> {
    const paymentId = unsolicited.payment_id!;
    const deleted = await this.payments.deleteUnsolicited(trx, row.external, paymentId);
    if (!deleted) return row;
    await this.events.movePayment(trx, deleted.id, row.id);
    await this.queries.moveSubject(trx, deleted.id, row.id);
    await this.outbox.movePayment(trx, deleted.id, row.id);
    const inheritsState = paymentMayBecome(row.state, deleted.state);
    await this.payments.absorb(trx, row, deleted, { inheritsState, atMs: this.clock.now() });
    await this.refunded.linkRefunds(trx, row, paymentId);
    return { ...row, payment_id: paymentId, state: inheritsState ? deleted.state : row.state };
  }

  /**
   * `row` is a later attempt of the order of `failed`, and the external keeps the id. The id, the refunds and the
   * notifications, whose versions count on, go to the later attempt; the history of the failed one stays.
   */
  async #succeed(trx: Trx, row: PaymentRow, failed: PaymentRow): Promise<PaymentRow> {
    await this.payments.releasePaymentId(trx, failed.id);
    await this.outbox.movePayment(trx, failed.id, row.id);
    await this.payments.absorb(trx, row, failed, { inheritsState: false, atMs: this.clock.now() });
    return { ...row, payment_id: failed.payment_id };
  }

  async #insertUnsolicited(
    trx: Trx,
    external: string,
    paymentId: string,
    shopTransactionId: string | undefined,
    money?: Pick<PaymentRow, 'amount_minor' | 'currency'>,
  ): Promise<PaymentRow> {
    const inserted = this.#unsolicited(external, paymentId, shopTransactionId, money);
    if (await this.payments.insertUnlessTaken(trx, inserted)) {
      await this.refunded.linkRefunds(trx, inserted, paymentId);
      const { shop_transaction_id_sent = null } = inserted;
      const rare = {
        claimed_payment_id: null,
        unguarded_acceptance: 0,
        checkout: null,
        canceled_at: null,
      } as const;
      return { ...inserted, shop_transaction_id_sent, ...rare };
    }
    // Another replica inserted it at the same moment.
    const theirs = await this.payments.lockByPaymentId(trx, external, paymentId);
    if (!theirs) throw new Error(`Payment ${paymentId} of ${external} could be neither read nor written`);
    return theirs;
  }

  #unsolicited(
    external: string,
    paymentId: string,
    shopTransactionId: string | undefined,
    money?: Pick<PaymentRow, 'amount_minor' | 'currency'>,
  ): InsertedPayment {
    const now = this.clock.now();
    return createdRow({
      id: newIdentifier('pay', now),
      external,
      caller: null,
      origin: 'learned',
      payment_id: paymentId,
      ...(shopTransactionId === undefined ? { shop_transaction_id: null } : orderColumns(shopTransactionId)),
      subscription_token: null,
      amount_minor: money?.amount_minor ?? null,
      currency: money?.currency ?? null,
      duplicate_guard: 0,
      created_at: now,
      deadline_at: now,
      traceparent: null,
    });
  }
}

/** An unsolicited payment may be of any order. */
export function isOfOrder(
  holder: Pick<PaymentRow, 'origin' | 'shop_transaction_id'>,
  { shop_transaction_id }: Pick<PaymentRow, 'shop_transaction_id'>,
): boolean {
  return (
    holder.shop_transaction_id === shop_transaction_id ||
    (holder.origin === 'learned' && holder.shop_transaction_id === null)
  );
}

/**
 * Whether an unsolicited payment may be `row`. A push may have named an amount before the order was known: a status of
 * another amount or currency is not believed (SPEC §2).
 */
function mayBe(unsolicited: PaymentRow, row: PaymentRow): boolean {
  return (
    unsolicited.origin === 'learned' &&
    isOfOrder(unsolicited, row) &&
    (unsolicited.amount_minor ?? row.amount_minor) === row.amount_minor &&
    (unsolicited.currency ?? row.currency) === row.currency
  );
}

type NewPayment = Omit<
  InsertedPayment,
  | 'state'
  | 'refunded_minor'
  | 'version'
  | 'updated_at'
  | 'next_ask_at'
  | 'asks'
  | 'never_seen_at'
  | 'parked_at'
  | 'lease_token'
  | 'lease_until'
>;

/** The row of a payment that is CREATED. */
export function createdRow(payment: NewPayment): InsertedPayment {
  return {
    ...payment,
    state: 'CREATED',
    refunded_minor: 0,
    version: 0,
    updated_at: payment.created_at,
    next_ask_at: null,
    asks: 0,
    never_seen_at: null,
    parked_at: null,
    lease_token: null,
    lease_until: null,
  };
}
