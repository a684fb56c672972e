import { Injectable } from '@nestjs/common';
import { AuditLog, conclusionOf } from '../../audit/audit.log.js';
import type { Operator } from '../../audit/operator.js';
import type { CallerContext } from '../../http/caller-context.js';
import type { OperationAnswer } from '../../http/http-answer.js';
import { invalid } from '../../http/request-parameters.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import { Store } from '../../persistence/store.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { RefundsService } from '../../refunds/refunds.service.js';
import { notFound } from '../admin-parameters.js';
import { conflict } from '../resolutions/operator.js';
import type { PaymentRefundRequest } from './payment-refund-request.js';

/** Operators refund a payment by the gateway's own id, whole or in part, as callers do by the external's. */
@Injectable()
export class PaymentRefund {
  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly registry: ExternalProviderRegistry,
    private readonly refunds: RefundsService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * The same execution as a caller's: idempotency, reservation, write-ahead, answer. The act is recorded in the audit
   * with the reservation, and what came of it afterwards.
   * @throws Problem of a refund; `not-found`; `conflict` if the payment cannot be refunded through the gateway
   */
  async refund(
    id: string,
    sent: PaymentRefundRequest,
    operator: Operator,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    if (context.idempotencyKey === undefined)
      throw invalid(
        '/headers/idempotency-key',
        'is missing: a refund that is sent twice must not be executed twice',
      );
    const row = await this.store.read((db) => this.payments.find(db, id));
    if (!row) throw notFound();
    const provider = this.registry.get(row.external);
    if (!provider) throw conflict(`The external ${row.external} is not configured.`);
    if (row.payment_id === null) throw conflict('The external’s paymentId is not known.');
    const { reason, providerData, expectedRefundedAmount } = sent;
    const currency = sent.currency ?? row.currency;
    const amount = sent.amount ?? restOf(row);
    if (currency === null) throw invalid('/currency', 'is missing: the gateway does not know it');
    if (amount === undefined)
      throw invalid('/amount', 'is missing: the gateway does not know the payment’s amount');
    const request = { amount, currency, paymentId: row.payment_id, ...(providerData && { providerData }) };
    const order = {
      operator,
      reason,
      paymentRef: id,
      expectedRefundedAmount,
      sent: { payment: id, ...sent },
    };
    return this.audit.concluded(
      operator,
      { subject: id, external: row.external, reason },
      () => this.refunds.refund(provider, { request, order }, context),
      conclusionOf,
    );
  }
}

/** What is left to refund. A payment that is refunded whole is refused by its whole amount, unless it is a repeat. */
function restOf({
  amount_minor,
  refunded_minor,
}: {
  readonly amount_minor: number | null;
  readonly refunded_minor: number;
}): number | undefined {
  if (amount_minor === null) return undefined;
  const rest = amount_minor - refunded_minor;
  return rest > 0 ? rest : amount_minor;
}
