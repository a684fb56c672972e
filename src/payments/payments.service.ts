import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import { StatusQueryLog } from '../operations/status-query.log.js';
import { outcomeProblem } from '../operations/outcome-problem.js';
import { Store } from '../persistence/store.js';
import type { ExternalProvider, StatusQuery } from '../providers/external-provider.js';
import { OPERATIONS } from '../config/external-operation.js';
import { isLeftToLedger } from '../providers/provider-outcome.js';
import { sentOrder } from './order-key.js';
import { OrderInquiry } from './order.inquiry.js';
import { CancelOperation } from './cancel.operation.js';
import { PayByLinkOperation } from './pay-by-link.operation.js';
import { PayOperation } from './pay.operation.js';
import type { CancelRequest, PayRequest } from './payment-requests.js';
import { type PaymentStatus, paymentStatus } from './payment-status.js';
import { PaymentCreation } from './payment.creation.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { PaymentLedger } from './payment.ledger.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';
import { statusInLedger } from './status-in-ledger.js';

/** pay, pay-by-link, cancel, status and check (SPEC §1). */
@Injectable()
export class PaymentsService {
  constructor(
    private readonly executor: OperationExecutor,
    private readonly creation: PaymentCreation,
    private readonly cancelOperation: CancelOperation,
    private readonly payOperation: PayOperation,
    private readonly payByLinkOperation: PayByLinkOperation,
    private readonly inquiry: PaymentInquiry,
    private readonly payments: PaymentRepository,
    private readonly ledger: PaymentLedger,
    private readonly queries: StatusQueryLog,
    private readonly store: Store,
    private readonly orders: OrderInquiry,
  ) {}

  pay(provider: ExternalProvider, body: PayRequest, context: CallerContext): Promise<OperationAnswer> {
    return this.creation.execute(this.payOperation, { provider, input: body, context });
  }

  payByLink(provider: ExternalProvider, body: PayRequest, context: CallerContext): Promise<OperationAnswer> {
    return this.creation.execute(this.payByLinkOperation, { provider, input: body, context });
  }

  cancel(provider: ExternalProvider, body: CancelRequest, context: CallerContext): Promise<OperationAnswer> {
    return this.executor.execute(this.cancelOperation, { provider, input: body, context });
  }

  /** Queries the external. Changes nothing in the ledger; `check` does. */
  async status(
    provider: ExternalProvider,
    query: StatusQuery,
    context: CallerContext,
  ): Promise<PaymentStatus> {
    if ('shopTransactionId' in query) return this.orders.status(provider, query.shopTransactionId, context);
    const { paymentId } = query;
    const providerName = provider.config.name;
    const outcome = await provider.status({ paymentId }, context);
    const subject = { external: providerName, paymentId };
    this.queries.note(
      { subject, source: 'status', cause: context.requestId },
      outcome,
      ({ status }) => status,
    );
    if (outcome.kind !== 'completed') {
      const row = isLeftToLedger(outcome) ? await this.#find(providerName, paymentId) : undefined;
      if (row) return statusInLedger(row);
      throw outcomeProblem(outcome, OPERATIONS.status);
    }
    const shopTransactionId =
      outcome.answer.shopTransactionId ?? sentOrder((await this.#find(providerName, paymentId)) ?? {});
    return paymentStatus(outcome.answer, { paymentId, shopTransactionId, providerName });
  }

  /** Queries the external, updates the ledger and notifies the receiver (SPEC §5). */
  async check(
    provider: ExternalProvider,
    query: StatusQuery,
    context: CallerContext,
  ): Promise<PaymentStatus> {
    if ('shopTransactionId' in query) return this.orders.check(provider, query.shopTransactionId, context);
    const outcome = await this.inquiry.inquire(provider, query, context, {
      source: 'check',
      notify: 'always',
      cause: context.requestId,
    });
    if (outcome.kind === 'completed') return outcome.answer.status;
    const known = isLeftToLedger(outcome)
      ? await this.#notifyOfLedger(provider.config.name, query.paymentId, context)
      : undefined;
    if (known) return known;
    throw outcomeProblem(outcome, OPERATIONS.status);
  }

  /** Notifies the receiver of what the ledger has; undefined if it does not have the payment. */
  #notifyOfLedger(
    external: string,
    paymentId: string,
    { requestId, traceparent }: CallerContext,
  ): Promise<PaymentStatus | undefined> {
    return this.store.transaction(async (trx) => {
      const row = await this.payments.findByPaymentId(trx, external, paymentId);
      if (!row) return undefined;
      const status = statusInLedger(row);
      await this.ledger.move(trx, row, row.state, {
        source: 'check',
        cause: requestId,
        notify: { when: 'always', answer: { status: status.status }, requestId, traceparent },
      });
      return status;
    });
  }

  #find(external: string, paymentId: string): Promise<PaymentRow | undefined> {
    return this.store.read((db) => this.payments.findByPaymentId(db, external, paymentId));
  }
}
