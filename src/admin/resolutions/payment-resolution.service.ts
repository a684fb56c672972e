import { Injectable } from '@nestjs/common';
import type { Operator } from '../../audit/operator.js';
import { invalid } from '../../http/request-parameters.js';
import { LedgerEventRepository } from '../../operations/ledger-event.repository.js';
import { BY_INQUIRY, OperationRepository } from '../../operations/operation.repository.js';
import { StatusQueryRepository } from '../../operations/status-query.repository.js';
import { isOpen } from '../../payments/payment-state.js';
import { type PaymentNotice, PaymentLedger } from '../../payments/payment.ledger.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import type { Trx } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { shownTime } from '../records/shown.js';
import { causeOf, CHANGED_MEANWHILE, conflict, STILL_RUNNING } from './operator.js';
import { alreadyResolved, recordedResolution, type RecordedResolution } from './recorded-resolution.js';
import type { PaymentResolutionRequest } from './resolution-requests.js';

/**
 * Records the end of a payment that an operator knows from another source, and corrects such a record (SPEC §4). A
 * resolution is corrected only by an operator who names it, and never against what the external has answered since.
 */
@Injectable()
export class PaymentResolution {
  constructor(
    private readonly operations: OperationRepository,
    private readonly payments: PaymentRepository,
    private readonly ledger: PaymentLedger,
    private readonly events: LedgerEventRepository,
    private readonly queries: StatusQueryRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem `conflict`, or `validation-failed` where the `paymentId` is missing */
  async resolve(
    trx: Trx,
    { id }: PaymentRow,
    request: PaymentResolutionRequest,
    operator: Operator,
  ): Promise<void> {
    // Locked: of two operators, the second sees what the first has done.
    const before = (await this.payments.lock(trx, id))!;
    const { status, corrects, paymentId } = request;
    const isConfirmation =
      before.state === 'ACCEPTED' && before.unguarded_acceptance === 1 && status === 'ACCEPTED';
    if (isConfirmation && corrects === undefined && !paymentId)
      return this.ledger.confirm(trx, before, causeOf(operator, request.reason));
    const made = recordedResolution(await this.events.ofPayment(trx, id), before.state);
    const isCorrection = corrects !== undefined || (made !== undefined && !isOpen(before.state));
    if (isCorrection) await this.#assertCorrects(trx, before, request, made);
    else await this.#assertOpen(trx, before);
    assertIdIsNamed(before, request);
    const row = await this.#withId(trx, before, request, made);
    const cause = `${causeOf(operator, request.reason)}${idText(request)}`;
    const notify = noticeTo(operator, before);
    const move = { source: 'operator', cause, notify } as const;
    if (isCorrection) {
      if (!(await this.ledger.correct(trx, row, status, move))) throw conflict(CHANGED_MEANWHILE);
    } else if (row.state === status) {
      // It is one with an unsolicited payment, whose state was notified.
      await this.ledger.confirm(trx, row, cause);
    } else if (!(await this.ledger.move(trx, row, status, move))) {
      throw conflict(
        row.state === before.state
          ? CHANGED_MEANWHILE
          : `The external answered ${row.state} about this paymentId.`,
      );
    }
    // Nothing was executed: the key may execute the operation.
    if (status === 'FAILED') {
      const subject = { payment_ref: id };
      const nowMs = this.clock.now();
      await this.operations.notExecuted(trx, subject, 'operator', nowMs, { afterInquiry: isCorrection });
      // A repeat that began meanwhile has read the state before: its answer would undo the correction.
      if (isCorrection && (await this.operations.isRunning(trx, subject))) throw conflict(STILL_RUNNING);
    }
  }

  async #assertCorrects(
    trx: Trx,
    { id, state, refunded_minor }: PaymentRow,
    { status, corrects }: PaymentResolutionRequest,
    made: RecordedResolution | undefined,
  ): Promise<void> {
    if (!made || isOpen(state))
      throw conflict(`The payment is ${state}, and not by a resolution: there is nothing to correct.`);
    const { latest, setting } = made;
    if (corrects !== latest.id) throw alreadyResolved('payment', latest);
    if (await this.operations.isRunning(trx, { payment_ref: id })) throw conflict(STILL_RUNNING);
    if (status !== state && refunded_minor > 0)
      throw conflict('The payment has refunds: it cannot become FAILED.');
    const answer = await this.queries.decidedSince(trx, id, setting.at);
    if (answer !== undefined && answer.result !== status)
      throw conflict(
        `The external answered ${answer.result} at ${shownTime(answer.last_at)}, after the resolution.`,
      );
    const call = await this.operations.findByPayment(trx, id);
    const isAnswered = call?.state === 'completed' && call.reason !== BY_INQUIRY;
    if (status !== state && isAnswered && (call.finished_at ?? 0) > setting.at)
      throw conflict(
        `The external answered the call at ${shownTime(call.finished_at!)}, after the resolution.`,
      );
  }

