import { Injectable, Logger } from '@nestjs/common';
import type { RefundRow } from '../../payments/refund.table.js';
import { RefundLedger } from '../../payments/refund.ledger.js';
import { Store, type Trx } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { notFound } from '../admin-parameters.js';
import { type RefundRecord, refundRecord } from '../records/refund-record.js';
import { causeOf, CHANGED_MEANWHILE, conflict, type Operator, STILL_RUNNING } from './operator.js';
import type { RefundResolutionRequest } from './resolution-requests.js';
import { UnsettledOperations } from './unsettled-operations.repository.js';

/** Settles a refund by hand: the contract has no question about one, so what became of it only the external's people can tell. */
@Injectable()
export class RefundResolution {
  readonly #logger = new Logger(RefundResolution.name);

  constructor(
    private readonly store: Store,
    private readonly ledger: RefundLedger,
    private readonly operations: UnsettledOperations,
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
      const before = await find(trx, id);
      if (!before) throw notFound();
      if (before.state !== 'PENDING' && before.state !== 'UNKNOWN') {
        throw conflict(`The refund is ${before.state}: there is nothing to settle.`);
      }
      if (await this.operations.isRunning(trx, { refund_ref: id })) throw conflict(STILL_RUNNING);
      if (!(await this.ledger.advance(trx, before, status, { source: 'operator', cause }))) {
        throw conflict(CHANGED_MEANWHILE);
      }
      if (status === 'KO') await this.operations.notExecuted(trx, { refund_ref: id }, this.clock.now());
      return (await find(trx, id))!;
    });
    this.#logger.log({ refund: id, status, cause }, 'Refund resolved by hand');
    return refundRecord(row);
  }
}

function find(trx: Trx, id: string): Promise<RefundRow | undefined> {
  return trx.selectFrom('refunds').selectAll().where('id', '=', id).executeTakeFirst();
}
