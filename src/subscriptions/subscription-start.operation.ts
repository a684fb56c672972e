import { Injectable } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import type { LedgerEndEntry, LedgerEntry } from '../operations/operation.journal.js';
import type { LedgerRefs, OperationRequest } from '../operations/operation.js';
import type { OperationRow } from '../operations/operation.table.js';
import { PaymentInquiry } from '../payments/payment.inquiry.js';
import { PaymentLedger } from '../payments/payment.ledger.js';
import { OrderRecovery } from '../payments/order.recovery.js';
import { PaymentOperation } from '../payments/payment.operation.js';
import type { Trx } from '../persistence/store.js';
import type { PaymentResult, SubscriptionPayAnswer } from '../providers/answers.js';
import { invalidAnswer, type ProviderOutcome, type Unknown } from '../providers/provider-outcome.js';
import { newIdentifier } from '../shared/identifier.js';
import type { SubscriptionStartRequest } from './subscription-requests.js';
import type { SubscriptionState } from './subscription-state.js';
import { SubscriptionLedger } from './subscription.ledger.js';

const STATE_OF_RESULT: Readonly<Record<PaymentResult, SubscriptionState>> = {
  OK: 'ACTIVE',
  KO: 'FAILED',
  PENDING: 'PENDING',
  REDIRECT_TO_URL: 'PENDING',
};

/** The common part of schedule and start, which create a subscription and its first payment. */
@Injectable()
export abstract class SubscriptionStartOperation extends PaymentOperation<
  SubscriptionStartRequest,
  SubscriptionPayAnswer
> {
  readonly origin = 'subscription';

  constructor(
    payments: PaymentLedger,
    inquiry: PaymentInquiry,
    orders: OrderRecovery,
    private readonly subscriptions: SubscriptionLedger,
  ) {
    super(payments, inquiry, orders);
  }

  override refs(request: OperationRequest<SubscriptionStartRequest>, atMs: number): LedgerRefs {
    return { ...super.refs(request, atMs), subscriptionRef: newIdentifier('sub', atMs) };
  }

  override async open(
    trx: Trx,
    row: OperationRow,
    request: OperationRequest<SubscriptionStartRequest>,
  ): Promise<void> {
    await super.open(trx, row, request);
    await this.subscriptions.open(trx, row, request.input);
  }

  override openEntry(row: OperationRow, request: OperationRequest<SubscriptionStartRequest>): LedgerEntry {
    return this.subscriptions.openEntry(super.openEntry(row, request), row, request.input);
  }

  override settleEntry(
    row: OperationRow,
    outcome: ProviderOutcome<SubscriptionPayAnswer>,
    external: ExternalConfig | undefined,
  ): LedgerEndEntry | undefined {
    const payment = super.settleEntry(row, outcome, external);
    if (!payment) return undefined;
    if (outcome.kind === 'completed') {
      const { result, subscriptionToken } = outcome.answer;
      return this.subscriptions.startEntry(payment, row, STATE_OF_RESULT[result], subscriptionToken);
    }
    const [state, token] = stateAfter(outcome);
    return this.subscriptions.startEntry(payment, row, state, token);
  }

  override async settle(
    trx: Trx,
    row: OperationRow,
    outcome: ProviderOutcome<SubscriptionPayAnswer>,
    external: ExternalConfig | undefined,
  ): Promise<Unknown | undefined> {
    if (outcome.kind !== 'completed') {
      await super.settle(trx, row, outcome, external);
      const [state, token] = stateAfter(outcome);
      const own = (await this.subscriptions.claimIfTaken(trx, row, token)) ? undefined : token;
      await this.subscriptions.settle(trx, row, state, own);
      return undefined;
    }
    const { result, paymentId, subscriptionToken } = outcome.answer;
    if (result !== 'KO' && (await this.subscriptions.claimIfTaken(trx, row, subscriptionToken))) {
      // The payment may have its own id, by which it is queried.
      await this.settlePayment(trx, row, { state: 'UNKNOWN', paymentId }, external);
      await this.subscriptions.settle(trx, row, 'UNKNOWN');
      return invalidAnswer('The external answered with a subscriptionToken that belongs to another order.');
    }
    const contradiction = await super.settle(trx, row, outcome, external);
    const state = contradiction ? 'UNKNOWN' : STATE_OF_RESULT[result];
    await this.subscriptions.settle(trx, row, state, subscriptionToken);
    return contradiction;
  }

  /** A payment's status does not contain the token, and a subscription without its token cannot be used. */
  protected answerOf(known: SubscriptionPayAnswer): SubscriptionPayAnswer | undefined {
    return known.result === 'KO' ? known : undefined;
  }
}

/** Without a valid answer: the state of the subscription, and the token if the external has named one. */
function stateAfter(
  outcome: Exclude<ProviderOutcome<never>, { kind: 'completed' }>,
): [SubscriptionState, token: string | undefined] {
  return outcome.kind === 'unknown' ? ['UNKNOWN', outcome.ids?.subscriptionToken] : ['FAILED', undefined];
}
