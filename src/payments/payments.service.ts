import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { outcomeProblem } from '../operations/outcome-problem.js';
import { Store } from '../persistence/store.js';
import type { PayAnswer, PayByLinkAnswer } from '../providers/answers.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
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
    private readonly registry: ExternalProviderRegistry,
    private readonly operations: PaymentOperations,
    private readonly inquiry: PaymentInquiry,
    private readonly payments: PaymentRepository,
    private readonly store: Store,
  ) {}

  pay(external: string, body: PayRequest, context: CallerContext): Promise<OperationAnswer> {
    return this.operations.execute<PayAnswer>(this.registry.require(external), context, {
      operation: 'pay',
      origin: 'pay',
      body,
      call: (provider, callContext) => provider.pay(body, callContext),
      recover: (known) => known,
    });
  }

  payByLink(external: string, body: PayRequest, context: CallerContext): Promise<OperationAnswer> {
    return this.operations.execute<PayByLinkAnswer>(this.registry.require(external), context, {
      operation: 'pay-by-link',
      origin: 'pay-by-link',
      body,
      call: (provider, callContext) => provider.payByLink(body, callContext),
      // A status answer does not hold the link, and a link that is lost cannot be paid by.
      recover: (known) => (known.result === 'KO' ? { result: 'KO', paymentId: known.paymentId } : undefined),
    });
  }

  /** What the external says now. It changes nothing here: `check` does. */
  async status(external: string, paymentId: string, context: CallerContext): Promise<PaymentStatus> {
    const outcome = await this.registry.require(external).status({ paymentId }, context);
    if (outcome.kind !== 'completed') throw outcomeProblem(outcome, OPERATIONS.status);
    const shopTransactionId =
      outcome.answer.shopTransactionId ??
      (await this.store.read((db) => this.payments.findByPaymentId(db, external, paymentId)))
        ?.shop_transaction_id;
    return paymentStatus(outcome.answer, { paymentId, shopTransactionId, providerName: external });
  }

  /** The same, brought to the ledger, and the receiver is told (SPEC §5). */
  async check(external: string, paymentId: string, context: CallerContext): Promise<PaymentStatus> {
    const outcome = await this.inquiry.ask(this.registry.require(external), { paymentId }, context, {
      source: 'check',
      notify: 'always',
      cause: context.requestId,
    });
    if (outcome.kind !== 'completed') throw outcomeProblem(outcome, OPERATIONS.status);
    return outcome.answer.status;
  }
}
