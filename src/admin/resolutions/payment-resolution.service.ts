import { Injectable, Logger } from '@nestjs/common';
import { OperationRepository } from '../../operations/operation.repository.js';
import { PaymentLedger } from '../../payments/payment.ledger.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import { Store, type Trx } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { notFound } from '../admin-parameters.js';
import { type PaymentRecord, paymentRecord } from '../records/payment-record.js';
import { causeOf, CHANGED_MEANWHILE, conflict, type Operator, STILL_RUNNING } from './operator.js';
import type { PaymentResolutionRequest } from './resolution-requests.js';

/** Resolves by hand a payment that is UNKNOWN, or PENDING and parked (SPEC §4: never guessed). */
@Injectable()
export class PaymentResolution {
  readonly #logger = new Logger(PaymentResolution.name);

  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly ledger: PaymentLedger,
    private readonly operations: OperationRepository,
    private readonly clock: Clock,
  ) {}

  /** Queues a notification, as every change does. Throws `not-found`, or `conflict` where an operator may not resolve it. */
  async resolve(id: string, request: PaymentResolutionRequest, operator: Operator): Promise<PaymentRecord> {
    const row = await this.store.transaction(async (trx) => {
      const before = await this.payments.find(trx, id);
      if (!before) throw notFound();
      await this.#assertOpen(trx, before, request);
      await this.#settle(trx, before, request, operator);
      return (await this.payments.find(trx, id))!;
    });
    const { status, reason } = request;
    this.#logger.log({ payment: id, status, cause: causeOf(operator, reason) }, 'Payment resolved by hand');
    return paymentRecord(row);
  }

  async #assertOpen(trx: Trx, row: PaymentRow, { paymentId }: PaymentResolutionRequest): Promise<void> {
    const open = row.state === 'UNKNOWN' || (row.state === 'PENDING' && row.parked_at !== null);
    if (!open) {
      throw conflict(
        row.state === 'PENDING'
          ? 'The payment is PENDING, and the gateway still queries the external about it: check it instead.'
          : `The payment is ${row.state}: there is nothing to settle.`,
      );
    }
    if (await this.operations.isRunning(trx, { payment_ref: row.id })) throw conflict(STILL_RUNNING);
    if (paymentId === undefined || paymentId === row.payment_id) return;
    if (row.payment_id !== null) throw conflict('The payment has another paymentId already.');
    const holder = await this.payments.findByPaymentId(trx, row.external, paymentId);
    if (holder) throw conflict(`This paymentId belongs to the payment ${holder.id}.`);
  }

  async #settle(
    trx: Trx,
    row: PaymentRow,
    { status, reason, paymentId }: PaymentResolutionRequest,
    operator: Operator,
  ): Promise<void> {
    const moved = await this.ledger.move(trx, row, status, {
      source: 'operator',
      cause: causeOf(operator, reason),
      paymentId: paymentId ?? row.payment_id ?? undefined,
      notify: {
        when: 'on-change',
        requestId: operator.requestId,
        // An operator's request is rarely part of a trace, and the payment is.
        traceparent: operator.continued ? operator.traceparent : (row.traceparent ?? operator.traceparent),
      },
    });
    if (!moved) throw conflict(CHANGED_MEANWHILE);
    if (status === 'FAILED')
      await this.operations.notExecuted(trx, { payment_ref: row.id }, 'operator', this.clock.now());
  }
}
