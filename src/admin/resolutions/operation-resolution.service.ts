import { Injectable, Logger } from '@nestjs/common';
import { OperationRepository } from '../../operations/operation.repository.js';
import type { OperationRow } from '../../operations/operation.table.js';
import { Store } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { SubscriptionLedger } from '../../subscriptions/subscription.ledger.js';
import { notFound } from '../admin-parameters.js';
import { type OperationRecord, operationRecord } from '../records/operation-record.js';
import { causeOf, CHANGED_MEANWHILE, conflict, type Operator } from './operator.js';
import type { OperationResolutionRequest } from './resolution-requests.js';

/** Resolves by hand an operation without a payment or refund of its own: an update or an expiry of a subscription. */
@Injectable()
export class OperationResolution {
  readonly #logger = new Logger(OperationResolution.name);

  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly subscriptions: SubscriptionLedger,
    private readonly clock: Clock,
  ) {}

  /** Throws `not-found`, or `conflict` where its outcome is known, or where its payment or refund is to be resolved instead. */
  async resolve(
    id: string,
    { outcome, reason }: OperationResolutionRequest,
    operator: Operator,
  ): Promise<OperationRecord> {
    const cause = `${id}, ${causeOf(operator, reason)}`;
    const row = await this.store.transaction(async (trx) => {
      const before = await this.operations.find(trx, id);
      if (!before) throw notFound();
      assertUnsettled(before);
      const atMs = this.clock.now();
      if (!(await this.operations.resolve(trx, id, outcome, atMs))) throw conflict(CHANGED_MEANWHILE);
      await this.subscriptions.noteResolution(trx, before, outcome, cause, atMs);
      return (await this.operations.find(trx, id))!;
    });
    this.#logger.log({ operation: id, outcome, cause }, 'Operation resolved by hand');
    return operationRecord(row);
  }
}

function assertUnsettled({ state, payment_ref, refund_ref }: OperationRow): void {
  if (state !== 'unknown') throw conflict(`The operation is ${state}: there is nothing to settle.`);
  if (refund_ref !== null) throw conflict(`It is settled by its refund: resolve ${refund_ref}.`);
  if (payment_ref !== null) throw conflict(`It is settled by its payment: resolve ${payment_ref}.`);
}
