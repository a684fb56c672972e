import { Injectable } from '@nestjs/common';
import { LedgerRestore, type Recovery } from '../operations/ledger.restore.js';
import { END_ALONE, type LedgerEndEntry, type LedgerEntry } from '../operations/operation.journal.js';
import type { LedgerRefs, Operation, OperationRequest } from '../operations/operation.js';
import type { OperationRow } from '../operations/operation.table.js';
import { Store, type Trx } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import type { CancelAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import type { CancelRequest } from './payment-requests.js';
import { isOpen } from './payment-state.js';
import { PaymentIdentity } from './payment.identity.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { cancelBegin, cancelEnd } from './payment.journal.js';
import { PaymentLedger } from './payment.ledger.js';
import { PaymentRepository } from './payment.repository.js';

/** cancel (SPEC §1). A payment that the gateway does not know is passed through. */
@Injectable()
export class CancelOperation implements Operation<CancelRequest, CancelAnswer> {
  readonly name = 'cancel';

  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly payment: PaymentIdentity,
    private readonly ledger: PaymentLedger,
    private readonly inquiry: PaymentInquiry,
    private readonly clock: Clock,
    private readonly restore: LedgerRestore,
  ) {}

  identity(body: CancelRequest): CancelRequest {
    return body;
  }

  /** The status of the payment at the external says whether it was cancelled: `open` decides by it. */
  async assertNotExecuted(
    { provider, input: { paymentId }, context }: OperationRequest<CancelRequest>,
    recovery: Recovery,
  ): Promise<void> {
    const outcome = await this.inquiry.inquire(provider, { paymentId }, context, {
      source: 'check',
      by: 'recovery',
      notify: 'on-change',
      cause: context.requestId,
    });
    if (outcome.kind === 'completed') return;
    throw this.restore.refusal(
      provider.config.name,
      recovery,
      'The external did not answer about this payment.',
    );
  }

  async refs({ provider, input }: OperationRequest<CancelRequest>): Promise<LedgerRefs> {
    const row = await this.store.read((db) =>
      this.payments.findByPaymentId(db, provider.config.name, input.paymentId),
    );
    return row ? { paymentRef: row.id } : {};
  }

  /** @throws Problem `payment-not-pending` (SPEC §3) */
  async open(
    trx: Trx,
    { external }: OperationRow,
    { input: { paymentId } }: OperationRequest<CancelRequest>,
  ): Promise<void> {
    const payment = await this.payment.find(trx, external, paymentId);
    if (!payment || payment.state === 'PENDING') return;
    throw new Problem('payment-not-pending', `The payment is ${payment.state}, not PENDING.`, {
      outcome: 'not-executed',
      members: { paymentId, paymentStatus: payment.state },
    });
  }

  openEntry(
    { payment_ref }: OperationRow,
    { input }: OperationRequest<CancelRequest>,
  ): LedgerEntry | undefined {
    return payment_ref === null ? undefined : cancelBegin(input.paymentId);
  }

  call(
    { provider, input }: OperationRequest<CancelRequest>,
    context: CallContext,
  ): Promise<ProviderOutcome<CancelAnswer>> {
    return provider.cancel(input, context);
  }

  /** Only OK changes the payment; after any other answer, or none, its status is queried at once (SPEC §4). */
  async settle(trx: Trx, row: OperationRow, outcome: ProviderOutcome<CancelAnswer>): Promise<void> {
    if (changesNothing(row, outcome)) return;
    if (isCanceled(outcome)) await this.ledger.cancel(trx, row);
    else await this.ledger.queryAtOnce(trx, row);
  }

  /** The notification of a payment that is canceled needs its row. */
  settleEntry(row: OperationRow, outcome: ProviderOutcome<CancelAnswer>): LedgerEndEntry | undefined {
    if (changesNothing(row, outcome)) return END_ALONE;
    return isCanceled(outcome) ? undefined : cancelEnd(row.payment_ref!, this.clock.now());
  }

  /** A payment that has ended answers for the cancellation; one that has not may still be cancelled. */
  async inquire(
    row: OperationRow,
    { provider, input: { paymentId } }: OperationRequest<CancelRequest>,
    context: CallContext,
  ): Promise<CancelAnswer | undefined> {
    const known = await this.store.read((db) => this.payments.findByPaymentId(db, row.external, paymentId));
    if (known && !isOpen(known.state)) return { result: known.state === 'FAILED' ? 'OK' : 'KO' };
    const outcome = await this.inquiry.inquire(provider, { paymentId }, context, {
      source: 'reconciliation',
      by: 'cancel',
      notify: 'on-change',
      cause: row.id,
    });
    if (outcome.kind !== 'completed' || outcome.answer.status.status === 'PENDING') return undefined;
    return { result: outcome.answer.status.status === 'FAILED' ? 'OK' : 'KO' };
  }

  nameOf(db: Trx, row: OperationRow): Promise<Readonly<Record<string, string>>> {
    return this.ledger.nameOf(db, row);
  }
}

/** The gateway does not know the payment, or the external has received nothing. */
function changesNothing({ payment_ref }: OperationRow, { kind }: ProviderOutcome<CancelAnswer>): boolean {
  return payment_ref === null || kind === 'not-executed';
}

function isCanceled(outcome: ProviderOutcome<CancelAnswer>): boolean {
  return outcome.kind === 'completed' && outcome.answer.result === 'OK';
}
