import { Injectable } from '@nestjs/common';
import type { Operator } from '../../audit/operator.js';
import { LedgerEventRepository } from '../../operations/ledger-event.repository.js';
import { OperationResolutionRepository } from '../../operations/operation-resolution.repository.js';
import { BY_INQUIRY, OperationRepository } from '../../operations/operation.repository.js';
import { StatusQueryRepository } from '../../operations/status-query.repository.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import type { Trx } from '../../persistence/store.js';
import { isOpenRefund, statusOfRefund } from '../../refunds/refund-state.js';
import { RefundLedger } from '../../refunds/refund.ledger.js';
import { RefundRepository } from '../../refunds/refund.repository.js';
import type { RefundRow } from '../../refunds/refund.table.js';
import { Clock } from '../../shared/clock.js';
import { shownTime } from '../records/shown.js';
import { causeOf, CHANGED_MEANWHILE, conflict, STILL_RUNNING } from './operator.js';
import { alreadyResolved, recordedResolution, type RecordedResolution } from './recorded-resolution.js';
import type { RefundResolutionRequest } from './resolution-requests.js';

/** Refunds that the answer names where they leave too little of the payment. */
const MAX_NAMED = 3;

/**
 * Records the end of a refund that an operator knows from another source, and corrects such a record (SPEC §4). Only a
 * resolution is corrected, by an operator who names it, and never against what the external has answered since.
 */
@Injectable()
export class RefundResolution {
  constructor(
    private readonly operations: OperationRepository,
    private readonly resolutions: OperationResolutionRepository,
    private readonly payments: PaymentRepository,
    private readonly refunds: RefundRepository,
    private readonly ledger: RefundLedger,
    private readonly events: LedgerEventRepository,
    private readonly queries: StatusQueryRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem `conflict` */
  async resolve(
    trx: Trx,
    { id }: RefundRow,
    request: RefundResolutionRequest,
    operator: Operator,
  ): Promise<void> {
    // Locked, as by the answers of the external: of two operators, the second sees what the first has done.
    const before = (await this.refunds.lock(trx, id))!;
    const { status, corrects } = request;
    const cause = causeOf(operator, request.reason);
    if (before.reversal !== null && before.state === status && corrects === undefined)
      return this.ledger.confirm(trx, before, cause);
    const { requestId, traceparent } = operator;
    const notify = { when: 'on-change', requestId, traceparent } as const;
    const move = { source: 'operator', cause, notify } as const;
    const made = recordedResolution(await this.events.ofRefund(trx, id), before.state);
    if (corrects !== undefined || (made && !isOpenRefund(before.state))) {
      await this.#assertCorrects(trx, before, request, made);
      if (status === 'OK') await this.#assertRest(trx, before);
      if (!(await this.ledger.correct(trx, before, status, move))) throw conflict(CHANGED_MEANWHILE);
      await this.#correctOperation(trx, before, status);
      return;
    }
    if (!isOpenRefund(before.state))
      throw conflict(`The refund is ${before.state}: there is nothing to resolve.`);
    if (await this.operations.isRunning(trx, { refund_ref: id })) throw conflict(STILL_RUNNING);
    if (!(await this.ledger.move(trx, before, status, move))) throw conflict(CHANGED_MEANWHILE);
    // Nothing was executed: the key may execute the operation.
    if (status === 'KO')
      await this.operations.notExecuted(trx, { refund_ref: id }, 'operator', this.clock.now());
  }

  async #assertCorrects(
    trx: Trx,
    { id, state }: RefundRow,
    { status, corrects }: RefundResolutionRequest,
    made: RecordedResolution | undefined,
  ): Promise<void> {
    if (!made)
      throw conflict(`The refund is ${state}, and not by a resolution: there is nothing to correct.`);
    const { latest, setting } = made;
    if (corrects !== latest.id) throw alreadyResolved('refund', latest);
    if (status === state) throw conflict(`The refund is ${state} already: there is nothing to correct.`);
    if (await this.operations.isRunning(trx, { refund_ref: id })) throw conflict(STILL_RUNNING);
    const answer = await this.queries.decidedSince(trx, id, setting.at);
    if (answer && answer.result !== statusOfRefund(status))
      throw conflict(
        `The external answered ${answer.result} at ${shownTime(answer.last_at)}, after the resolution.`,
      );
    const call = await this.operations.findByRefund(trx, id);
    if (call?.state === 'completed' && call.reason !== BY_INQUIRY && (call.finished_at ?? 0) > setting.at)
      throw conflict(
        `The external answered the call at ${shownTime(call.finished_at!)}, after the resolution.`,
      );
  }

  /** The amount was free since the KO: a refund made meanwhile may have taken the rest of the payment. */
  async #assertRest(trx: Trx, { payment_ref, amount_minor }: RefundRow): Promise<void> {
    // Locked until the amount is taken: no refund takes it in between.
    const payment = payment_ref === null ? undefined : await this.payments.lock(trx, payment_ref);
    if (!payment) return;
    if (payment.state !== 'ACCEPTED')
      throw conflict(`The payment ${payment.id} is ${payment.state}: resolve or correct it first.`);
    if (payment.amount_minor === null) return;
    const rest = payment.amount_minor - payment.refunded_minor;
    if (amount_minor <= rest) return;
    const others = await this.refunds.newestCounted(trx, payment.id, MAX_NAMED);
    throw conflict(
      `Other refunds leave ${rest} of the payment (minor units), and this one is ${amount_minor}: ${others.join(', ')}. ` +
        'If one of them was not executed, resolve or correct it first. If all were, too much was refunded: settle that with the external.',
    );
  }

  /** KO frees the key; OK holds it again, so that a repeat is answered with this refund. */
  async #correctOperation(trx: Trx, { id }: RefundRow, status: 'OK' | 'KO'): Promise<void> {
    const nowMs = this.clock.now();
    if (status === 'KO') {
      const subject = { refund_ref: id };
      await this.operations.notExecuted(trx, subject, 'operator', nowMs, { afterInquiry: true });
      // A repeat that began meanwhile has read the state before: its answer would undo the correction.
      if (await this.operations.isRunning(trx, subject)) throw conflict(STILL_RUNNING);
    } else {
      const operation = await this.operations.findByRefund(trx, id);
      if (operation) await this.resolutions.takeBackNotExecuted(trx, operation, nowMs);
    }
  }
}
