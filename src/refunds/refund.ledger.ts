import { Injectable, Logger } from '@nestjs/common';
import type { Insertable, Updateable } from 'kysely';
import { isNoticeDue } from '../notifications/notice.js';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { LedgerChange } from '../operations/ledger-event.table.js';
import type { LedgerEndEntry, LedgerEntry } from '../operations/operation.journal.js';
import { LedgerRestore } from '../operations/ledger.restore.js';
import type { OperationRow } from '../operations/operation.table.js';
import { type NextQuery, NOT_DUE, ReconciliationSchedule } from '../operations/reconciliation-schedule.js';
import { StatusQueryRepository } from '../operations/status-query.repository.js';
import { sentOrder } from '../payments/order-key.js';
import { PaymentRefundsRepository } from '../payments/payment-refunds.repository.js';
import { PaymentIdentity } from '../payments/payment.identity.js';
import { PaymentRepository } from '../payments/payment.repository.js';
import { Store, type Trx } from '../persistence/store.js';
import type { RefundStatusAnswer } from '../providers/answers.js';
import { Clock } from '../shared/clock.js';
import type { RefundMove, RefundNotice } from './refund-move.js';
import { exceeds, PaymentNotAccepted, refundedMeanwhile } from './refund-refusals.js';
import type { RefundRequest } from './refund-request.js';
import {
  isOpenRefund,
  refundMayBecome,
  type RefundState,
  reversalOf,
  statusOfRefund,
} from './refund-state.js';
import { type RefundStatus, refundStatus } from './refund-status.js';
import { refundBegin, refundEnd } from './refund.journal.js';
import { RefundRepository } from './refund.repository.js';
import type { RefundRow, RefundTable } from './refund.table.js';

/** The answer of a call that made a refund `state`, and the id that the external gave it. */
export interface SettledRefund {
  readonly state: RefundState;
  readonly externalId: string | undefined;
}

/**
 * The only writer of refunds: it reserves their amount before the call and releases it on KO (SPEC §4). The
 * exceptions are `PaymentRepository.absorb` and `PaymentRefundsRepository.linkRefunds`, which link refunds to the row of their payment,
 * and the schedule of reconciliation.
 */
@Injectable()
export class RefundLedger {
  readonly #logger = new Logger(RefundLedger.name);

  constructor(
    private readonly store: Store,
    private readonly refunds: RefundRepository,
    private readonly payments: PaymentRepository,
    private readonly identity: PaymentIdentity,
    private readonly refunded: PaymentRefundsRepository,
    private readonly events: LedgerEventRepository,
    private readonly queries: StatusQueryRepository,
    private readonly outbox: NotificationOutbox,
    private readonly schedule: ReconciliationSchedule,
    private readonly clock: Clock,
    private readonly restore: LedgerRestore,
  ) {}

  /** {@link open} for a caller as an entry of the journal. */
  openEntry(operation: OperationRow, request: RefundRequest): LedgerEntry {
    return refundBegin({ ...createdRow(operation, request, 'call', null), reserved: 1 });
  }

  /**
   * Transaction A: reserves, or refuses. The gateway cannot limit the refunds of a payment that it does not know.
   * `order`: that of an operator.
   */
  async open(
    trx: Trx,
    operation: OperationRow,
    request: RefundRequest,
    order: { readonly expectedRefundedAmount: number | undefined } | undefined,
  ): Promise<void> {
    const expected = order?.expectedRefundedAmount;
    const payment = await this.identity.find(trx, operation.external, request.paymentId);
    if (payment) {
      if (payment.state !== 'ACCEPTED') throw new PaymentNotAccepted();
      if (payment.currency !== null && payment.currency !== request.currency) {
        throw exceeds(`The payment is in ${payment.currency}, not in ${request.currency}.`);
      }
      await this.refunded.linkRefunds(trx, payment, request.paymentId);
      if (!(await this.refunded.reserveRefund(trx, payment.id, request.amount, expected))) {
        await this.#assertRefunded(trx, payment.id, expected);
        throw exceeds('The refunds of this payment would exceed its amount.');
      }
    }
    const origin = order ? 'operator' : 'call';
    await this.refunds.insert(trx, createdRow(operation, request, origin, payment?.id ?? null));
  }

