import { Injectable } from '@nestjs/common';
import type { OperationAnswer } from '../http/http-answer.js';
import { OperationExecutor } from '../operations/operation.executor.js';
import type { Operation, OperationRequest } from '../operations/operation.js';
import { Store } from '../persistence/store.js';
import { DuplicatePaymentProblem } from './duplicate-payment.js';
import { PaymentInquiry, statusQueryOf } from './payment.inquiry.js';
import { PaymentRepository } from './payment.repository.js';

/** Executes operations that create a payment. */
@Injectable()
export class PaymentCreation {
  constructor(
    private readonly executor: OperationExecutor,
    private readonly inquiry: PaymentInquiry,
    private readonly payments: PaymentRepository,
    private readonly store: Store,
  ) {}

  /**
   * Before it refuses a second payment of an order because the first is PENDING, the gateway queries the external about
   * the first: a checkout that was abandoned and has failed meanwhile does not block the order (SPEC §3). Not for a
   * repeat of the very request that made the first, as a proxy sends it: that must not be executed again.
   */
  execute<Input, Answer extends object>(
    operation: Operation<Input, Answer>,
    request: OperationRequest<Input>,
  ): Promise<OperationAnswer> {
    return this.executor.execute(operation, request, async (refusal) => {
      if (!(refusal instanceof DuplicatePaymentProblem)) return false;
      const { first, outcome } = refusal;
      if (first?.state !== 'PENDING' || outcome !== 'not-executed') return false;
      return !(await this.#isStillPending(first.id, request));
    });
  }

  async #isStillPending(id: string, { provider, context }: OperationRequest<unknown>): Promise<boolean> {
    const row = await this.store.read((db) => this.payments.find(db, id));
    if (row?.state !== 'PENDING') return false;
    const query = statusQueryOf(row, provider.config);
    if (!query) return true;
    const { requestId, traceparent } = context;
    const outcome = await this.inquiry.inquire(
      provider,
      query,
      { requestId, traceparent },
      {
        source: 'check',
        by: 'order',
        notify: 'on-change',
        cause: requestId,
        ...('shopTransactionId' in query && { about: row }),
      },
    );
    return outcome.kind !== 'completed' || outcome.answer.status.status === 'PENDING';
  }
}
