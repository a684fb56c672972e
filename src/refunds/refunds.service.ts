import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import { PaymentInquiry } from '../payments/payment.inquiry.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import type { RefundRequest } from './refund-request.js';
import { PaymentNotAccepted } from './refund.ledger.js';
import { RefundOperation } from './refund.operation.js';

/** refund (SPEC §1). */
@Injectable()
export class RefundsService {
  constructor(
    private readonly executor: OperationExecutor,
    private readonly operation: RefundOperation,
    private readonly inquiry: PaymentInquiry,
  ) {}

  /** Before it refuses a payment that is not ACCEPTED, the gateway queries the external once (SPEC §3). */
  async refund(
    provider: ExternalProvider,
    body: RefundRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    const request = { provider, input: body, context };
    try {
      return await this.executor.execute(this.operation, request);
    } catch (error) {
      if (!(error instanceof PaymentNotAccepted)) throw error;
      await this.inquiry.inquire(provider, { paymentId: body.paymentId }, context, {
        source: 'check',
        notify: 'on-change',
        cause: context.requestId,
      });
      return this.executor.execute(this.operation, request);
    }
  }
}
