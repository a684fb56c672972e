import { Injectable, Inject } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/config.js';
import { OperationAnswer } from '../http/http-answer.js';
import { traced, Tracer } from '../observability/tracing/tracer.js';
import { StorageUnavailable, Store, type Trx } from '../persistence/store.js';
import { OPERATIONS } from '../providers/operation.js';
import type { ProviderOutcome, Unknown } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { Fingerprints } from './fingerprint.js';
import type { OperationRequest } from './operation-request.js';
import { notSent, stillRunning } from './operation-problems.js';
import { OperationRepeats } from './operation.repeats.js';
import { OperationRepository } from './operation.repository.js';
import { OperationSettler } from './operation.settler.js';
import type { OperationRow } from './operation.table.js';
import { OperationsInFlight } from './operations-in-flight.js';
import { outcomeProblem } from './outcome-problem.js';

/**
 * Executes every state-changing operation on an external (SPEC §4): what is about to happen is committed before the call
 * (transaction A), how it ended after it (transaction B), and only then the caller is answered.
 */
@Injectable()
export class OperationExecutor {
  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly settler: OperationSettler,
    private readonly fingerprints: Fingerprints,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    private readonly tracer: Tracer,
    private readonly inFlight: OperationsInFlight,
    private readonly repeats: OperationRepeats,
  ) {}

  /**
   * Answers with the external's answer, or the stored one of an earlier request with the same key. Throws a `Problem` for
   * everything else, its `outcome` telling whether the money may have moved.
   */
  execute<Answer extends object>(request: OperationRequest<Answer>): Promise<OperationAnswer> {
    return this.inFlight.run(() => this.#traced(request));
  }

  #traced<Answer extends object>(request: OperationRequest<Answer>): Promise<OperationAnswer> {
    if (!this.tracer.enabled) return this.#execute(request);
    const { operation, provider, context } = request;
    return traced(
      this.tracer,
      `operation ${operation}`,
      { parent: context.traceparent, attributes: { 'tollgate.external': provider.config.name } },
      (traceparent) => this.#execute({ ...request, context: { ...context, traceparent } }),
    );
  }

  async #execute<Answer extends object>(request: OperationRequest<Answer>): Promise<OperationAnswer> {
    const draft = await this.#draft(request);
    const earlier = await this.#writeAhead(request, draft);
    if (!earlier) return this.#run(request, draft, false);
    return this.repeats.answer(request, earlier, draft.fingerprint, (again) =>
      this.#run(request, again, true),
    );
  }

  async #draft(request: OperationRequest<object>): Promise<OperationRow> {
    const { context, operation, provider } = request;
    const now = this.clock.now();
    const refs = request.refs(now);
    const keyed = context.idempotencyKey !== undefined;
    return {
      id: newIdentifier('op', now),
      caller: context.caller,
      external: provider.config.name,
      operation,
      idempotency_key: context.idempotencyKey ?? newIdentifier('idk', now),
      key_held: keyed ? 1 : 0,
      fingerprint: keyed ? await beforeTheCall(this.fingerprints.of(request.identity)) : '',
      state: 'running',
      reason: null,
      deadline_at: this.settler.deadlineOf(provider.config, now),
      created_at: now,
      finished_at: null,
      expires_at: now + this.config.idempotencyTtlMs,
      answer_status: null,
      answer_body: null,
      payment_ref: refs.paymentRef ?? null,
      refund_ref: refs.refundRef ?? null,
      subscription_ref: refs.subscriptionRef ?? null,
      request_id: context.requestId,
      traceparent: context.traceparent ?? null,
    };
  }

  /** Transaction A. Returns the earlier operation that holds the key, if there is one; then nothing was written. */
  async #writeAhead(
    request: OperationRequest<object>,
    draft: OperationRow,
  ): Promise<OperationRow | undefined> {
    const span = { parent: request.context.traceparent };
    try {
      return await traced(this.tracer, 'commit before the call', span, () =>
        this.store.transaction((trx) => this.#open(trx, request, draft)),
      );
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      if (error.outcome === 'unknown') this.settler.retract(draft);
      throw notSent(error);
    }
  }

  async #open(
    trx: Trx,
    request: OperationRequest<object>,
    draft: OperationRow,
  ): Promise<OperationRow | undefined> {
    if (!(await this.operations.insertUnlessKeyHeld(trx, draft))) {
      const earlier = await this.operations.findByHeldKey(trx, draft);
      if (earlier && !isOver(earlier, draft.created_at)) return earlier;
      if (earlier) await this.operations.release(trx, earlier.id);
      if (!(await this.operations.insertUnlessKeyHeld(trx, draft))) throw stillRunning();
    }
    await request.open(trx, draft);
    return undefined;
  }

  /** The call itself, and transaction B. `resumed`: an earlier attempt may have been executed already. */
  async #run<Answer extends object>(
    request: OperationRequest<Answer>,
    operation: OperationRow,
    resumed: boolean,
  ): Promise<OperationAnswer> {
    const outcome = await this.#call(request, operation);
    const settled = resumed ? afterAnEarlierAttempt(outcome) : outcome;
    const answer = await this.settler.settle(operation, settled, request.context);
    if (settled.kind !== 'completed') throw outcomeProblem(settled, OPERATIONS[operation.operation]);
    return new OperationAnswer(answer.status, answer.body, false);
  }

  async #call<Answer extends object>(
    request: OperationRequest<Answer>,
    operation: OperationRow,
  ): Promise<ProviderOutcome<Answer>> {
    const { context } = request;
    try {
      return await request.call({
        requestId: context.requestId,
        traceparent: context.traceparent,
        idempotencyKey: operation.idempotency_key,
      });
    } catch (error) {
      // A defect of ours: the books must still say that the money may have moved.
      await this.settler.settle(operation, interrupted('The gateway failed during the call.'), context);
      throw error;
    }
  }
}

/** Nothing has been sent yet, so a storage fault here is certain to have executed nothing. */
async function beforeTheCall<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof StorageUnavailable ? notSent(error) : error;
  }
}

function isOver(earlier: OperationRow, nowMs: number): boolean {
  return earlier.expires_at <= nowMs && earlier.state !== 'running';
}

/** Only a completed answer settles an operation that an earlier attempt may have executed. */
function afterAnEarlierAttempt<Answer>(outcome: ProviderOutcome<Answer>): ProviderOutcome<Answer> {
  if (outcome.kind === 'completed' || outcome.kind === 'unknown') return outcome;
  return interrupted(
    `${outcome.detail ?? 'The external refused the repeat.'} An earlier attempt may have been executed.`,
  );
}

function interrupted(detail: string): Unknown {
  return { kind: 'unknown', reason: 'cut-off', detail };
}
