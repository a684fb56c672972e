import { Injectable } from '@nestjs/common';
import { AuditLog, conclusionOf } from '../../audit/audit.log.js';
import type { Operator } from '../../audit/operator.js';
import type { CallerContext } from '../../http/caller-context.js';
import type { OperationAnswer } from '../../http/http-answer.js';
import { invalid } from '../../http/request-parameters.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import { PaymentsService } from '../../payments/payments.service.js';
import { Store } from '../../persistence/store.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { notFound } from '../admin-parameters.js';
import { conflict } from '../resolutions/operator.js';

/** Operators cancel a pending payment by the gateway's own id, as callers do by the external's. */
@Injectable()
export class PaymentCancel {
  constructor(
    private readonly store: Store,
    private readonly repository: PaymentRepository,
    private readonly registry: ExternalProviderRegistry,
    private readonly payments: PaymentsService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * The same execution as a caller's. The act is recorded before the external is called, and what came of it afterwards.
   * @throws Problem of a cancellation; `not-found`; `conflict` if the payment cannot be cancelled through the gateway
   */
  async cancel(
    id: string,
    reason: string,
    operator: Operator,
    context: CallerContext,
  ): Promise<OperationAnswer> {
    if (context.idempotencyKey === undefined)
      throw invalid(
        '/headers/idempotency-key',
        'is missing: a cancellation that is sent twice must not be executed twice',
      );
    const row = await this.store.read((db) => this.repository.find(db, id));
    if (!row) throw notFound();
    const provider = this.registry.get(row.external);
    if (!provider) throw conflict(`The external ${row.external} is not configured.`);
    if (row.payment_id === null) throw conflict('The external’s paymentId is not known.');
    const act = { subject: id, external: row.external, reason };
    const paymentId = row.payment_id;
    await this.store.transaction((trx) => this.audit.begin(trx, operator, act));
    return this.audit.concluded(
      operator,
      act,
      () => this.payments.cancel(provider, { paymentId }, context),
      conclusionOf,
    );
  }
}
