import { Injectable } from '@nestjs/common';
import { OperationAnswer } from '../http/http-answer.js';
import { isDatabaseError, Store } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { Fingerprints } from './fingerprint.js';
import { keyReused, notComparable, perhapsSent, stillRunning } from './operation-problems.js';
import type { Operation, OperationRequest } from './operation.js';
import { OperationRepository } from './operation.repository.js';
import { OperationSettler, type SendableOperation } from './operation.settler.js';
import type { OperationRow } from './operation.table.js';

/** An operation of unknown outcome must be sent again with its original key. */
export interface SendAgain {
  readonly sendAgain: SendableOperation;
}

/** Answers a request whose `Idempotency-Key` was used before, without executing anything twice (SPEC §4). */
@Injectable()
export class OperationRepeats {
  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly settler: OperationSettler,
    private readonly clock: Clock,
    private readonly fingerprints: Fingerprints,
  ) {}

  /**
   * `earlier` holds the key of `request`. Throws a `Problem` if the requests differ or no answer is stored.
   */
  async answer(
    operation: Operation,
    request: OperationRequest<unknown>,
    earlier: OperationRow,
  ): Promise<OperationAnswer | SendAgain> {
    try {
      await this.#assertSame(operation, request, earlier);
      return await this.#answer(operation, request, earlier);
    } catch (error) {
      // The first request may have been executed: the database failed before the repeat could find its outcome.
      throw isDatabaseError(error) ? perhapsSent(error) : error;
    }
  }

  async #assertSame(
    operation: Operation,
    { input }: OperationRequest<unknown>,
    earlier: OperationRow,
  ): Promise<void> {
    const comparison = await this.fingerprints.compare(earlier.fingerprint, operation.identity(input));
    if (comparison === 'different') throw keyReused();
    if (comparison === 'unknown') throw notComparable();
  }

  async #answer(
    operation: Operation,
    request: OperationRequest<unknown>,
    earlier: OperationRow,
  ): Promise<OperationAnswer | SendAgain> {
    if (earlier.state === 'running') {
      if (earlier.deadline_at > this.clock.now()) throw stillRunning();
      await this.settler.abandon(earlier);
      return this.#afterUnknown(operation, request, { ...earlier, state: 'unknown' });
    }
    if (earlier.state === 'unknown') return this.#afterUnknown(operation, request, earlier);
    return new OperationAnswer(earlier.answer_status!, earlier.answer_body!, true);
  }

  /**
   * Queries the external; else sends again if the external honours the key; else returns the stored error (SPEC §4).
   */
  async #afterUnknown(
    operation: Operation,
    request: OperationRequest<unknown>,
    earlier: OperationRow,
  ): Promise<OperationAnswer | SendAgain> {
    const { config } = request.provider;
    const row = { ...earlier, deadline_at: this.settler.deadlineOf(config, this.clock.now()) };
    const taken = await this.store.transaction((trx) => this.operations.resume(trx, row.id, row.deadline_at));
    if (!taken) throw stillRunning();
    const answer = await this.#inquire(operation, request, row);
    if (answer) {
      const outcome = { kind: 'completed', answer } as const;
      const { status, body } = await this.settler.settle(row, outcome, request.context, config, 'inquiry');
      return new OperationAnswer(status, body, true);
    }
    if (config.honoursIdempotencyKey) {
      const again = await this.settler.sendAgain(row, config);
      if (!again) throw stillRunning();
      return { sendAgain: again };
    }
    const { status, body } = await this.settler.putBack(row, request.context, config);
    return new OperationAnswer(status, body, true);
  }

  async #inquire(
    operation: Operation,
    request: OperationRequest<unknown>,
    row: OperationRow,
  ): Promise<object | undefined> {
    const { context, provider } = request;
    try {
      return await operation.inquire(row, request, {
        requestId: context.requestId,
        traceparent: context.traceparent,
      });
    } catch (error) {
      await this.settler.putBack(row, context, provider.config);
      throw error;
    }
  }
}
