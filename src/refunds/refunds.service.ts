import { Injectable } from '@nestjs/common';
import { OPERATIONS } from '../config/external-operation.js';
import type { CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import { outcomeProblem } from '../operations/outcome-problem.js';
import { PaymentInquiry } from '../payments/payment.inquiry.js';
import { Store } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import type { RefundStatusAnswer } from '../providers/answers.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { invalidAnswer, type ProviderOutcome } from '../providers/provider-outcome.js';
import { PaymentNotAccepted } from './refund-refusals.js';
import { type RefundStatus, refundStatus } from './refund-status.js';
import { RefundInquiry } from './refund.inquiry.js';
import { RefundLedger } from './refund.ledger.js';
import { RefundOperation, type RefundOrder } from './refund.operation.js';
import { RefundRepository } from './refund.repository.js';
import type { RefundRow } from './refund.table.js';

/** Names a refund by its id, and by its payment where the caller names that too. */
export interface RefundName {
  readonly refundId: string;
  readonly paymentId?: string | undefined;
}

/** refund and refund/status (SPEC §1). */
@Injectable()
export class RefundsService {
  constructor(
    private readonly executor: OperationExecutor,
    private readonly operation: RefundOperation,
    private readonly inquiry: PaymentInquiry,
    private readonly refundInquiry: RefundInquiry,
    private readonly refunds: RefundRepository,
    private readonly ledger: RefundLedger,
    private readonly store: Store,
  ) {}

  /** Before it refuses a payment that is not ACCEPTED, the gateway queries the external once (SPEC §3). */
  refund(provider: ExternalProvider, input: RefundOrder, context: CallerContext): Promise<OperationAnswer> {
    const { paymentId } = input.request;
    return this.executor.execute(this.operation, { provider, input, context }, async (refusal) => {
      if (!(refusal instanceof PaymentNotAccepted)) return false;
      await this.inquiry.inquire(provider, { paymentId }, context, {
        source: 'check',
        by: 'refund',
        notify: 'on-change',
        cause: context.requestId,
      });
      return true;
    });
  }

  /**
   * Queries the external and updates the ledger. The ledger answers where the external does not offer the query, or does
   * not know the refund.
   */
  async status(provider: ExternalProvider, name: RefundName, context: CallerContext): Promise<RefundStatus> {
    const { config } = provider;
    const question = await this.store.read(async (db) => {
      const row = await this.refunds.findByRefundId(db, config.name, name.refundId);
      return row && this.refundInquiry.prepare(db, row, config);
    });
    if (!question) return this.#statusOfUnknown(provider, name, context);
    const { row, query } = question;
    if (name.paymentId !== undefined && name.paymentId !== row.payment_id) throw notFound();
    if (!query) return this.#byLedger(row);
    let answer: RefundStatusAnswer | undefined;
    const outcome = await this.refundInquiry.inquire(provider, question, context, {
      source: 'check',
      notify: 'on-change',
      cause: context.requestId,
      onAnswer: (answered) => (answer = answered),
    });
    if (outcome.kind === 'completed') return this.#byLedger(outcome.answer, answer);
    if (isUnanswerable(outcome)) return this.#byLedger(row);
    throw outcomeProblem(outcome, OPERATIONS['refund/status']);
  }

  #byLedger(row: RefundRow, answer?: RefundStatusAnswer): Promise<RefundStatus> {
    return this.store.transaction((trx) => this.ledger.status(trx, row, answer));
  }

  /** The gateway has never seen the refund: what the external says is passed on, as for payments (SPEC §4). */
  async #statusOfUnknown(
    provider: ExternalProvider,
    { refundId, paymentId }: RefundName,
    context: CallerContext,
  ): Promise<RefundStatus> {
    const outcome = await provider.refundStatus({ paymentId, by: { refundId } }, context);
    if (outcome.kind !== 'completed') {
      if (isUnanswerable(outcome)) throw notFound();
      throw outcomeProblem(outcome, OPERATIONS['refund/status']);
    }
    const { answer } = outcome;
    const { status, shopTransactionId, amount, currency } = answer;
    const ofPayment = answer.paymentId ?? paymentId;
    if (ofPayment === undefined || amount === undefined || currency === undefined) {
      const incomplete = invalidAnswer(
        'The answer of the external has no paymentId, amount or currency, and the gateway does not know the refund.',
      );
      throw outcomeProblem(incomplete, OPERATIONS['refund/status']);
    }
    const known = {
      status,
      refundId,
      paymentId: ofPayment,
      ...(shopTransactionId !== undefined && { shopTransactionId }),
      amount,
      currency,
      providerName: provider.config.name,
    };
    return refundStatus(known, answer);
  }
}

/** The external offers no such query, or does not know the refund. */
function isUnanswerable(outcome: Exclude<ProviderOutcome<never>, { kind: 'completed' }>): boolean {
  return outcome.reason === 'not-supported' || outcome.reason === 'not-found';
}

function notFound(): Problem {
  return new Problem('refund-not-found', 'Neither the gateway nor the external knows this refund.');
}
