import { Injectable } from '@nestjs/common';
import { OperationAnswer } from '../http/http-answer.js';
import { StorageUnavailable, Store } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { keyReused, perhapsSent, stillRunning } from './operation-problems.js';
import type { OperationRequest } from './operation-request.js';
import { OperationRepository } from './operation.repository.js';
import { OperationSettler } from './operation.settler.js';
import type { OperationRow } from './operation.table.js';

/** Sends an operation of unknown outcome once more, with the key that it had. */
type SendAgain = (operation: OperationRow) => Promise<OperationAnswer>;

/** Answers a request whose `Idempotency-Key` was used before, without executing anything twice (SPEC §4). */
@Injectable()
export class OperationRepeats {
  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly settler: OperationSettler,
    private readonly clock: Clock,
  ) {}

  /**
   * `earlier` holds the key of `request`, whose fingerprint tells whether it is the same request. Throws a `Problem` where there
   * is no answer to repeat.
   */
  async answer<Answer extends object>(
    request: OperationRequest<Answer>,
    earlier: OperationRow,
    fingerprint: string,
    sendAgain: SendAgain,
  ): Promise<OperationAnswer> {
    if (earlier.fingerprint !== fingerprint) throw keyReused();
    try {
      return await this.#answer(request, earlier, sendAgain);
    } catch (error) {
      // The first request may have been executed, whatever keeps its repeat from finding out.
      throw error instanceof StorageUnavailable ? perhapsSent(error) : error;
    }
  }

  async #answer<Answer extends object>(
    request: OperationRequest<Answer>,
    earlier: OperationRow,
    sendAgain: SendAgain,
  ): Promise<OperationAnswer> {
    if (earlier.state === 'running') {
      if (earlier.deadline_at > this.clock.now()) throw stillRunning();
      await this.settler.abandon(earlier);
      return this.#afterUnknown(request, { ...earlier, state: 'unknown' }, sendAgain);
    }
    if (earlier.state === 'unknown') return this.#afterUnknown(request, earlier, sendAgain);
    return new OperationAnswer(earlier.answer_status!, earlier.answer_body!, true);
  }

  /** Ask; else send again where the external honours the key; else the stored error (SPEC §4). */
  async #afterUnknown<Answer extends object>(
    request: OperationRequest<Answer>,
    earlier: OperationRow,
    sendAgain: SendAgain,
  ): Promise<OperationAnswer> {
    const { config } = request.provider;
    const operation = { ...earlier, deadline_at: this.settler.deadlineOf(config, this.clock.now()) };
    const taken = await this.store.transaction((trx) =>
      this.operations.resume(trx, operation.id, operation.deadline_at),
    );
    if (!taken) throw stillRunning();
    const learned = await this.#inquire(request, operation);
    if (learned) {
      const answer = await this.settler.settle(
        operation,
        { kind: 'completed', answer: learned },
        request.context,
      );
      return new OperationAnswer(answer.status, answer.body, true);
    }
    if (config.honoursIdempotencyKey) {
      const again = await this.settler.sendAgain(operation, config);
      if (!again) throw stillRunning();
      return sendAgain(again);
    }
    const stored = await this.settler.putBack(operation, request.context);
    return new OperationAnswer(stored.status, stored.body, true);
  }

  async #inquire<Answer extends object>(
    request: OperationRequest<Answer>,
    operation: OperationRow,
  ): Promise<Answer | undefined> {
    try {
      const { requestId, traceparent } = request.context;
      return await request.inquire(operation, { requestId, traceparent });
    } catch (error) {
      await this.settler.putBack(operation, request.context);
      throw error;
    }
  }
}
