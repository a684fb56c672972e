import { Injectable } from '@nestjs/common';
import { OperationRepository } from '../operations/operation.repository.js';
import type { OperationRow } from '../operations/operation.table.js';
import type { Trx } from '../persistence/store.js';
import { DuplicatePaymentProblem } from './duplicate-payment.js';
import type { DuplicatePayment } from './payment.repository.js';

/** A request that would make a payment. Without a fingerprint, one with the same `X-Request-Id` counts as the same. */
export type CreatingRequest = Pick<OperationRow, 'external' | 'caller' | 'operation' | 'request_id'> &
  Partial<Pick<OperationRow, 'fingerprint'>>;

/** What a request for a second payment of an order is answered. */
@Injectable()
export class DuplicatePayments {
  constructor(private readonly operations: OperationRepository) {}

  async problem(
    trx: Trx,
    request: CreatingRequest,
    first: DuplicatePayment | undefined,
    offersCancel: boolean,
  ): Promise<DuplicatePaymentProblem> {
    const maybeExecuted = first !== undefined && (await this.#maybeExecutes(trx, request, first));
    return new DuplicatePaymentProblem(first, {
      outcome: maybeExecuted ? 'unknown' : 'not-executed',
      isOwn: first?.caller === request.caller,
      offersCancel,
    });
  }

  /**
   * True if the caller of `request` must not conclude that nothing happens: the first payment is in flight, or a proxy
   * repeats the very request that made it and whose answer was lost.
   */
  async #maybeExecutes(trx: Trx, request: CreatingRequest, { id }: DuplicatePayment): Promise<boolean> {
    const first = await this.operations.findByPayment(trx, id);
    if (!first) return false;
    const sameRequest =
      first.request_id === request.request_id &&
      first.caller === request.caller &&
      first.operation === request.operation &&
      (request.fingerprint === undefined || first.fingerprint === request.fingerprint);
    return first.state === 'running' || sameRequest;
  }
}
