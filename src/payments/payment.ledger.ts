import { Injectable } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { EventSource } from '../operations/ledger-event.table.js';
import { OperationRepository } from '../operations/operation.repository.js';
import type { OperationRow } from '../operations/operation.table.js';
import { NOT_DUE, ReconciliationSchedule } from '../operations/reconciliation-schedule.js';
import { Store, type Trx } from '../persistence/store.js';
import { type Outcome, Problem } from '../problems/problem.js';
import type { PaymentStatusAnswer, PaymentStatusName } from '../providers/answers.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { isOpen, paymentMayBecome, type PaymentState } from './payment-state.js';
import { paymentStatus, reportedStatus } from './payment-status.js';
import { type DuplicatePayment, PaymentRepository } from './payment.repository.js';
import type { PaymentOrigin, PaymentRow } from './payment.table.js';

/** A payment that is about to be executed. */
export interface PaymentDraft {
  readonly origin: PaymentOrigin;
  readonly shopTransactionId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly subscriptionToken?: string | undefined;
  /** False if the external's configuration allows duplicates. */
  readonly guardDuplicates: boolean;
  /** When the call must have ended: later, the external cannot receive it any more. */
  readonly deadlineAtMs: number;
}

/** Ids that an external gave to a payment. */
export interface PaymentIds {
  readonly paymentId?: string | undefined;
  readonly subscriptionToken?: string | undefined;
}

/** The fields of a payment that `move` reads; notifications and the schedule of queries need the optional ones. */
export type MovablePayment = Pick<PaymentRow, 'id' | 'external' | 'state'> &
  Partial<Pick<PaymentRow, 'payment_id' | 'shop_transaction_id' | 'traceparent' | 'asks'>>;

export interface PaymentMove extends PaymentIds {
  readonly source: EventSource;
  /** The id of what caused it, or the operator's name and reason. */
  readonly cause: string | null;
  /** The external supports queries by shopTransactionId, so also without a paymentId. */
  readonly queryableWithoutId?: boolean;
  /** Queues a notification (SPEC §5). Absent for the answer of a call: the caller has it. */
  readonly notify?: PaymentNotice;
}

