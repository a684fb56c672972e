import { Injectable } from '@nestjs/common';
import type { OperationRequest } from '../operations/operation.js';
import { PaymentOperation } from '../payments/payment.operation.js';
import type { PayAnswer, SubscriptionPayAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { SubscriptionPayRequest } from './subscription-requests.js';
import { withToken } from './subscription-token.js';

/** subscription/pay (SPEC §1). */
@Injectable()
export class PaySubscriptionOperation extends PaymentOperation<
  SubscriptionPayRequest,
  SubscriptionPayAnswer
> {
  readonly name = 'subscription/pay';
  readonly origin = 'subscription';

  async call(
    { provider, input }: OperationRequest<SubscriptionPayRequest>,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionPayAnswer>> {
    return withToken(await provider.paySubscription(input, context), input.subscriptionInfo.token);
  }

  protected answerOf(known: PayAnswer, { subscriptionInfo }: SubscriptionPayRequest): SubscriptionPayAnswer {
    return { ...known, subscriptionToken: subscriptionInfo.token };
  }

  protected override subscriptionTokenOf({ subscriptionInfo }: SubscriptionPayRequest): string {
    return subscriptionInfo.token;
  }
}
