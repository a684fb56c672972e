import { Injectable } from '@nestjs/common';
import type { OperationRequest } from '../operations/operation.js';
import type { SubscriptionPayAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { SubscriptionStartRequest } from './subscription-requests.js';
import { SubscriptionStartOperation } from './subscription-start.operation.js';

/** subscription/start (SPEC §1). */
@Injectable()
export class StartSubscriptionOperation extends SubscriptionStartOperation {
  readonly name = 'subscription/start';

  call(
    { provider, input }: OperationRequest<SubscriptionStartRequest>,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionPayAnswer>> {
    return provider.startSubscription(input, context);
  }
}