export interface PaymentNotice {
  /** `always`: also if the state does not change (check, verified callback). */
  readonly when: 'always' | 'on-change';
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
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly events: LedgerEventRepository,
    private readonly outbox: NotificationOutbox,
    private readonly schedule: ReconciliationSchedule,
    private readonly clock: Clock,
    private readonly operations: OperationRepository,
  ) {}

  /** Transaction A: inserts the payment as CREATED, or refuses a duplicate (SPEC §3). */
  async open(trx: Trx, operation: OperationRow, draft: PaymentDraft): Promise<void> {
    const { external, created_at, traceparent } = operation;
    const row = createdRow({
      id: operation.payment_ref!,
      external,
      caller: operation.caller,
      origin: draft.origin,
      payment_id: null,
      shop_transaction_id: draft.shopTransactionId,
      subscription_token: draft.subscriptionToken ?? null,
      amount_minor: draft.amountMinor,
      currency: draft.currency,
      duplicate_guard: draft.guardDuplicates ? 1 : 0,
      created_at,
      deadline_at: draft.deadlineAtMs,
      traceparent,
    });
    const find = () => this.payments.findDuplicate(trx, external, draft.shopTransactionId);
    // The search and the insert run in parallel; the unique index of guards rejects a duplicate that begins meanwhile.
    const [existing, inserted] = await Promise.all([
      draft.guardDuplicates ? find() : undefined,
      this.payments.insertUnlessTaken(trx, row),
    ]);
    if (!existing && inserted) return;
    const first = existing ?? (await find());
    const maybeExecuted = first !== undefined && (await this.#maybeExecutes(trx, operation, first));
    throw duplicate(first, maybeExecuted ? 'unknown' : 'not-executed');
  }

  /** Names the payment of an operation, where the external has. */
  async nameOf(db: Trx, operation: OperationRow): Promise<Readonly<Record<string, string>>> {
    const row = await this.payments.find(db, operation.payment_ref!);
    return { ...(row?.payment_id && { paymentId: row.payment_id }) };
  }

  /**
   * Changes the state to `to` where the state table allows it: appends the event, schedules the next query,
   * increments the version and queues the notification. Returns whether the state changed; false also if another
   * transaction was faster.
   */
  async move(trx: Trx, payment: MovablePayment, to: PaymentState, move: PaymentMove): Promise<boolean> {
    const changed = paymentMayBecome(payment.state, to) && (await this.#advance(trx, payment, to, move));
    const { notify } = move;
    if (notify && (changed || notify.when === 'always'))
      await this.#notify(trx, payment, changed ? to : payment.state, { ...move, notify });
    return changed;
  }

  /**
   * Transaction B: applies the answer of the call that creates the payment. Nearly every payment needs only the first
   * move; the rest handles an answer that arrives after a callback or a recovery.
   */
  async settle(
    trx: Trx,
    operation: OperationRow,
    { state, ...ids }: PaymentIds & { readonly state: PaymentState },
    external: ExternalConfig | undefined,
  ): Promise<void> {
    const queryableWithoutId = external?.statusByShopTransactionId ?? false;
    const move = { source: 'call', cause: operation.id, queryableWithoutId } as const;
    const created = { id: operation.payment_ref!, external: operation.external, state: 'CREATED' } as const;
    if (await this.move(trx, created, state, { ...move, ...ids })) return;
    let row = await this.payments.lock(trx, created.id);
    if (!row) return;
    // A callback may have arrived before this answer, when no payment had its paymentId.
    if (ids.paymentId !== undefined && row.payment_id === null)
      row = await this.#absorb(trx, row, ids.paymentId);
    const own = await this.#withoutTakenId(trx, row, ids);
    if (paymentMayBecome(row.state, state))
      await this.move(trx, { ...row, asks: 0 }, state, { ...move, ...own });
    else await this.payments.link(trx, row.id, own);
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
      source: 'call',
      cause: operation.id,
      queryableWithoutId: external?.statusByShopTransactionId ?? false,
      notify: { when: 'on-change', answer: { status: 'PENDING' } },
    };
    const payment = { ...row, asks: 0 };
    if (await this.#advance(trx, payment, 'UNKNOWN', move))
      await this.#notify(trx, payment, 'UNKNOWN', { ...move, notify: move.notify! });
  }

  /** An operation of unknown outcome is sent again: the external may receive the payment until the new deadline. */
  async expectAgain(trx: Trx, operation: OperationRow): Promise<void> {
    await this.payments.expectUntil(trx, operation.payment_ref!, operation.deadline_at);
  }

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
    // Twice: while the first query waited for its lock, an unsolicited payment may have been absorbed by another.
    const known =
      (await this.payments.lockByPaymentId(trx, external, paymentId)) ??
      (await this.payments.lockByPaymentId(trx, external, paymentId));
    if (known && known.origin !== 'learned') return known;
    const [own, another] =
      shopTransactionId === undefined
        ? []
        : await this.payments.lockUnlinked(trx, external, shopTransactionId);
    if (own && !another && known === undefined) {
      await this.payments.link(trx, own.id, { paymentId });
      return { ...own, payment_id: paymentId };
    }
    if (own && !another && known && known.created_at >= own.created_at)
      return this.#absorb(trx, own, paymentId);
    return known ?? this.#insertUnsolicited(trx, external, paymentId, shopTransactionId);
  }

  /**
   * True if the caller of `operation` must not conclude that nothing happens: the first payment is in flight, or a proxy
   * repeats the very request that made it and whose answer was lost.
   */
  async #maybeExecutes(trx: Trx, operation: OperationRow, { id }: DuplicatePayment): Promise<boolean> {
    const first = await this.operations.findByPayment(trx, id);
    if (!first) return false;
    const sameRequest =
      first.request_id === operation.request_id &&
      first.caller === operation.caller &&
      first.operation === operation.operation &&
      first.fingerprint === operation.fingerprint;
    return first.state === 'running' || sameRequest;
  }

  async #advance(trx: Trx, payment: MovablePayment, to: PaymentState, move: PaymentMove): Promise<boolean> {
    const atMs = this.clock.now();
    const { paymentId, subscriptionToken, source, cause } = move;
    const queryable = (paymentId ?? payment.payment_id ?? null) !== null || move.queryableWithoutId === true;
    const next = isOpen(to) ? this.schedule.next(payment.asks ?? 0, queryable, atMs) : NOT_DUE;
    const change = { state: to, paymentId, subscriptionToken, next, atMs };
    if (!(await this.payments.advance(trx, payment.id, payment.state, change))) return false;
    await this.events.append(trx, {
      external: payment.external,
      payment_ref: payment.id,
      at: atMs,
      source,
      before: payment.state,
      after: to,
      cause,
    });
    return true;
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
      paymentRef: id,
      external,
      version: await this.payments.nextVersion(trx, id),
      payload: paymentStatus(answer, {
        paymentId: paymentId ?? payment.payment_id ?? undefined,
        shopTransactionId: payment.shop_transaction_id,
        providerName: external,
        status: reportedStatus(state, answer.status),
      }),
      requestId: notify.requestId,
      traceparent: notify.traceparent ?? payment.traceparent ?? undefined,
      atMs: this.clock.now(),
    });
    this.store.afterCommit(trx, () => this.outbox.wake());
  }

  /**
   * Merges the unsolicited payment with this `paymentId`, if there is one, into `row`, which is locked: its events,
   * notifications, refunds and state.
   */
  async #absorb(trx: Trx, row: PaymentRow, paymentId: string): Promise<PaymentRow> {
    const unsolicited = await this.payments.deleteUnsolicited(trx, row.external, paymentId);
    if (!unsolicited) return row;
    await this.events.movePayment(trx, unsolicited.id, row.id);
    await this.outbox.movePayment(trx, unsolicited.id, row.id);
    const inheritsState = paymentMayBecome(row.state, unsolicited.state);
    await this.payments.absorb(trx, row, unsolicited, { inheritsState, atMs: this.clock.now() });
    return { ...row, payment_id: paymentId, state: inheritsState ? unsolicited.state : row.state };
  }

  async #insertUnsolicited(
    trx: Trx,
    external: string,
    paymentId: string,
    shopTransactionId: string | undefined,
  ): Promise<PaymentRow> {
    const now = this.clock.now();
    const row = createdRow({
      id: newIdentifier('pay', now),
      external,
      caller: null,
      origin: 'learned',
      payment_id: paymentId,
      shop_transaction_id: shopTransactionId ?? null,
      subscription_token: null,
      amount_minor: null,
      currency: null,
      duplicate_guard: 0,
      created_at: now,
      deadline_at: now,
      traceparent: null,
    });
    if (await this.payments.insertUnlessTaken(trx, row)) return row;
    // Another replica inserted it at the same moment.
    const theirs = await this.payments.lockByPaymentId(trx, external, paymentId);
    if (!theirs) throw new Error(`Payment ${paymentId} of ${external} could be neither read nor written`);
    return theirs;
  }

  /** An external may give one `paymentId` to two operations; it stays with the row that has it. */
  async #withoutTakenId(trx: Trx, row: PaymentRow, ids: PaymentIds): Promise<PaymentIds> {
    const { paymentId, ...rest } = ids;
    if (paymentId === undefined || row.payment_id === paymentId) return rest;
    const holder = await this.payments.findByPaymentId(trx, row.external, paymentId);
    return holder ? rest : ids;
  }
}

type NewPayment = Omit<
  PaymentRow,
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

function createdRow(payment: NewPayment): PaymentRow {
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

function duplicate(existing: DuplicatePayment | undefined, outcome: Outcome): Problem {
  return new Problem('duplicate-payment', 'This shopTransactionId already has a payment at this external.', {
    outcome,
    members: {
      ...(existing?.payment_id && { paymentId: existing.payment_id }),
      ...(existing && { paymentStatus: existing.state === 'CREATED' ? 'PENDING' : existing.state }),
    },
  });
}
