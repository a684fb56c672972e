import { Injectable } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import { isNoticeDue, type NoticeWhen } from '../notifications/notice.js';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { EventSource, LedgerChange } from '../operations/ledger-event.table.js';
import type { LedgerEndEntry, LedgerEntry } from '../operations/operation.journal.js';
import { LedgerRestore } from '../operations/ledger.restore.js';
import type { OperationRow } from '../operations/operation.table.js';
import { NOT_DUE, ReconciliationSchedule } from '../operations/reconciliation-schedule.js';
import { StatusQueryRepository } from '../operations/status-query.repository.js';
import type { Trx } from '../persistence/store.js';
import type { PaymentStatusAnswer, PaymentStatusName } from '../providers/answers.js';
import { Clock } from '../shared/clock.js';
import { sentOrder } from './order-key.js';
import { isOpen, paymentMayBecome, type PaymentState } from './payment-state.js';
import { paymentStatus, reportedStatus } from './payment-status.js';
import { type DraftedOrder, draftedRow, type PaymentDraft } from './payment-draft.js';
import { type AnsweredId, PaymentIdentity } from './payment.identity.js';
import { type CreatingRequest, DuplicatePayments } from './payment.duplicates.js';
import { PaymentOrderRepository } from './payment-order.repository.js';
import { paymentBegin, paymentEnd } from './payment.journal.js';
import { type PaymentChange, PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';

/** What an external gave to a payment: its ids, and where the payer pays. */
export interface PaymentIds {
  readonly paymentId?: string | undefined;
  readonly subscriptionToken?: string | undefined;
  /** JSON of a `Checkout`. */
  readonly checkout?: string | undefined;
}

/** The fields of a payment that `move` reads; notifications and the schedule of queries need the optional ones. */
export type MovablePayment = Pick<PaymentRow, 'id' | 'external' | 'state'> &
  Partial<
    Pick<
      PaymentRow,
      | 'payment_id'
      | 'shop_transaction_id'
      | 'shop_transaction_id_sent'
      | 'traceparent'
      | 'asks'
      | 'origin'
      | 'parked_at'
    >
  >;

export interface PaymentMove extends PaymentIds {
  readonly source: EventSource;
  /** The id of what caused it, or the operator's name and reason. */
  readonly cause: string | null;
  /** The external supports queries by shopTransactionId, so also without a paymentId. */
  readonly queryableWithoutId?: boolean;
  /** Queues a notification (SPEC §5). */
  readonly notify?: PaymentNotice;
}

export interface PaymentNotice {
  readonly when: NoticeWhen;
  /** The external's answer to a status query, whose members the notification passes on. */
  readonly answer?: PaymentStatusAnswer;
  readonly requestId?: string | undefined;
  /** Default: the payment's own. */
  readonly traceparent?: string | undefined;
}

/**
 * The only writer of payments (SPEC §4). Every change of state is a {@link move}: by the answer of a call, a
 * callback, a check, reconciliation or an operator.
 */
@Injectable()
export class PaymentLedger {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly events: LedgerEventRepository,
    private readonly outbox: NotificationOutbox,
    private readonly schedule: ReconciliationSchedule,
    private readonly clock: Clock,
    private readonly identity: PaymentIdentity,
    private readonly orders: PaymentOrderRepository,
    private readonly queries: StatusQueryRepository,
    private readonly restore: LedgerRestore,
    private readonly duplicates: DuplicatePayments,
  ) {}

  /** {@link open} as an entry of the journal. */
  openEntry(operation: OperationRow, draft: PaymentDraft): LedgerEntry {
    return paymentBegin(draftedRow(operation, draft));
  }

  /** Transaction A: inserts the payment as CREATED, or refuses a duplicate (SPEC §3). */
  async open(trx: Trx, operation: OperationRow, draft: PaymentDraft): Promise<void> {
    const { external } = operation;
    const row = draftedRow(operation, draft);
    const find = () => this.payments.findDuplicate(trx, external, draft.shopTransactionId);
    // The search and the insert run in parallel; the unique index of guards rejects a duplicate that begins meanwhile.
    const [existing, inserted] = await Promise.all([
      draft.guardDuplicates ? find() : undefined,
      this.payments.insertUnlessTaken(trx, row),
    ]);
    if (!existing && inserted) return;
    throw await this.duplicates.problem(trx, operation, existing ?? (await find()), draft.offersCancel);
  }

  /** @throws DuplicatePaymentProblem if the order has a payment that has not failed, without inserting another */
  async assertUnpaid(db: Trx, request: CreatingRequest, draft: DraftedOrder): Promise<void> {
    if (!draft.guardDuplicates) return;
    const first = await this.payments.findDuplicate(db, request.external, draft.shopTransactionId);
    if (first) throw await this.duplicates.problem(db, request, first, draft.offersCancel);
  }

  /** Names the payment of an operation, where the external has. */
  async nameOf(db: Trx, operation: OperationRow): Promise<Readonly<Record<string, string>>> {
    const row =
      operation.payment_ref === null ? undefined : await this.payments.find(db, operation.payment_ref);
    return { ...(row?.payment_id && { paymentId: row.payment_id }) };
  }

  /**
   * Changes the state to `to` where the state table allows it: appends the event, schedules the next query,
   * increments the version and queues the notification. Returns whether the state changed; false also if another
   * transaction was faster.
   */
  async move(trx: Trx, payment: MovablePayment, to: PaymentState, move: PaymentMove): Promise<boolean> {
    const version = paymentMayBecome(payment.state, to)
      ? await this.#advance(trx, payment, to, move)
      : undefined;
    const changed = version !== undefined;
    const { notify } = move;
    if (notify && isNoticeDue(notify.when, version))
      await this.#notify(trx, payment, changed ? to : payment.state, { ...move, notify });
    return changed;
  }

  /** {@link settle} as an entry of the journal: the first move. Undefined if only a transaction can do it. */
  settleEntry(
    operation: OperationRow,
    { state, ...ids }: PaymentIds & { readonly state: PaymentState },
    external: ExternalConfig | undefined,
  ): LedgerEndEntry | undefined {
    const created = createdBy(operation);
    if (!paymentMayBecome(created.state, state)) return undefined;
    const { row, event } = this.#change(created, state, { ...moveOfCall(operation, external), ...ids });
    const entry = paymentEnd(created, row);
    return (
      entry && { ...entry, event: this.events.rowOf(event), afterCommit: () => this.events.count(event) }
    );
  }

  /**
   * Transaction B: applies the answer of the call that creates the payment. Nearly every payment needs only the first
   * move; the rest handles an answer that arrives after a callback, a recovery or a refund, or whose id is not new.
   * Returns the other payment that has the answered id: this payment is then UNKNOWN.
   */
  async settle(
    trx: Trx,
    operation: OperationRow,
    { state, ...ids }: PaymentIds & { readonly state: PaymentState },
    external: ExternalConfig | undefined,
  ): Promise<PaymentRow | undefined> {
    // An unknown outcome is no news to the receivers.
    const move: PaymentMove = {
      ...moveOfCall(operation, external),
      ...(state !== 'UNKNOWN' && { notify: { when: 'if-notified' } }),
    };
    const created = createdBy(operation);
    if (await this.move(trx, created, state, { ...move, ...ids })) return undefined;
    const row = await this.payments.lock(trx, created.id);
    if (!row) return undefined;
    const answered = await this.#answeredId(trx, row, ids.paymentId, state);
    if (answered.kind === 'taken') {
      await this.identity.claim(trx, row, answered.holder);
      if (row.state === 'FAILED') await this.reopen(trx, operation, external);
      else await this.move(trx, { ...row, asks: 0 }, 'UNKNOWN', move);
      return answered.holder;
    }
    if (answered.kind === 'same-payment') {
      const { holder } = answered;
      await this.move(trx, { ...holder, asks: 0 }, state, { ...move, notify: { when: 'on-change' } });
      // The holder is notified: FAILED would be wrong for the order.
      const cause = `${operation.id}: the same payment as ${holder.id}`;
      await this.move(trx, row, 'FAILED', { ...moveOfCall(operation, external), cause });
      return undefined;
    }
    if (answered.kind === 'second-payment') {
      const { second } = answered;
      if (second)
        await this.move(trx, { ...second, asks: 0 }, state, { ...move, notify: { when: 'on-change' } });
      await this.payments.link(trx, row.id, { subscriptionToken: ids.subscriptionToken });
      return undefined;
    }
    const own = { ...ids, paymentId: answered.paymentId };
    // FAILED without an id is what a query by shopTransactionId or an operator said before the external answered.
    const contradicted = answered.row.state === 'FAILED' && answered.row.payment_id === null && isOpen(state);
    if (contradicted) await this.reopen(trx, operation, external);
    const from = contradicted ? 'UNKNOWN' : answered.row.state;
    if (paymentMayBecome(from, state))
      await this.move(trx, { ...answered.row, state: from, asks: 0 }, state, { ...move, ...own });
    else {
      await this.payments.link(trx, row.id, own);
      if (own.checkout !== undefined) await this.orders.keepCheckout(trx, row.id, own.checkout);
    }
    return undefined;
  }

  /**
   * The external has answered OK to a cancellation: the payment is FAILED if it is still PENDING (SPEC §4). The receiver
   * is notified, because the payment is not the operation's own.
   */
  async cancel(trx: Trx, { id: cause, payment_ref }: OperationRow): Promise<void> {
    const row = await this.payments.lock(trx, payment_ref!);
    if (!row) return;
    if (row.state === 'PENDING')
      await this.move(trx, row, 'FAILED', { source: 'call', cause, notify: { when: 'on-change' } });
    await this.orders.recordCancellation(trx, row.id, this.clock.now());
  }

  /** A cancellation has not ended with OK: the external is queried about the payment at once (SPEC §4). */
  async queryAtOnce(trx: Trx, { payment_ref }: OperationRow): Promise<void> {
    const payment = await this.payments.lock(trx, payment_ref!);
    if (payment?.state === 'PENDING') await this.#keepParking(trx, payment);
    await this.orders.queryAtOnce(trx, payment_ref!, this.clock.now());
  }

  /** Gives a payment, which is locked, the id that an operator knows. Undefined if it belongs to another payment. */
  async link(trx: Trx, row: PaymentRow, paymentId: string): Promise<PaymentRow | undefined> {
    return this.identity.linkOrAbsorb(trx, row, paymentId);
  }

  /** An operator has seen that the order of this ACCEPTED payment has a second one. */
  async confirm(trx: Trx, { id, external, state }: PaymentRow, cause: string | null): Promise<void> {
    await this.payments.confirmAcceptance(trx, id);
    const change = {
      external,
      payment_ref: id,
      source: 'operator',
      before: state,
      after: state,
      cause,
    } as const;
    await this.events.append(trx, { ...change, at: this.clock.now() });
  }

  /**
   * An operator corrects a resolution: the only way from ACCEPTED, which the external has not said (SPEC §4). With the
   * same state, another id of the external is recorded. Returns false if another transaction was faster.
   */
  async correct(
    trx: Trx,
    payment: PaymentRow,
    to: PaymentState,
    move: PaymentMove & { readonly notify: PaymentNotice },
  ): Promise<boolean> {
    if (to === payment.state) await this.confirm(trx, payment, move.cause);
    else if ((await this.#advance(trx, payment, to, move)) === undefined) return false;
    await this.#notify(trx, payment, to, move);
    return true;
  }

  /**
   * A payment that was set to FAILED because the external had never seen it may have been executed after all: it is
   * UNKNOWN again, and the receiver, which got FAILED, is notified. The only way from FAILED to UNKNOWN.
   */
  async reopen(trx: Trx, operation: OperationRow, external: ExternalConfig | undefined): Promise<void> {
    const row = await this.payments.lock(trx, operation.payment_ref!);
    if (row?.state !== 'FAILED') return;
    await this.payments.expectUntil(trx, row.id, row.deadline_at);
    const move: PaymentMove = {
      ...moveOfCall(operation, external),
      notify: { when: 'on-change', answer: { status: 'PENDING' } },
    };
    const payment = { ...row, asks: 0 };
    if ((await this.#advance(trx, payment, 'UNKNOWN', move)) !== undefined)
      await this.#notify(trx, payment, 'UNKNOWN', { ...move, notify: move.notify! });
  }

  /** An operation of unknown outcome is sent again: the external may receive the payment until the new deadline. */
  async expectAgain(trx: Trx, operation: OperationRow): Promise<void> {
    await this.payments.expectUntil(trx, operation.payment_ref!, operation.deadline_at);
  }

  async #answeredId(
    trx: Trx,
    row: PaymentRow,
    paymentId: string | undefined,
    state: PaymentState,
  ): Promise<AnsweredId> {
    return paymentId === undefined
      ? { kind: 'own', row, paymentId }
      : this.identity.answered(trx, row, paymentId, state);
  }

  /** Returns the version, that of the newest notification; undefined if another transaction was faster. */
  async #advance(
    trx: Trx,
    payment: MovablePayment,
    to: PaymentState,
    move: PaymentMove,
  ): Promise<number | undefined> {
    const { row, event } = this.#change(payment, to, move);
    const version = await this.payments.advance(trx, payment.id, payment.state, row);
    if (version === undefined) return undefined;
    await this.#keepParking(trx, payment);
    await this.events.append(trx, event);
    return version;
  }

  /** The story names when the payment was parked, also once its row no longer does (SPEC §4). */
  async #keepParking(trx: Trx, { id, parked_at }: MovablePayment): Promise<void> {
    if (typeof parked_at === 'number') await this.queries.addParking(trx, id, parked_at);
  }

  #change(
    payment: MovablePayment,
    to: PaymentState,
    move: PaymentMove,
  ): { readonly row: PaymentChange; readonly event: LedgerChange } {
    const atMs = this.clock.now();
    const { paymentId, subscriptionToken, source, cause } = move;
    const checkout = isOpen(to) ? move.checkout : payment.state === 'CREATED' ? undefined : null;
    const queryable = (paymentId ?? payment.payment_id ?? null) !== null || move.queryableWithoutId === true;
    const next = isOpen(to) ? this.schedule.next(payment.asks ?? 0, queryable, atMs) : NOT_DUE;
    // The duplicate guard protects an order only from attempts that begin while it is held.
    const unguarded = to === 'ACCEPTED' && (payment.state === 'FAILED' || payment.origin === 'learned');
    const duplicateGuard = to === 'FAILED' ? 0 : undefined;
    return {
      row: { state: to, paymentId, subscriptionToken, checkout, next, atMs, duplicateGuard, unguarded },
      event: {
        external: payment.external,
        payment_ref: payment.id,
        at: atMs,
        source,
        before: payment.state,
        after: to,
        cause,
      },
    };
  }

  async #notify(
    trx: Trx,
    payment: MovablePayment,
    state: PaymentState,
    { paymentId, notify }: PaymentMove & { readonly notify: PaymentNotice },
  ): Promise<void> {
    const { id, external } = payment;
    const answer = notify.answer ?? { status: state as PaymentStatusName };
    await this.outbox.enqueue(trx, {
      event: 'payment',
      subjectRef: id,
      external,
      version: this.restore.versionOf(await this.payments.nextVersion(trx, id)),
      payload: paymentStatus(answer, {
        paymentId: paymentId ?? payment.payment_id ?? undefined,
        shopTransactionId: sentOrder(payment),
        providerName: external,
        status: reportedStatus(state, answer.status),
      }),
      requestId: notify.requestId,
      traceparent: notify.traceparent ?? payment.traceparent ?? undefined,
      atMs: this.clock.now(),
    });
  }
}

/** The payment that the operation has created, until its outcome is stored. */
function createdBy({ payment_ref, external }: OperationRow) {
  return { id: payment_ref!, external, state: 'CREATED' } as const;
}

function moveOfCall(
  { id }: OperationRow,
  external: ExternalConfig | undefined,
): Pick<PaymentMove, 'source' | 'cause' | 'queryableWithoutId'> {
  return { source: 'call', cause: id, queryableWithoutId: external?.statusByShopTransactionId ?? false };
}
