import { Injectable } from '@nestjs/common';
import type { OperationRequest } from '../operations/operation.js';
import type { PayAnswer, PayByLinkAnswer, PaymentResult } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { PayRequest } from './payment-requests.js';
import { type PaymentState, stateOfResult } from './payment-state.js';
import { PaymentOperation } from './payment.operation.js';

/** pay-by-link (SPEC §1). */
@Injectable()
export class PayByLinkOperation extends PaymentOperation<PayRequest, PayByLinkAnswer> {
  readonly name = 'pay-by-link';
  readonly origin = 'pay-by-link';

  call(
    { provider, input }: OperationRequest<PayRequest>,
    context: CallContext,
  ): Promise<ProviderOutcome<PayByLinkAnswer>> {
    return provider.payByLink(input, context);
  }

  /** A status answer does not contain the link, and a payment without its link cannot be paid. */
  protected answerOf({ result, paymentId }: PayAnswer): PayByLinkAnswer | undefined {
    return result === 'KO' ? { result, paymentId: paymentId! } : undefined;
  }

  /** A payment is PENDING after its link is created. */
  protected override stateOf(result: PaymentResult): PaymentState {
    return result === 'OK' ? 'PENDING' : stateOfResult(result);
  }
}
