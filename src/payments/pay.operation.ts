import { Injectable } from '@nestjs/common';
import type { OperationRequest } from '../operations/operation.js';
import type { PayAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { PayRequest } from './payment-requests.js';
import { PaymentOperation } from './payment.operation.js';

/** pay (SPEC §1). */
@Injectable()
export class PayOperation extends PaymentOperation<PayRequest, PayAnswer> {
  readonly name = 'pay';
  readonly origin = 'pay';

  call(
    { provider, input }: OperationRequest<PayRequest>,
    context: CallContext,
  ): Promise<ProviderOutcome<PayAnswer>> {
    return provider.pay(input, context);
  }

  protected answerOf(known: PayAnswer): PayAnswer {
    return known;
  }
}
