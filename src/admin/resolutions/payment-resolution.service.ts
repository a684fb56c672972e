import { Injectable, Logger } from '@nestjs/common';
import { NotificationOutbox } from '../../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../../operations/ledger-event.repository.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import { NOT_DUE } from '../../payments/reconciliation-schedule.js';
import { Store, type Trx } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { notFound } from '../admin-parameters.js';
import { type PaymentRecord, paymentRecord } from '../records/payment-record.js';
import { causeOf, CHANGED_MEANWHILE, conflict, type Operator, STILL_RUNNING } from './operator.js';
import type { PaymentResolutionRequest } from './resolution-requests.js';
import { UnsettledOperations } from './unsettled-operations.repository.js';

/** Settles by hand what nobody else can: a payment that is UNKNOWN, or PENDING and parked (SPEC §4: never guessed). */
@Injectable()
export class PaymentResolution {
  readonly #logger = new Logger(PaymentResolution.name);

  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly operations: UnsettledOperations,
    private readonly events: LedgerEventRepository,
    private readonly outbox: NotificationOutbox,
    private readonly clock: Clock,
  ) {}

  /** Queues a notification, as every change does. Throws `not-found`, or `conflict` where it is not for operators to say. */
  async resolve(id: string, request: PaymentResolutionRequest, operator: Operator): Promise<PaymentRecord> {
    const row = await this.store.transaction(async (trx) => {
      const before = await this.payments.find(trx, id);
      if (!before) throw notFound();
      await this.#assertOpen(trx, before, request);
      await this.#settle(trx, before, request, operator);
      return (await this.payments.find(trx, id))!;
    });
    this.outbox.wake();
    const { status, reason } = request;
    this.#logger.log({ payment: id, status, cause: causeOf(operator, reason) }, 'Payment resolved by hand');
    return paymentRecord(row);
  }

  async #assertOpen(trx: Trx, row: PaymentRow, { paymentId }: PaymentResolutionRequest): Promise<void> {
    const open = row.state === 'UNKNOWN' || (row.state === 'PENDING' && row.parked_at !== null);
    if (!open) {
      throw conflict(
        row.state === 'PENDING'
          ? 'The payment is PENDING, and the external is still being asked for it: check it instead.'
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
    { status, reason, paymentId = row.payment_id ?? undefined }: PaymentResolutionRequest,
    operator: Operator,
  ): Promise<void> {
    const atMs = this.clock.now();
    const settled = { state: status, paymentId, atMs, ...NOT_DUE };
    if (!(await this.payments.advance(trx, row.id, [row.state], settled))) throw conflict(CHANGED_MEANWHILE);
    await this.events.append(trx, {
      external: row.external,
      payment_ref: row.id,
      at: atMs,
      source: 'operator',
      before: row.state,
      after: status,
      cause: causeOf(operator, reason),
    });
    if (status === 'FAILED') await this.operations.notExecuted(trx, { payment_ref: row.id }, atMs);
    await this.outbox.enqueue(trx, {
      paymentRef: row.id,
      external: row.external,
      version: await this.payments.nextVersion(trx, row.id),
      payload: {
        status,
        ...(paymentId !== undefined && { paymentId }),
        ...(row.shop_transaction_id !== null && { shopTransactionId: row.shop_transaction_id }),
        providerName: row.external,
      },
      // An operator's request is no part of a trace, as a rule, and the payment is.
      traceparent: operator.continued ? operator.traceparent : (row.traceparent ?? operator.traceparent),
      requestId: operator.requestId,
      atMs,
    });
  }
}
