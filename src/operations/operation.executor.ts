import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { OperationAnswer } from '../http/http-answer.js';
import { traced, Tracer } from '../observability/tracing/tracer.js';
import { isDatabaseError } from '../persistence/store.js';
import { OPERATIONS } from '../config/external-operation.js';
import type { CallSlot } from '../providers/external-provider.js';
import type { NotExecuted, ProviderOutcome, Unknown } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { InFlight } from '../shared/in-flight.js';
import { Fingerprints } from './fingerprint.js';
import { LedgerRestore } from './ledger.restore.js';
import { notSent } from './operation-problems.js';
import type { Operation, OperationRequest } from './operation.js';
import { OperationOpener } from './operation.opener.js';
import { OperationRepeats } from './operation.repeats.js';
import { OperationSettler, type SendableOperation } from './operation.settler.js';
import type { OperationRow } from './operation.table.js';
import { outcomeProblem } from './outcome-problem.js';

/**
 * Executes every state-changing operation on an external (SPEC §4): stores the operation before the call (transaction
 * A) and its outcome after the call (transaction B), then answers the caller.
 */
@Injectable()
export class OperationExecutor implements BeforeApplicationShutdown {
  /** Requests whose callers may have hung up; each is bounded by its external's time limit. */
  readonly #inFlight = new InFlight<object>();

  constructor(
    private readonly opener: OperationOpener,
    private readonly settler: OperationSettler,
    private readonly fingerprints: Fingerprints,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    private readonly tracer: Tracer,
    private readonly repeats: OperationRepeats,
    private readonly restore: LedgerRestore,
  ) {}

  /**
   * Returns the external's answer, or the stored answer of an earlier request with the same key. Throws a `Problem`
   * otherwise; its `outcome` says whether money may have moved.
   *
   * `reconsider` gets what is thrown. If it returns true, for example because the external knows by now what the refusal
   * depends on, the request is executed once more, within the time limit of the first: after a pause, its caller has gone,
   * and may have been answered by another replica.
   */
  async execute<Input, Answer extends object>(
    operation: Operation<Input, Answer>,
    request: OperationRequest<Input>,
    reconsider: (refusal: unknown) => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<OperationAnswer> {
    const place = this.#inFlight.enter(request);
    const tooLate = this.settler.sendLimit(request.provider.config);
    try {
      return await this.#traced(operation, request, tooLate);
    } catch (refusal) {
      if (!(await reconsider(refusal)) || tooLate()) throw refusal;
      return await this.#traced(operation, request, tooLate);
    } finally {
      this.#inFlight.leave(place);
    }
  }

  /** Operations in flight are completed and recorded before the gateway stops (SPEC §8). */
  beforeApplicationShutdown(): Promise<void> {
    return this.#inFlight.empty();
  }

  #traced(
    operation: Operation,
    request: OperationRequest<unknown>,
    tooLate: () => boolean,
  ): Promise<OperationAnswer> {
    if (!this.tracer.enabled) return this.#execute(operation, request, tooLate);
    const { provider, context } = request;
    return traced(
      this.tracer,
      `operation ${operation.name}`,
      { parent: context.traceparent, attributes: { 'tollgate.external': provider.config.name } },
      (traceparent) =>
        this.#execute(operation, { ...request, context: { ...context, traceparent } }, tooLate),
    );
  }