  async #assertRefunded(trx: Trx, id: string, expected: number | undefined): Promise<void> {
    const { refunded_minor } = (await this.payments.find(trx, id))!;
    if (expected !== undefined && refunded_minor !== expected)
      throw refundedMeanwhile(refunded_minor, expected);
  }

  /** {@link settle} for a caller's refund as an entry of the journal, and the `refundId`. */
  settleEntry(
    { id: cause, refund_ref, external }: OperationRow,
    { state, externalId }: SettledRefund,
    queryable: boolean,
  ): LedgerEndEntry & { readonly refundId: string } {
    const id = refund_ref!;
    const atMs = this.clock.now();
    const next = this.#next({ asks: 0 }, state, queryable);
    const entry = refundEnd({ id, external, state, externalId, next, atMs });
    if (state === 'PENDING') return { ...entry, event: undefined };
    const change: LedgerChange = {
      external,
      refund_ref: id,
      at: atMs,
      source: 'call',
      before: 'PENDING',
      after: state,
      cause,
    };
    return { ...entry, event: this.events.rowOf(change), afterCommit: () => this.events.count(change) };
  }

  /**
   * Transaction B: the answer of the call. A payment that has received its id meanwhile is found, and counts the
   * refund. Returns the `refundId` for the caller.
   */
  async settle(
    trx: Trx,
    operation: OperationRow,
    { state, externalId }: SettledRefund,
    queryable: boolean,
  ): Promise<string | undefined> {
    let row = await this.refunds.lock(trx, operation.refund_ref!);
    if (row?.payment_ref === null) {
      const payment = await this.payments.findByPaymentId(trx, row.external, row.payment_id);
      if (payment) {
        await this.refunded.linkRefunds(trx, payment, row.payment_id);
        row = await this.refunds.lock(trx, row.id);
      }
    }
    if (!row) return undefined;
    const named = (await this.name(trx, row, externalId)) ?? row;
    const refundId = await this.refunds.give(trx, row.id);
    const isOperators = row.origin === 'operator';
    await this.move(trx, named, state, {
      source: isOperators ? 'operator' : 'call',
      cause: operation.id,
      queryable,
      notify: { when: isOperators ? 'on-change' : 'if-notified' },
    });
    if (state === 'PENDING' && row.state === 'PENDING')
      await this.#reschedule(trx, named, this.#next(named, state, queryable));
    return refundId;
  }

  /**
   * Changes the state to `to` if the state table allows it: releases the reservation on KO and takes it again on OK,
   * even beyond the payment's amount; appends the event, schedules the next query and queues the notification. `refund`
   * is locked, or was read in this transaction.
   */
  async move(trx: Trx, refund: RefundRow, to: RefundState, move: RefundMove): Promise<boolean> {
    const changed =
      refundMayBecome(refund.state, to, move.queriedIn) && (await this.#advance(trx, refund, to, move));
    const { notify } = move;
    if (notify && isNoticeDue(notify.when, changed ? refund.version : undefined))
      await this.#notify(trx, { ...refund, state: changed ? to : refund.state }, notify);
    return changed;
  }

  /**
   * Records the id that the external gave to `refund`, which is locked, if it has none yet. Undefined if the id belongs
   * to another refund: then it names neither.
   */
  async name(trx: Trx, refund: RefundRow, externalId: string | undefined): Promise<RefundRow | undefined> {
    if (externalId === undefined || refund.external_refund_id === externalId) return refund;
    const { external, id } = refund;
    const holder = await this.refunds.findByRefundId(trx, external, externalId);
    if (holder && holder.id !== id) {
      this.store.afterCommit(trx, () =>
        this.#logger.error(
          { external, refund: id, holder: holder.id },
          'The external answered with a refundId that belongs to another refund',
        ),
      );
      return undefined;
    }
    if (refund.external_refund_id !== null || externalId === id) return refund;
    await this.refunds.set(trx, id, { external_refund_id: externalId });
    return { ...refund, external_refund_id: externalId };
  }

  /** The gateway's own id was given as the `refundId` of an operation's refund. */
  async giveOwn(trx: Trx, { refund_ref }: OperationRow): Promise<void> {
    await this.refunds.giveOwn(trx, refund_ref!);
  }

  /** Fixes the `refundId` of an operation's refund, and returns it. */
  async give(trx: Trx, { refund_ref }: OperationRow): Promise<string | undefined> {
    return this.refunds.give(trx, refund_ref!);
  }

  /** The status of a refund, by the ledger; `answer` has the external's own data. */
  async status(trx: Trx, refund: RefundRow, answer?: RefundStatusAnswer): Promise<RefundStatus> {
    const payment =
      refund.payment_ref === null ? undefined : await this.payments.find(trx, refund.payment_ref);
    const shopTransactionId = (payment && sentOrder(payment)) ?? answer?.shopTransactionId;
    return refundStatus(
      {
        status: statusOfRefund(refund.state),
        refundId: refund.refund_id ?? (await this.refunds.give(trx, refund.id))!,
        paymentId: refund.payment_id,
        ...(shopTransactionId !== undefined && { shopTransactionId }),
        amount: refund.amount_minor,
        currency: refund.currency,
        providerName: refund.external,
      },
      answer,
    );
  }

  /**
   * The external does not know a refund to which it gave an id: a contradiction that only its staff can explain. An open
   * refund is parked; the amount stays reserved (SPEC §4).
   */
  async contradict(trx: Trx, { id }: Pick<RefundRow, 'id'>): Promise<void> {
    const refund = await this.refunds.lock(trx, id);
    if (refund && isOpenRefund(refund.state))
      await this.#reschedule(trx, refund, { atMs: null, parkedAtMs: this.clock.now() });
  }

  /** An operator has seen that the refund changed its end. */
  async confirm(trx: Trx, refund: RefundRow, cause: string): Promise<void> {
    await this.refunds.set(trx, refund.id, { reversal: null });
    await this.#append(trx, refund, refund.state, { source: 'operator', cause });
  }

  /**
   * An operator corrects a resolution, which the external has not said (SPEC §4). OK takes the amount again: call it with
   * the payment locked and its rest checked. Returns false if another transaction was faster.
   */
  async correct(
    trx: Trx,
    refund: RefundRow,
    to: RefundState,
    move: RefundMove & { readonly notify: RefundNotice },
  ): Promise<boolean> {
    if (!(await this.#advance(trx, refund, to, { ...move, isCorrection: true }))) return false;
    await this.#notify(trx, { ...refund, state: to }, move.notify);
    return true;
  }

  /**
   * A refund that was set to KO because the external had never seen it may have been executed after all: it is UNKNOWN
   * again and reserves its amount. The only way from KO to UNKNOWN.
   */
  async reopen(trx: Trx, operation: OperationRow, queryable: boolean): Promise<void> {
    const row = await this.refunds.lock(trx, operation.refund_ref!);
    if (row?.state !== 'KO') return;
    const refund = { ...row, asks: 0 };
    const move: RefundMove = { source: 'call', cause: operation.id, queryable };
    await this.refunds.set(trx, row.id, { never_seen_at: null, asks: 0 });
    if (await this.#advance(trx, refund, 'UNKNOWN', move))
      await this.#notify(trx, { ...refund, state: 'UNKNOWN' }, { when: 'on-change' });
  }

  /** An operation of unknown outcome is sent again: a "never seen" that was answered before does not count. */
  async expectAgain(trx: Trx, { refund_ref }: OperationRow): Promise<void> {
    await this.refunds.set(trx, refund_ref!, { never_seen_at: null });
  }

  async #advance(trx: Trx, refund: RefundRow, to: RefundState, move: RefundMove): Promise<boolean> {
    const { id, state: from, payment_ref, amount_minor } = refund;
    const frees = to === 'KO' && refund.reserved === 1;
    const takes = from === 'KO' && payment_ref !== null;
    const next = this.#next(refund, to, move.queryable === true);
    const columns: Updateable<RefundTable> = {
      state: to,
      updated_at: this.clock.now(),
      next_ask_at: next.atMs,
      parked_at: next.parkedAtMs,
      ...(frees && { reserved: 0 }),
      ...(takes && { reserved: 1 }),
      reversal: move.isCorrection ? undefined : reversalOf(from, to),
    };
    if (!(await this.refunds.advance(trx, id, from, columns))) return false;
    if (refund.parked_at !== null) await this.queries.addParking(trx, id, refund.parked_at);
    if (frees && payment_ref !== null) await this.refunded.releaseRefund(trx, payment_ref, amount_minor);
    if (takes) await this.refunded.takeRefund(trx, payment_ref, amount_minor);
    await this.#append(trx, refund, to, move);
    return true;
  }

  async #append(
    trx: Trx,
    refund: RefundRow,
    after: RefundState,
    { source, cause }: Pick<RefundMove, 'source' | 'cause'>,
  ): Promise<void> {
    await this.events.append(trx, {
      external: refund.external,
      payment_ref: refund.payment_ref,
      refund_ref: refund.id,
      at: this.clock.now(),
      source,
      before: refund.state,
      after,
      cause,
    });
  }

  /** A refund that cannot be queried is neither due nor parked: it waits for an operator, as an item of attention. */
  #next({ asks }: Pick<RefundRow, 'asks'>, to: RefundState, queryable: boolean): NextQuery {
    return isOpenRefund(to) && queryable ? this.schedule.next(asks, true, this.clock.now()) : NOT_DUE;
  }

  async #reschedule(trx: Trx, { id, state }: RefundRow, { atMs, parkedAtMs }: NextQuery): Promise<void> {
    await this.refunds.advance(trx, id, state, { next_ask_at: atMs, parked_at: parkedAtMs });
  }

  async #notify(trx: Trx, refund: RefundRow, notify: RefundNotice): Promise<void> {
    await this.outbox.enqueue(trx, {
      event: 'refund',
      subjectRef: refund.id,
      external: refund.external,
      version: this.restore.versionOf(await this.refunds.nextVersion(trx, refund.id)),
      payload: await this.status(trx, refund, notify.answer),
      requestId: notify.requestId,
      traceparent: notify.traceparent,
      atMs: this.clock.now(),
    });
  }
}

/** The row of a refund before its call; it counts in the payment `paymentRef`, if the gateway knows it. */
function createdRow(
  operation: OperationRow,
  request: RefundRequest,
  origin: RefundRow['origin'],
  paymentRef: string | null,
): Insertable<RefundTable> {
  return {
    id: operation.refund_ref!,
    payment_ref: paymentRef,
    external: operation.external,
    caller: operation.caller,
    payment_id: request.paymentId,
    amount_minor: request.amount,
    currency: request.currency,
    state: 'PENDING',
    reserved: paymentRef === null ? 0 : 1,
    created_at: operation.created_at,
    updated_at: operation.created_at,
    origin,
    lease_token: null,
    lease_until: null,
  };
}
