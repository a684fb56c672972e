import { Injectable } from '@nestjs/common';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { EventSource } from '../operations/ledger-event.table.js';
import type { OperationRow } from '../operations/operation.table.js';
import { PaymentRefundsRepository } from '../payments/payment-refunds.repository.js';
import { PaymentIdentity } from '../payments/payment.identity.js';
import { PaymentRepository } from '../payments/payment.repository.js';
import type { Trx } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import { Clock } from '../shared/clock.js';
import type { RefundRequest } from './refund-request.js';
import { RefundRepository } from './refund.repository.js';
import type { RefundRow, RefundState } from './refund.table.js';

/** The payment to refund is not ACCEPTED in the ledger: query the external once before refusing (SPEC §3). */
export class PaymentNotAccepted extends Problem {
  constructor() {
    super('refund-exceeds-payment', 'The payment is not accepted.', { outcome: 'not-executed' });
  }
}

/** From → to. KO releases the reservation: a later OK could refund more than was paid. */
const ALLOWED: Readonly<Record<RefundState, readonly RefundState[]>> = {
  PENDING: ['OK', 'KO', 'UNKNOWN'],
  UNKNOWN: ['PENDING', 'OK', 'KO'],
  KO: [],
  OK: [],
};

/**
 * The only writer of refunds: it reserves their amount before the call and releases it on KO (SPEC §4). The
 * exceptions are `PaymentRepository.absorb` and `PaymentRefundsRepository.linkRefunds`, which link refunds to the row of their payment.
 */
@Injectable()
export class RefundLedger {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly payments: PaymentRepository,
    private readonly identity: PaymentIdentity,
    private readonly refunded: PaymentRefundsRepository,
    private readonly events: LedgerEventRepository,
    private readonly clock: Clock,
  ) {}

  /** Transaction A: reserves, or refuses. The gateway cannot limit the refunds of a payment that it does not know. */
  async open(trx: Trx, operation: OperationRow, request: RefundRequest): Promise<void> {
    const payment = await this.identity.find(trx, operation.external, request.paymentId);
    if (payment) {
      if (payment.state !== 'ACCEPTED') throw new PaymentNotAccepted();
      if (payment.currency !== null && payment.currency !== request.currency) {
        throw exceeds(`The payment is in ${payment.currency}, not in ${request.currency}.`);
      }
      await this.refunded.linkRefunds(trx, payment, request.paymentId);
      if (!(await this.refunded.reserveRefund(trx, payment.id, request.amount))) {
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

  /** Transaction B: the answer of the call. A payment that has received its id meanwhile is found, and counts it. */
  async settle(trx: Trx, operation: OperationRow, state: RefundState): Promise<void> {
    let refund = await this.refunds.lock(trx, operation.refund_ref!);
    if (refund?.payment_ref === null) {
      const payment = await this.payments.findByPaymentId(trx, refund.external, refund.payment_id);
      if (payment) {
        await this.refunded.linkRefunds(trx, payment, refund.payment_id);
        refund = await this.refunds.lock(trx, refund.id);
      }
    }
    if (refund) await this.move(trx, refund, state, { source: 'call', cause: operation.id });
  }

  /** Changes the state to `to` if the state table allows it, releases the reservation on KO, and appends the event. */
  async move(
    trx: Trx,
    refund: RefundRow,
    to: RefundState,
    { source, cause }: { readonly source: EventSource; readonly cause: string },
  ): Promise<boolean> {
    if (!ALLOWED[refund.state].includes(to)) return false;
    const atMs = this.clock.now();
    const frees = to === 'KO' && refund.reserved === 1;
    const change = { state: to, reserved: frees ? (0 as const) : refund.reserved, atMs };
    if (!(await this.refunds.advance(trx, refund.id, refund.state, change))) return false;
    if (frees && refund.payment_ref !== null)
      await this.refunded.releaseRefund(trx, refund.payment_ref, refund.amount_minor);
    await this.events.append(trx, {
      external: refund.external,
      payment_ref: refund.payment_ref,
      refund_ref: refund.id,
      at: atMs,
      source,
      before: refund.state,
      after: to,
      cause,
    });
    return true;
  }
}

function exceeds(detail: string): Problem {
  return new Problem('refund-exceeds-payment', detail, { outcome: 'not-executed' });
}
