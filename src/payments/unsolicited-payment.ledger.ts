import { Injectable } from '@nestjs/common';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { mayBecome } from './payment-state.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';
import { RefundRepository } from './refund.repository.js';

/** Payments that the external spoke of before the gateway knew whose they are (SPEC §5). */
@Injectable()
export class UnsolicitedPaymentLedger {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly refunds: RefundRepository,
    private readonly events: LedgerEventRepository,
    private readonly outbox: NotificationOutbox,
    private readonly clock: Clock,
  ) {}

  /**
   * The learned payment with this `paymentId`, if there is one, becomes part of `row`, which `trx` holds: all that happened to it
   * happened to `row`.
   */
  async absorb(trx: Trx, row: PaymentRow, paymentId: string): Promise<PaymentRow> {
    const learned = await this.payments.takeLearned(trx, row.external, paymentId);
    if (!learned) return row;
    await this.events.movePayment(trx, learned.id, row.id);
    await this.outbox.movePayment(trx, learned.id, row.id);
    await this.refunds.movePayment(trx, learned, row.id);
    await this.payments.takeOver(trx, row, learned);
    const linked = { ...row, payment_id: paymentId };
    if (!mayBecome(row.state, learned.state)) return linked;
    await this.payments.advance(trx, row.id, [row.state], {
      state: learned.state,
      atMs: this.clock.now(),
      nextAskAt: learned.next_ask_at,
      parkedAt: learned.parked_at,
    });
    return { ...linked, state: learned.state };
  }
}
