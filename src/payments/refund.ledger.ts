import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Problem } from '../problems/problem.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import { OperationLedgers } from '../operations/operation-ledgers.js';
import type { OperationLedger } from '../operations/operation-request.js';
import type { OperationRow } from '../operations/operation.table.js';
import type { Trx } from '../persistence/store.js';
import type { RefundAnswer } from '../providers/answers.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import type { RefundRequest } from './payment-requests.js';
import { PaymentRepository } from './payment.repository.js';
import { RefundRepository } from './refund.repository.js';
import type { RefundRow, RefundState } from './refund.table.js';

/** The payment to refund is not ACCEPTED as far as the ledger knows: ask the external once more (SPEC §3). */
export class PaymentNotAccepted extends Problem {
  constructor() {
    super('refund-exceeds-payment', 'The payment is not accepted.', { outcome: 'not-executed' });
  }
}

/** From → to. A KO has freed the reservation: to let it come through after all could refund more than was paid. */
const ALLOWED: Readonly<Record<RefundState, readonly RefundState[]>> = {
  PENDING: ['OK', 'KO', 'UNKNOWN'],
  UNKNOWN: ['PENDING', 'OK', 'KO'],
  KO: [],
  OK: [],
};

/** Books of refunds: reserved before they are sent, freed by a KO (SPEC §4). */
@Injectable()
export class RefundLedger implements OperationLedger, OnModuleInit {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly payments: PaymentRepository,
    private readonly events: LedgerEventRepository,
    private readonly ledgers: OperationLedgers,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.ledgers.register(['refund'], this);
  }

  /** Transaction A: the reservation, or the refusal. A payment that the gateway has never seen is not limited by it. */
  async open(trx: Trx, operation: OperationRow, request: RefundRequest): Promise<void> {
    const payment = await this.payments.findByPaymentId(trx, operation.external, request.paymentId);
    if (payment) {
      if (payment.state !== 'ACCEPTED') throw new PaymentNotAccepted();
      if (payment.currency !== null && payment.currency !== request.currency) {
        throw exceeds(`The payment is in ${payment.currency}, not in ${request.currency}.`);
      }
      if (!(await this.payments.reserveRefund(trx, payment.id, request.amount))) {
        throw exceeds('The refunds of this payment would exceed its amount.');
      }
    }
    await this.refunds.insert(trx, {
      id: operation.refund_ref!,
      payment_ref: payment?.id ?? null,
      external: operation.external,
      caller: operation.caller,
      payment_id: request.paymentId,
      amount_minor: request.amount,
      currency: request.currency,
      state: 'PENDING',
      reserved: payment ? 1 : 0,
      created_at: operation.created_at,
      updated_at: operation.created_at,
    });
  }

  async settle(trx: Trx, operation: OperationRow, outcome: ProviderOutcome<object>): Promise<void> {
    const refund = await this.refunds.find(trx, operation.refund_ref!);
    if (!refund) return;
    await this.advance(trx, refund, stateAfter(outcome), { source: 'call', cause: operation.id });
  }

  /** Moves a refund by its state table; false when its state does not allow it. */
  async advance(
    trx: Trx,
    refund: RefundRow,
    state: RefundState,
    by: { readonly source: 'call' | 'reconciliation' | 'operator'; readonly cause: string | null },
  ): Promise<boolean> {
    if (!ALLOWED[refund.state].includes(state)) return false;
    const now = this.clock.now();
    const frees = state === 'KO' && refund.reserved === 1;
    const to = { state, reserved: frees ? (0 as const) : refund.reserved, atMs: now };
    if (!(await this.refunds.advance(trx, refund.id, [refund.state], to))) return false;
    if (frees && refund.payment_ref !== null) {
      await this.payments.releaseRefund(trx, refund.payment_ref, refund.amount_minor);
    }
    await this.events.append(trx, {
      external: refund.external,
      payment_ref: refund.payment_ref,
      refund_ref: refund.id,
      at: now,
      source: by.source,
      before: refund.state,
      after: state,
      cause: by.cause,
    });
    return true;
  }
}

function stateAfter(outcome: ProviderOutcome<object>): RefundState {
  switch (outcome.kind) {
    case 'completed':
      return (outcome.answer as RefundAnswer).result;
    case 'rejected':
    case 'not-executed':
      return 'KO';
    case 'unknown':
      return 'UNKNOWN';
    default:
      return outcome satisfies never;
  }
}

function exceeds(detail: string): Problem {
  return new Problem('refund-exceeds-payment', detail, { outcome: 'not-executed' });
}
