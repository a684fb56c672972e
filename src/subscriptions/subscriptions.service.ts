import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import { PaymentCreation } from '../payments/payment.creation.js';
import { outcomeProblem } from '../operations/outcome-problem.js';
import { Store } from '../persistence/store.js';
import type { SubscriptionStatusName } from '../providers/answers.js';
import type { ExpiryQuery, ExternalProvider } from '../providers/external-provider.js';
import { OPERATIONS } from '../config/external-operation.js';
import { ExpireSubscriptionOperation } from './expire-subscription.operation.js';
import { PaySubscriptionOperation } from './pay-subscription.operation.js';
import { ScheduleSubscriptionOperation } from './schedule-subscription.operation.js';
import { StartSubscriptionOperation } from './start-subscription.operation.js';
import { reportedSubscriptionStatus } from './subscription-state.js';
import { SubscriptionRepository } from './subscription.repository.js';
import type {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from './subscription-requests.js';
import type { SubscriptionStatus } from './subscription-status.js';
import { UpdateSubscriptionOperation } from './update-subscription.operation.js';

/** schedule, start, pay, update, status and expire (SPEC §1). */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly executor: OperationExecutor,
    private readonly creation: PaymentCreation,
    private readonly scheduleOperation: ScheduleSubscriptionOperation,
    private readonly startOperation: StartSubscriptionOperation,
    private readonly payOperation: PaySubscriptionOperation,
    private readonly updateOperation: UpdateSubscriptionOperation,
    private readonly expireOperation: ExpireSubscriptionOperation,
    private readonly subscriptions: SubscriptionRepository,
    private readonly store: Store,
  ) {}

  schedule(
    provider: ExternalProvider,
    body: SubscriptionStartRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.creation.execute(this.scheduleOperation, { provider, input: body, context });
  }

  start(
    provider: ExternalProvider,
    body: SubscriptionStartRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.creation.execute(this.startOperation, { provider, input: body, context });
  }

  pay(
    provider: ExternalProvider,
    body: SubscriptionPayRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.creation.execute(this.payOperation, { provider, input: body, context });
  }

  update(
    provider: ExternalProvider,
    token: string,
    body: SubscriptionUpdateRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.executor.execute(this.updateOperation, { provider, input: { token, body }, context });
  }

  expire(
    provider: ExternalProvider,
    token: string,
    query: ExpiryQuery | undefined,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.executor.execute(this.expireOperation, { provider, input: { token, query }, context });
  }

  /** Queries the external; changes nothing in the ledger. One that was removed is answered for by the ledger. */
  async status(
    provider: ExternalProvider,
    token: string,
    context: CallerContext,
  ): Promise<SubscriptionStatus> {
    const known = { subscriptionToken: token, providerName: provider.config.name };
    const outcome = await provider.subscriptionStatus(token, context);
    if (outcome.kind === 'completed') {
      const { status, metadata } = outcome.answer;
      return { status, ...known, ...(metadata !== undefined && { metadata }) };
    }
    const status = outcome.reason === 'no-external' ? await this.#inLedger(known) : undefined;
    if (status === undefined) throw outcomeProblem(outcome, OPERATIONS['subscription/status']);
    return { status, ...known };
  }

  /** Undefined where the ledger does not have the subscription, or knows that it was never started. */
  async #inLedger({
    providerName,
    subscriptionToken,
  }: Pick<SubscriptionStatus, 'providerName' | 'subscriptionToken'>): Promise<
    SubscriptionStatusName | undefined
  > {
    const row = await this.store.read((db) =>
      this.subscriptions.findByToken(db, providerName, subscriptionToken),
    );
    return row && reportedSubscriptionStatus(row.state);
  }
}