  async #execute(
    operation: Operation,
    request: OperationRequest<unknown>,
    tooLate: () => boolean,
  ): Promise<OperationAnswer> {
    const isRecovered = this.restore.active && (await this.#isRecovered(operation, request));
    const slot = request.provider.reserve(operation.name);
    if (!('release' in slot)) return this.#refuse(operation, request, slot);
    try {
      const draft = await this.#draft(operation, request);
      const earlier = await this.opener.open(operation, request, draft);
      if (!earlier) {
        if (isRecovered) this.restore.decided(request.provider.config.name, 'executed');
        return await this.#run(operation, request, { row: draft, tooLate }, slot);
      }
      // The repeat's query takes a slot of its own.
      slot.release();
      return await this.#repeat(operation, request, earlier);
    } finally {
      slot.release();
    }
  }

  /**
   * The restored ledger answers what it knows; the external is queried about the rest (SPEC §10).
   * @returns false: the ledger has the request's key, or no recovery is active
   * @throws Problem unless it is certain that the external has not executed the request
   */
  async #isRecovered(operation: Operation, request: OperationRequest<unknown>): Promise<boolean> {
    const recovery = await this.restore.current();
    if (!recovery || (await this.opener.earlier(operation, request))) return false;
    await operation.assertNotExecuted(request, recovery);
    return true;
  }

  /**
   * Answers what the ledger knows: a repeat, a second payment of an order. `not-executed` alone would invite the caller to
   * pay elsewhere. Refuses any other request, and stores nothing.
   */
  async #refuse(
    operation: Operation,
    request: OperationRequest<unknown>,
    refusal: NotExecuted,
  ): Promise<OperationAnswer> {
    const { context, provider } = request;
    const earlier = await this.opener.earlier(operation, request);
    if (earlier) return this.#repeat(operation, request, earlier);
    provider.recordRefusal(operation.name, context.requestId, refusal);
    await this.opener.assertUnpaid(operation, request);
    throw outcomeProblem(refusal, OPERATIONS[operation.name]);
  }

  async #repeat(
    operation: Operation,
    request: OperationRequest<unknown>,
    earlier: OperationRow,
  ): Promise<OperationAnswer> {
    const repeat = await this.repeats.answer(operation, request, earlier);
    if (repeat instanceof OperationAnswer) return repeat;
    return this.#run(operation, request, repeat.sendAgain, 'repeated');
  }

  async #draft(operation: Operation, request: OperationRequest<unknown>): Promise<OperationRow> {
    const { context, provider, input } = request;
    const now = this.clock.now();
    const keyed = context.idempotencyKey !== undefined;
    const refusesRepeats = !keyed && this.config.repeatWindowMs > 0;
    const fingerprint = (): string => {
      if (keyed) return this.fingerprints.ofKeyed(operation.identity(input));
      return refusesRepeats ? this.fingerprints.of(operation.identity(input)) : '';
    };
    try {
      const refs = await operation.refs(request, now);
      return {
        id: newIdentifier('op', now),
        caller: context.caller,
        external: provider.config.name,
        operation: operation.name,
        idempotency_key: context.idempotencyKey ?? newIdentifier('idk', now),
        key_held: keyed ? 1 : 0,
        fingerprint: fingerprint(),
        repeat_held: refusesRepeats ? 1 : 0,
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
    } catch (error) {
      throw isDatabaseError(error) ? notSent(error) : error;
    }
  }

  /**
   * The call in its reserved slot, and transaction B. `repeated`: an earlier attempt may have been executed already, and
   * the call takes a slot of its own.
   */
  async #run(
    operation: Operation,
    request: OperationRequest<unknown>,
    sendable: SendableOperation,
    slot: CallSlot | 'repeated',
  ): Promise<OperationAnswer> {
    const { row } = sendable;
    const repeated = slot === 'repeated';
    const outcome = await this.#call(operation, request, sendable, repeated ? undefined : slot);
    const settled = repeated ? afterAnEarlierAttempt(outcome) : outcome;
    const {
      status,
      body,
      outcome: recorded,
    } = await this.settler.settle(row, settled, request.context, request.provider.config);
    if (recorded.kind !== 'completed') throw outcomeProblem(recorded, OPERATIONS[operation.name]);
    return new OperationAnswer(status, body, false);
  }

  async #call(
    operation: Operation,
    request: OperationRequest<unknown>,
    { row, tooLate }: SendableOperation,
    slot: CallSlot | undefined,
  ): Promise<ProviderOutcome<object>> {
    const { context, provider } = request;
    const { requestId, traceparent } = context;
    try {
      return await operation.call(request, {
        requestId,
        traceparent,
        idempotencyKey: row.idempotency_key,
        beforeSend: () => {
          if (tooLate()) throw new Error('The deadline of the operation has passed');
        },
        slot,
      });
    } catch (error) {
      // An internal error: the ledger must still say that the money may have moved.
      await this.settler.settle(
        row,
        interrupted('The gateway failed during the call.'),
        context,
        provider.config,
      );
      throw error;
    }
  }
}

/** Only a completed answer settles an operation that an earlier attempt may have executed. */
function afterAnEarlierAttempt<Answer>(outcome: ProviderOutcome<Answer>): ProviderOutcome<Answer> {
  if (outcome.kind === 'completed' || outcome.kind === 'unknown') return outcome;
  return interrupted(`${outcome.detail} An earlier attempt may have been executed.`);
}

function interrupted(detail: string): Unknown {
  return { kind: 'unknown', reason: 'cut-off', detail };
}
