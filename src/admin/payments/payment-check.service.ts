import { Injectable } from '@nestjs/common';
import { outcomeProblem } from '../../operations/outcome-problem.js';
import { PaymentInquiry } from '../../payments/payment.inquiry.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import { Store } from '../../persistence/store.js';
import type { ExternalProvider, StatusQuestion } from '../../providers/external-provider.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { OPERATIONS } from '../../providers/operation.js';
import { notFound } from '../admin-parameters.js';
import { type PaymentRecord, paymentRecord } from '../records/payment-record.js';
import { conflict, type Operator } from '../resolutions/operator.js';

/** Asks the external about a payment at once, as `/check` does, for whoever knows only the gateway's own id. */
@Injectable()
export class PaymentCheck {
  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly registry: ExternalProviderRegistry,
    private readonly inquiry: PaymentInquiry,
  ) {}

  /** Queues a notification (SPEC §5). Throws the problems of a status question; `not-found`; `conflict` where it cannot be put. */
  async check(id: string, operator: Operator): Promise<PaymentRecord> {
    const row = await this.#find(id);
    const provider = this.registry.get(row.external);
    if (!provider) throw conflict(`The external ${row.external} is not configured.`);
    const { requestId, traceparent, name } = operator;
    const outcome = await this.inquiry.ask(
      provider,
      questionAbout(row, provider),
      { requestId, traceparent },
      { source: 'check', notify: 'always', cause: `operator ${name}`.trim() },
    );
    if (outcome.kind !== 'completed') throw outcomeProblem(outcome, OPERATIONS.status);
    return paymentRecord(await this.#find(outcome.answer.paymentRef));
  }

  async #find(id: string): Promise<PaymentRow> {
    const row = await this.store.read((db) => this.payments.find(db, id));
    if (!row) throw notFound();
    return row;
  }
}

function questionAbout(row: PaymentRow, { config }: ExternalProvider): StatusQuestion {
  if (row.payment_id !== null) return { paymentId: row.payment_id };
  if (config.statusByShopTransactionId && row.shop_transaction_id !== null) {
    return { shopTransactionId: row.shop_transaction_id };
  }
  throw conflict('The external’s paymentId is not known, and it cannot be asked by shopTransactionId.');
}
