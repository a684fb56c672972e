import { Injectable } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import type { Recovery } from '../operations/ledger.restore.js';
import type { LedgerRefs, Operation, OperationRequest } from '../operations/operation.js';
import type { LedgerEndEntry, LedgerEntry } from '../operations/operation.journal.js';
import type { OperationRow } from '../operations/operation.table.js';
import type { Trx } from '../persistence/store.js';
import type { PayAnswer, PaymentResult } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import { type ChangingOperation, isOffered } from '../config/external-operation.js';
import { invalidAnswer, type ProviderOutcome, type Unknown } from '../providers/provider-outcome.js';
import { newIdentifier } from '../shared/identifier.js';
import type { PaymentFields } from './payment-requests.js';
import { type PaymentState, stateOfResult } from './payment-state.js';
import { PaymentInquiry } from './payment.inquiry.js';
import type { DraftedOrder, PaymentDraft } from './payment-draft.js';
import { OrderRecovery } from './order.recovery.js';
import { type PaymentIds, PaymentLedger } from './payment.ledger.js';
import type { Checkout, PaymentOrigin } from './payment.table.js';

/** The common fields of the answers of operations that create a payment. */
interface PaymentAnswer {
  readonly result: PaymentResult;
  readonly paymentId?: string;
  readonly subscriptionToken?: string;
  readonly redirectToUrl?: string;
  readonly redirectToUrlMobile?: string;
  readonly link?: string;
}

/** What an outcome says about the payment. */
type AnsweredPayment = PaymentIds & { readonly state: PaymentState };

/** The common part of operations that create a payment: its row in the payment ledger. */
@Injectable()
export abstract class PaymentOperation<
  Body extends PaymentFields & { readonly amount: number },
  Answer extends PaymentAnswer,
> implements Operation<Body, Answer> {
  abstract readonly name: ChangingOperation;
  abstract readonly origin: PaymentOrigin;

  constructor(
    protected readonly payments: PaymentLedger,
    protected readonly inquiry: PaymentInquiry,
    private readonly orders: OrderRecovery,
  ) {}

  abstract call(request: OperationRequest<Body>, context: CallContext): Promise<ProviderOutcome<Answer>>;

  /**
   * Derives the answer from the payment's status after an unknown outcome; undefined if the status does not suffice.
   */
  protected abstract answerOf(
    known: Pick<PayAnswer, 'result' | 'paymentId' | 'metadata'>,
    body: Body,
  ): Answer | undefined;

  identity(body: Body): unknown {
    return body;
  }

  assertNotExecuted(request: OperationRequest<Body>, recovery: Recovery): Promise<void> {
    return this.orders.assertNotPaid(request, recovery);
  }

  assertUnpaid(db: Trx, request: OperationRequest<Body>): Promise<void> {
    const { caller, requestId: request_id } = request.context;
    const creating = { external: request.provider.config.name, caller, request_id, operation: this.name };
    return this.payments.assertUnpaid(db, creating, orderOf(request));
  }

  refs(_request: OperationRequest<Body>, atMs: number): LedgerRefs {
    return { paymentRef: newIdentifier('pay', atMs) };
  }

  openEntry(row: OperationRow, request: OperationRequest<Body>): LedgerEntry {
    return this.payments.openEntry(row, this.#draft(row, request));
  }

  async open(trx: Trx, row: OperationRow, request: OperationRequest<Body>): Promise<void> {
    await this.payments.open(trx, row, this.#draft(row, request));
  }

  #draft(row: OperationRow, { input, provider }: OperationRequest<Body>): PaymentDraft {
    return {
      ...orderOf({ input, provider }),
      origin: this.origin,
      amountMinor: input.amount,
      currency: input.currency,
      subscriptionToken: this.subscriptionTokenOf(input),
      deadlineAtMs: row.created_at + provider.config.timeoutMs,
    };
  }

  settleEntry(
    row: OperationRow,
    outcome: ProviderOutcome<Answer>,
    external: ExternalConfig | undefined,
  ): LedgerEndEntry | undefined {
    return this.payments.settleEntry(row, this.#answered(outcome), external);
  }

  async settle(
    trx: Trx,
    row: OperationRow,
    outcome: ProviderOutcome<Answer>,
    external: ExternalConfig | undefined,
  ): Promise<Unknown | undefined> {
    const contradiction = await this.settlePayment(trx, row, this.#answered(outcome), external);
    return outcome.kind === 'completed' ? contradiction : undefined;
  }

  #answered(outcome: ProviderOutcome<Answer>): AnsweredPayment {
    if (outcome.kind === 'completed') {
      const { result, paymentId, subscriptionToken } = outcome.answer;
      const checkout = checkoutOf(outcome.answer);
      return { state: this.stateOf(result), paymentId, subscriptionToken, checkout };
    }
    return outcome.kind === 'unknown' ? { state: 'UNKNOWN', ...outcome.ids } : { state: 'FAILED' };
  }

  /** Returns the outcome to record instead if the answered `paymentId` belongs to another payment. */
  protected async settlePayment(
    trx: Trx,
    row: OperationRow,
    answer: AnsweredPayment,
    external: ExternalConfig | undefined,
  ): Promise<Unknown | undefined> {
    const holder = await this.payments.settle(trx, row, answer, external);
    return holder && invalidAnswer('The external answered with a paymentId that belongs to another payment.');
  }

  reopen(trx: Trx, row: OperationRow, external: ExternalConfig | undefined): Promise<void> {
    return this.payments.reopen(trx, row, external);
  }

  async inquire(
    row: OperationRow,
    { provider, input }: OperationRequest<Body>,
    context: CallContext,
  ): Promise<Answer | undefined> {
    const known = await this.inquiry.resultOf(row, provider, context);
    return known && this.answerOf(known, input);
  }

  nameOf(db: Trx, row: OperationRow): Promise<Readonly<Record<string, string>>> {
    return this.payments.nameOf(db, row);
  }

  sendAgain(trx: Trx, row: OperationRow): Promise<void> {
    return this.payments.expectAgain(trx, row);
  }

  protected stateOf(result: PaymentResult): PaymentState {
    return stateOfResult(result);
  }

  /** The subscription that the payment belongs to, if the request names one. */
  protected subscriptionTokenOf(_body: Body): string | undefined {
    return undefined;
  }
}

function orderOf({
  input: { shopTransactionId },
  provider: { config },
}: Pick<OperationRequest<PaymentFields>, 'input' | 'provider'>): DraftedOrder {
  return {
    shopTransactionId,
    guardDuplicates: config.duplicatePayments === 'refuse',
    offersCancel: isOffered(config, 'cancel'),
  };
}

/** Where the answer sends the payer. */
function checkoutOf({ redirectToUrl, redirectToUrlMobile, link }: PaymentAnswer): string | undefined {
  const checkout: Checkout = {
    ...(redirectToUrl !== undefined && { redirectToUrl }),
    ...(redirectToUrlMobile !== undefined && { redirectToUrlMobile }),
    ...(link !== undefined && { link }),
  };
  return Object.keys(checkout).length === 0 ? undefined : JSON.stringify(checkout);
}
