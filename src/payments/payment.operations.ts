import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import type { LedgerRefs } from '../operations/operation-request.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import type { OperationRow } from '../operations/operation.table.js';
import { Store, type Trx } from '../persistence/store.js';
import type { PayAnswer } from '../providers/answers.js';
import type { CallContext, ExternalProvider, StatusQuestion } from '../providers/external-provider.js';
import type { ChangingOperation } from '../providers/operation.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { newIdentifier } from '../shared/identifier.js';
import type { PaymentFields } from './payment-requests.js';
import { isOpen, resultOfStatus, stateOfResult } from './payment-state.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { PaymentLedger } from './payment.ledger.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentOrigin } from './payment.table.js';

/** One operation that makes a payment. */
export interface PaymentOperation<Answer extends object> {
  readonly operation: ChangingOperation;
  readonly origin: PaymentOrigin;
  readonly body: PaymentFields & { readonly amount: number };
  readonly subscriptionToken?: string;
  call(provider: ExternalProvider, context: CallContext): Promise<ProviderOutcome<Answer>>;
  /** The operation's own answer, made of what the external's status tells after an unknown outcome; undefined: it cannot be. */
  recover(known: Pick<PayAnswer, 'result' | 'paymentId' | 'metadata'>): Answer | undefined;
  /** Ids of further rows, as in `OperationRequest`. */
  refs?(atMs: number): LedgerRefs;
  /** Further rows of transaction A. */
  open?(trx: Trx, operation: OperationRow): Promise<void>;
}

/** Runs every operation that makes a payment, of whichever room, through the executor and the payment ledger. */
@Injectable()
export class PaymentOperations {
  constructor(
    private readonly executor: OperationExecutor,
    private readonly ledger: PaymentLedger,
    private readonly payments: PaymentRepository,
    private readonly inquiry: PaymentInquiry,
    private readonly store: Store,
  ) {}

  execute<Answer extends object>(
    provider: ExternalProvider,
    context: CallerContext,
    payment: PaymentOperation<Answer>,
  ): Promise<OperationAnswer> {
    const { operation, origin, body } = payment;
    return this.executor.execute<Answer>({
      operation,
      provider,
      context,
      refs: (atMs) => ({ ...payment.refs?.(atMs), paymentRef: newIdentifier('pay', atMs) }),
      identity: body,
      open: async (trx, row) => {
        await this.ledger.open(trx, row, {
          origin,
          shopTransactionId: body.shopTransactionId,
          amountMinor: body.amount,
          currency: body.currency,
          ...(payment.subscriptionToken !== undefined && { subscriptionToken: payment.subscriptionToken }),
          guardDuplicates: provider.config.duplicatePayments === 'refuse',
          deadlineAtMs: row.created_at + provider.config.timeoutMs,
        });
        await payment.open?.(trx, row);
      },
      call: (callContext) => payment.call(provider, callContext),
      inquire: (row, callContext) => this.#inquire(provider, row, callContext, payment),
    });
  }

  /** After an unknown outcome: what the ledger has learned since, else what the external says now. */
  async #inquire<Answer extends object>(
    provider: ExternalProvider,
    operation: OperationRow,
    context: CallContext,
    payment: PaymentOperation<Answer>,
  ): Promise<Answer | undefined> {
    const row = await this.store.read((db) => this.payments.find(db, operation.payment_ref!));
    if (!row) return undefined;
    if (row.payment_id !== null && !isOpen(row.state)) {
      const result = row.state === stateOfResult('OK') ? 'OK' : 'KO';
      return payment.recover({ result, paymentId: row.payment_id });
    }
    const question: StatusQuestion | undefined =
      row.payment_id !== null
        ? { paymentId: row.payment_id }
        : provider.config.statusByShopTransactionId && row.shop_transaction_id !== null
          ? { shopTransactionId: row.shop_transaction_id }
          : undefined;
    if (!question) return undefined;
    const outcome = await this.inquiry.ask(provider, question, context, {
      source: 'reconciliation',
      notify: 'on-change',
      cause: operation.id,
    });
    // By shopTransactionId the external may have spoken of another payment: one that failed before, or one more that was allowed.
    if (outcome.kind !== 'completed' || outcome.answer.paymentRef !== row.id) return undefined;
    const { status, paymentId, metadata } = outcome.answer.status;
    return payment.recover({
      result: resultOfStatus(status),
      paymentId,
      ...(metadata !== undefined && { metadata }),
    });
  }
}
