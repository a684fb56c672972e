import { Injectable, Logger } from '@nestjs/common';
import { OperationRepository } from '../../operations/operation.repository.js';
import { Store } from '../../persistence/store.js';
import { RefundLedger } from '../../refunds/refund.ledger.js';
import { RefundRepository } from '../../refunds/refund.repository.js';
import { Clock } from '../../shared/clock.js';
import { notFound } from '../admin-parameters.js';
import { type RefundRecord, refundRecord } from '../records/refund-record.js';
import { causeOf, CHANGED_MEANWHILE, conflict, type Operator, STILL_RUNNING } from './operator.js';
import type { RefundResolutionRequest } from './resolution-requests.js';

/** Resolves a refund by hand: the contract has no query about refunds, so only the external's staff can tell its outcome. */
@Injectable()
export class RefundResolution {
  readonly #logger = new Logger(RefundResolution.name);

  constructor(
    private readonly store: Store,
    private readonly ledger: RefundLedger,
    private readonly refunds: RefundRepository,
    private readonly operations: OperationRepository,
    private readonly clock: Clock,
  ) {}

  /** Throws `not-found`, or `conflict` where there is nothing to settle. */
  async resolve(
    id: string,
    { status, reason }: RefundResolutionRequest,
    operator: Operator,
  ): Promise<RefundRecord> {
    const cause = causeOf(operator, reason);
    const row = await this.store.transaction(async (trx) => {
      const before = await this.refunds.find(trx, id);
      if (!before) throw notFound();
      if (before.state !== 'PENDING' && before.state !== 'UNKNOWN') {
        throw conflict(`The refund is ${before.state}: there is nothing to settle.`);
      }
      if (await this.operations.isRunning(trx, { refund_ref: id })) throw conflict(STILL_RUNNING);
      if (!(await this.ledger.move(trx, before, status, { source: 'operator', cause }))) {
        throw conflict(CHANGED_MEANWHILE);
      }
      if (status === 'KO')
        await this.operations.notExecuted(trx, { refund_ref: id }, 'operator', this.clock.now());
      return (await this.refunds.find(trx, id))!;
    });
    this.#logger.log({ refund: id, status, cause }, 'Refund resolved by hand');
    return refundRecord(row);
  }
}
