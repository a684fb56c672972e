import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import type { OperationRequest } from '../operations/operation-request.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import type { RefundAnswer } from '../providers/answers.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { newIdentifier } from '../shared/identifier.js';
import type { RefundRequest } from './payment-requests.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { PaymentNotAccepted, RefundLedger } from './refund.ledger.js';

/** refund (SPEC §1). */
@Injectable()
export class RefundsService {
  constructor(
    private readonly executor: OperationExecutor,
    private readonly ledger: RefundLedger,
    private readonly inquiry: PaymentInquiry,
  ) {}

  async refund(
    provider: ExternalProvider,
    body: RefundRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    const request = (): OperationRequest<RefundAnswer> => ({
      operation: 'refund',
      provider,
      context,
      refs: (atMs) => ({ refundRef: newIdentifier('ref', atMs) }),
      identity: body,
      open: (trx, operation) => this.ledger.open(trx, operation, body),
      call: (callContext) => provider.refund(body, callContext),
      // The contract has no question about a refund: what became of one, only the external's people can tell.
      inquire: () => Promise.resolve(undefined),
    });
    try {
      return await this.executor.execute(request());
    } catch (error) {
      if (!(error instanceof PaymentNotAccepted)) throw error;
      await this.inquiry.ask(provider, { paymentId: body.paymentId }, context, {
        source: 'check',
        notify: 'on-change',
        cause: context.requestId,
      });
      return this.executor.execute(request());
    }
  }
}
