import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import { outcomeProblem } from '../operations/outcome-problem.js';
import { PaymentOperations } from '../payments/payment.operations.js';
import { Store, type Trx } from '../persistence/store.js';
import type {
  SubscriptionExpireAnswer,
  SubscriptionPayAnswer,
  SubscriptionUpdateAnswer,
} from '../providers/answers.js';
import type { CallContext, ExternalProvider } from '../providers/external-provider.js';
import { OPERATIONS } from '../providers/operation.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { newIdentifier } from '../shared/identifier.js';
import type {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from './subscription-requests.js';
import type { SubscriptionStatus } from './subscription-status.js';
import { SubscriptionLedger } from './subscription.ledger.js';
import { SubscriptionRepository } from './subscription.repository.js';

/** One change of a subscription that makes no payment. */
interface SubscriptionChange<Answer extends object> {
  readonly operation: 'subscription/update' | 'subscription/expire';
  readonly body?: SubscriptionUpdateRequest;
  call(context: CallContext): Promise<ProviderOutcome<Answer>>;
  inquire(context: CallContext): Promise<Answer | undefined>;
}

/** schedule, start, pay, update, status and expire (SPEC §1). */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly payments: PaymentOperations,
    private readonly executor: OperationExecutor,
    private readonly ledger: SubscriptionLedger,
    private readonly subscriptions: SubscriptionRepository,
    private readonly store: Store,
  ) {}

  schedule(
    provider: ExternalProvider,
    body: SubscriptionStartRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.#begin(provider, body, context, 'subscription/schedule');
  }

  start(
    provider: ExternalProvider,
    body: SubscriptionStartRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.#begin(provider, body, context, 'subscription/start');
  }

  pay(
    provider: ExternalProvider,
    body: SubscriptionPayRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    const { token } = body.subscriptionInfo;
    return this.payments.execute<SubscriptionPayAnswer>(provider, context, {
      operation: 'subscription/pay',
      origin: 'subscription',
      body,
      subscriptionToken: token,
      call: async (external, callContext) =>
        withToken(await external.paySubscription(body, callContext), token),
      recover: (known) => ({ ...known, subscriptionToken: token }),
    });
  }

  update(
    provider: ExternalProvider,
    token: string,
    body: SubscriptionUpdateRequest,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    return this.#change<SubscriptionUpdateAnswer>(provider, token, context, {
      operation: 'subscription/update',
      body,
      call: async (callContext) =>
        withToken(await provider.updateSubscription(token, body, callContext), token),
      // A subscription's status does not show whether its terms were changed.
      inquire: () => Promise.resolve(undefined),
    });
  }

  expire(provider: ExternalProvider, token: string, context: CallerContext): Promise<OperationAnswer> {
    return this.#change<SubscriptionExpireAnswer>(provider, token, context, {
      operation: 'subscription/expire',
      call: async (callContext) => withToken(await provider.expireSubscription(token, callContext), token),
      inquire: async (callContext) => {
        const outcome = await provider.subscriptionStatus(token, callContext);
        const ended =
          outcome.kind === 'completed' &&
          (outcome.answer.status === 'EXPIRED' || outcome.answer.status === 'CANCELED');
        return ended ? { result: 'OK', subscriptionToken: token } : undefined;
      },
    });
  }

  /** What the external says now. */
  async status(
    provider: ExternalProvider,
    token: string,
    context: CallerContext,
  ): Promise<SubscriptionStatus> {
    const outcome = await provider.subscriptionStatus(token, context);
    if (outcome.kind !== 'completed') throw outcomeProblem(outcome, OPERATIONS['subscription/status']);
    const { status, metadata } = outcome.answer;
    return {
      status,
      subscriptionToken: token,
      providerName: provider.config.name,
      ...(metadata !== undefined && { metadata }),
    };
  }

  #begin(
    provider: ExternalProvider,
    body: SubscriptionStartRequest,
    context: CallerContext,
    operation: 'subscription/schedule' | 'subscription/start',
  ): Promise<OperationAnswer> {
    return this.payments.execute<SubscriptionPayAnswer>(provider, context, {
      operation,
      origin: 'subscription',
      body,
      refs: (atMs) => ({ subscriptionRef: newIdentifier('sub', atMs) }),
      call: (external, callContext) =>
        operation === 'subscription/schedule'
          ? external.scheduleSubscription(body, callContext)
          : external.startSubscription(body, callContext),
      // The status of a payment does not name the token, without which the subscription cannot be used.
      recover: (known) => (known.result === 'KO' ? known : undefined),
      open: (trx: Trx, row) => this.ledger.open(trx, row, body),
    });
  }

  async #change<Answer extends object>(
    provider: ExternalProvider,
    token: string,
    context: CallerContext,
    change: SubscriptionChange<Answer>,
  ): Promise<OperationAnswer> {
    const known = await this.store.read((db) =>
      this.subscriptions.findByToken(db, provider.config.name, token),
    );
    return this.executor.execute<Answer>({
      operation: change.operation,
      provider,
      context,
      refs: () => (known ? { subscriptionRef: known.id } : {}),
      identity: { token, body: change.body ?? null },
      open: () => Promise.resolve(),
      call: (callContext) => change.call(callContext),
      inquire: (_operation, callContext) => change.inquire(callContext),
    });
  }
}

/** Fills in the token where the external left it out. */
function withToken<Answer extends { subscriptionToken?: string }>(
  outcome: ProviderOutcome<Answer>,
  token: string,
): ProviderOutcome<Answer> {
  if (outcome.kind !== 'completed') return outcome;
  return {
    kind: 'completed',
    answer: { ...outcome.answer, subscriptionToken: outcome.answer.subscriptionToken ?? token },
  };
}
