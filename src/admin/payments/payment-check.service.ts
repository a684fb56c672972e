import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit.log.js';
import type { Operator } from '../../audit/operator.js';
import { outcomeProblem } from '../../operations/outcome-problem.js';
import { PaymentInquiry, statusQueryOf } from '../../payments/payment.inquiry.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import { Store } from '../../persistence/store.js';
import type { ExternalProvider, StatusQuery } from '../../providers/external-provider.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { OPERATIONS } from '../../config/external-operation.js';
import { notFound } from '../admin-parameters.js';
import { type PaymentRecord, paymentRecord } from '../records/payment-record.js';
import { conflict } from '../resolutions/operator.js';

/** Checks a payment by the gateway's own id, as `/check` does by the external's. */
@Injectable()
export class PaymentCheck {
  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly registry: ExternalProviderRegistry,
    private readonly inquiry: PaymentInquiry,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Queries the external and queues a notification (SPEC §5).
   * @throws Problem of a status query; `not-found`; `conflict` if no query is possible
   */
  async check(id: string, operator: Operator): Promise<PaymentRecord> {
    const row = await this.#find(id);
    const provider = this.registry.get(row.external);
    if (!provider) throw conflict(`The external ${row.external} is not configured.`);
    const query = statusQueryOf(row, provider.config);
    if (!query)
      throw conflict(
        'The external’s paymentId is not known, and the external offers no status query by shopTransactionId.',
      );
    const act = { subject: id, external: row.external };
    await this.store.transaction((trx) => this.audit.begin(trx, operator, act));
    return this.audit.concluded(
      operator,
      act,
      () => this.#query(provider, query, operator),
      ({ state }) => ({ result: 'done', change: `${row.state} → ${state}` }),
    );
  }

  async #query(provider: ExternalProvider, query: StatusQuery, operator: Operator): Promise<PaymentRecord> {
    const { requestId, traceparent, name } = operator;
    const outcome = await this.inquiry.inquire(
      provider,
      query,
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