  async #assertOpen(trx: Trx, { id, state, parked_at }: PaymentRow): Promise<void> {
    if (state === 'PENDING' && parked_at === null)
      throw conflict(
        'The payment is PENDING, and the gateway still queries the external about it: check it instead.',
      );
    if (state !== 'UNKNOWN' && state !== 'PENDING')
      throw conflict(`The payment is ${state}: there is nothing to resolve.`);
    if (await this.operations.isRunning(trx, { payment_ref: id })) throw conflict(STILL_RUNNING);
  }

  /** The payment with the id that the operator knows. Only an id that an operator gave can be replaced. */
  async #withId(
    trx: Trx,
    row: PaymentRow,
    { paymentId }: PaymentResolutionRequest,
    made: RecordedResolution | undefined,
  ): Promise<PaymentRow> {
    if (paymentId === undefined || paymentId === row.payment_id) return row;
    if (row.payment_id !== null) await this.#takeBackId(trx, row, made);
    if (paymentId === null) return { ...row, payment_id: null };
    const linked = await this.ledger.link(trx, { ...row, payment_id: null }, paymentId);
    if (linked) return linked;
    const holder = await this.payments.findByPaymentId(trx, row.external, paymentId);
    throw conflict(`This paymentId belongs to the payment ${holder?.id}.`);
  }

  async #takeBackId(trx: Trx, row: PaymentRow, made: RecordedResolution | undefined): Promise<void> {
    const given = made?.acts.some(
      ({ after, cause }) => after === 'ACCEPTED' && cause?.endsWith(idText({ paymentId: row.payment_id })),
    );
    if (!given) throw conflict('The payment has another paymentId already.');
    if (row.refunded_minor > 0) throw conflict('The payment has refunds under its paymentId.');
    const answer = await this.queries.decidedSince(trx, row.id, made!.setting.at);
    if (answer) throw conflict(`The external answered about this paymentId at ${shownTime(answer.last_at)}.`);
    await this.payments.releasePaymentId(trx, row.id);
  }
}

/** A payment without the id cannot be refunded: an operator must not leave it out by mistake. */
function assertIdIsNamed({ payment_id }: PaymentRow, { status, paymentId }: PaymentResolutionRequest): void {
  if (status === 'ACCEPTED' && payment_id === null && paymentId === undefined)
    throw invalid(
      '/paymentId',
      'is missing: send the external’s id of the payment, or null if it is unknown (the payment then cannot be refunded)',
    );
}

/** Ends the cause of each resolution as ACCEPTED, so that a later one knows who gave the id. */
function idText({ status, paymentId }: Partial<PaymentResolutionRequest>): string {
  if (paymentId === undefined) return status === 'ACCEPTED' ? '; paymentId as before' : '';
  return `; paymentId ${paymentId ?? 'not known'}`;
}

/** With the trace of the payment, unless the operator's request is part of a trace. */
function noticeTo({ requestId, continued, traceparent }: Operator, payment: PaymentRow): PaymentNotice {
  return {
    when: 'on-change',
    requestId,
    traceparent: continued ? traceparent : (payment.traceparent ?? traceparent),
  };
}
