import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit.log.js';
import type { Operator } from '../audit/operator.js';
import type { ExternalConfig } from '../config/external-config.js';
import { isOffered } from '../config/external-operation.js';
import { LedgerRestore, type Recovery } from '../operations/ledger.restore.js';
import type { LedgerEndEntry, LedgerEntry } from '../operations/operation.journal.js';
import type { LedgerRefs, Operation, OperationRequest } from '../operations/operation.js';
import type { OperationRow } from '../operations/operation.table.js';
import { PaymentRepository } from '../payments/payment.repository.js';
import { Store, type Trx } from '../persistence/store.js';
import type { RefundAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { newIdentifier } from '../shared/identifier.js';
import type { RefundRequest } from './refund-request.js';
import { RefundInquiry } from './refund.inquiry.js';
import { RefundLedger, type SettledRefund } from './refund.ledger.js';

/** A refund that a caller, or an operator, orders. */
export interface RefundOrder {
  readonly request: RefundRequest;
  /** Absent for a caller. */
  readonly order?: OperatorsOrder;
}

export interface OperatorsOrder {
  readonly operator: Operator;
  readonly reason: string;
  /** `pay_…` */
  readonly paymentRef: string;
  /** What refunds took of the payment when the operator decided, in minor units; undefined: whatever it is. */
  readonly expectedRefundedAmount: number | undefined;
  /** What the operator sent: a repeat must share it. The amount of a whole refund is computed anew for each. */
  readonly sent: object;
}

/** refund (SPEC §1). */
@Injectable()
export class RefundOperation implements Operation<RefundOrder, RefundAnswer> {
  readonly name = 'refund';
  /** Refunds whose own id was given while no outcome could be stored. After a crash, recovery gives the same. */
  readonly #namedUnstored = new Set<string>();

  constructor(
    private readonly refunds: RefundLedger,
    private readonly inquiry: RefundInquiry,
    private readonly audit: AuditLog,
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly restore: LedgerRestore,
  ) {}

  identity({ request, order }: RefundOrder): object {
    return order?.sent ?? request;
  }

  /** No external lists the refunds of a payment: only those of a payment that was made since the restore are known. */
  async assertNotExecuted(
    { provider: { config }, input: { request } }: OperationRequest<RefundOrder>,
    recovery: Recovery,
  ): Promise<void> {
    const payment = await this.store.read((db) =>
      this.payments.findByPaymentId(db, config.name, request.paymentId),
    );
    if (payment && payment.origin !== 'learned' && payment.created_at >= recovery.startedAt) return;
    throw this.restore.refusal(
      config.name,
      recovery,
      'This payment may have been refunded since, which the gateway cannot know.',
    );
  }

  refs(_request: OperationRequest<RefundOrder>, atMs: number): LedgerRefs {
    return { refundRef: newIdentifier('ref', atMs) };
  }

  openEntry(row: OperationRow, { input }: OperationRequest<RefundOrder>): LedgerEntry | undefined {
    return input.order ? undefined : this.refunds.openEntry(row, input.request);
  }

  async open(trx: Trx, row: OperationRow, { input }: OperationRequest<RefundOrder>): Promise<void> {
    const { request, order } = input;
    await this.refunds.open(trx, row, request, order);
    if (!order) return;
    const { external, refund_ref } = row;
    const change = `${refund_ref}: ${request.amount} ${request.currency} (minor units)`;
    const { operator, reason, paymentRef: subject } = order;
    await this.audit.begin(trx, operator, { subject, external, change, reason });
  }

  call(
    { provider, input }: OperationRequest<RefundOrder>,
    context: CallContext,
  ): Promise<ProviderOutcome<RefundAnswer>> {
    return provider.refund(input.request, context);
  }

  /** The outcome with the `refundId` in it, which the answer or the problem names. */
  async settle(
    trx: Trx,
    row: OperationRow,
    outcome: ProviderOutcome<RefundAnswer>,
    external: ExternalConfig | undefined,
  ): Promise<ProviderOutcome<RefundAnswer>> {
    if (this.#namedUnstored.has(row.refund_ref!)) {
      await this.refunds.giveOwn(trx, row);
      this.store.afterCommit(trx, () => this.#namedUnstored.delete(row.refund_ref!));
    }
    const refundId = await this.refunds.settle(trx, row, settledBy(outcome), isQueryable(external));
    return refundId === undefined ? outcome : withRefundId(outcome, refundId);
  }

  settleEntry(
    row: OperationRow,
    outcome: ProviderOutcome<RefundAnswer>,
    external: ExternalConfig | undefined,
  ): LedgerEndEntry | undefined {
    if (this.#namedUnstored.has(row.refund_ref!)) return undefined;
    const { refundId, ...entry } = this.refunds.settleEntry(row, settledBy(outcome), isQueryable(external));
    return { ...entry, recorded: withRefundId(outcome, refundId) };
  }

  nameUnstored({ refund_ref }: OperationRow): Readonly<Record<string, string>> {
    this.#namedUnstored.add(refund_ref!);
    return { refundId: refund_ref! };
  }

  reopen(trx: Trx, row: OperationRow, external: ExternalConfig | undefined): Promise<void> {
    return this.refunds.reopen(trx, row, isQueryable(external));
  }

  async nameOf(trx: Trx, row: OperationRow): Promise<Readonly<Record<string, string>>> {
    const refundId = await this.refunds.give(trx, row);
    return { ...(refundId !== undefined && { refundId }) };
  }

  async inquire(
    row: OperationRow,
    { provider }: OperationRequest<RefundOrder>,
    context: CallContext,
  ): Promise<RefundAnswer | undefined> {
    const state = await this.inquiry.stateOf(row, provider, context);
    return state === undefined || state === 'UNKNOWN' ? undefined : { result: state };
  }

  sendAgain(trx: Trx, row: OperationRow): Promise<void> {
    return this.refunds.expectAgain(trx, row);
  }
}

function isQueryable(external: ExternalConfig | undefined): boolean {
  return external !== undefined && isOffered(external, 'refund/status');
}

function withRefundId(
  outcome: ProviderOutcome<RefundAnswer>,
  refundId: string,
): ProviderOutcome<RefundAnswer> {
  if (outcome.kind === 'completed') return { ...outcome, answer: { ...outcome.answer, refundId } };
  return outcome.kind === 'unknown' ? { ...outcome, members: { refundId } } : outcome;
}

function settledBy(outcome: ProviderOutcome<RefundAnswer>): SettledRefund {
  switch (outcome.kind) {
    case 'completed':
      return { state: outcome.answer.result, externalId: outcome.answer.refundId };
    case 'rejected':
    case 'not-executed':
      return { state: 'KO', externalId: undefined };
    case 'unknown':
      return { state: 'UNKNOWN', externalId: outcome.ids?.refundId };
    default:
      return outcome satisfies never;
  }
}
