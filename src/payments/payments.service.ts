import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { outcomeProblem } from '../operations/outcome-problem.js';
import { Store } from '../persistence/store.js';
import type { PayAnswer, PayByLinkAnswer } from '../providers/answers.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { OPERATIONS } from '../providers/operation.js';
import { PayRequest } from './payment-requests.js';
import { type PaymentStatus, paymentStatus } from './payment-status.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { PaymentOperations } from './payment.operations.js';
import { PaymentRepository } from './payment.repository.js';

/** pay, pay-by-link, status and check (SPEC §1). */
@Injectable()
export class PaymentsService {
  constructor(
    private readonly operations: PaymentOperations,
    private readonly inquiry: PaymentInquiry,
    private readonly payments: PaymentRepository,
    private readonly store: Store,
  ) {}

  pay(provider: ExternalProvider, body: PayRequest, context: CallerContext): Promise<OperationAnswer> {
    return this.operations.execute<PayAnswer>(provider, context, {
      operation: 'pay',
      origin: 'pay',
      body,
      call: (external, callContext) => external.pay(body, callContext),
      recover: (known) => known,
    });
  }

  payByLink(provider: ExternalProvider, body: PayRequest, context: CallerContext): Promise<OperationAnswer> {
    return this.operations.execute<PayByLinkAnswer>(provider, context, {
      operation: 'pay-by-link',
      origin: 'pay-by-link',
      body,
      call: (external, callContext) => external.payByLink(body, callContext),
      // A status answer does not hold the link, and a link that is lost cannot be paid by.
      recover: (known) => (known.result === 'KO' ? { result: 'KO', paymentId: known.paymentId } : undefined),
    });
  }

  /** What the external says now. It changes nothing here: `check` does. */
  async status(
    provider: ExternalProvider,
    paymentId: string,
    context: CallerContext,
  ): Promise<PaymentStatus> {
    const outcome = await provider.status({ paymentId }, context);
    if (outcome.kind !== 'completed') throw outcomeProblem(outcome, OPERATIONS.status);
    const shopTransactionId =
      outcome.answer.shopTransactionId ??
      (await this.store.read((db) => this.payments.findByPaymentId(db, provider.config.name, paymentId)))
        ?.shop_transaction_id;
    return paymentStatus(outcome.answer, {
      paymentId,
      shopTransactionId,
      providerName: provider.config.name,
    });
  }

  /** The same, brought to the ledger, and the receiver is told (SPEC §5). */
  async check(provider: ExternalProvider, paymentId: string, context: CallerContext): Promise<PaymentStatus> {
    const outcome = await this.inquiry.ask(provider, { paymentId }, context, {
      source: 'check',
      notify: 'always',
      cause: context.requestId,
    });
    if (outcome.kind !== 'completed') throw outcomeProblem(outcome, OPERATIONS.status);
    return outcome.answer.status;
  }
}
