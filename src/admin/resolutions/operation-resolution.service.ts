import { Injectable, Logger } from '@nestjs/common';
import { LedgerEventRepository } from '../../operations/ledger-event.repository.js';
import type { OperationRow } from '../../operations/operation.table.js';
import { Store } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { notFound } from '../admin-parameters.js';
import { type OperationRecord, operationRecord } from '../records/operation-record.js';
import { causeOf, CHANGED_MEANWHILE, conflict, type Operator } from './operator.js';
import type { OperationResolutionRequest } from './resolution-requests.js';
import { UnsettledOperations } from './unsettled-operations.repository.js';

/** Settles by hand an operation that no payment and no refund stands for: an update or an expiry of a subscription. */
@Injectable()
export class OperationResolution {
  readonly #logger = new Logger(OperationResolution.name);

  constructor(
    private readonly store: Store,
    private readonly operations: UnsettledOperations,
    private readonly events: LedgerEventRepository,
    private readonly clock: Clock,
  ) {}

  /** Throws `not-found`, or `conflict` where it is not of unknown outcome, or is settled by its payment or refund. */
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
      const at = this.clock.now();
      if (!(await this.operations.settle(trx, id, outcome, at))) throw conflict(CHANGED_MEANWHILE);
      await this.events.append(trx, {
        external: before.external,
        subscription_ref: before.subscription_ref,
        at,
        source: 'operator',
        before: before.state,
        after: outcome,
        cause,
      });
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
