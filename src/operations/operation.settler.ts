import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import { erasedJson } from '../erasures/erased-json.js';
import { erasedAmong } from '../erasures/erased-subjects.js';
import type { CallerContext } from '../http/caller-context.js';
import { statusOf } from '../http/problem-catalogue.js';
import { problemDocument } from '../http/problem-document.js';
import { Problem } from '../problems/problem.js';
import { tracedWrite } from '../observability/tracing/traced-commit.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { Store, type Trx } from '../persistence/store.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { OPERATIONS } from '../config/external-operation.js';
import type { NotExecuted, ProviderOutcome, Unknown } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { OutcomeRetryQueue } from './outcome-retry-queue.js';
import { type Operation, OPERATION_LIST } from './operation.js';
import { OperationJournal } from './operation.journal.js';
import { BY_INQUIRY, type OperationEnd, OperationRepository } from './operation.repository.js';
import type { OperationRow } from './operation.table.js';
import { outcomeProblem } from './outcome-problem.js';

/** Added to the external's time limit, for the two commits and a busy event loop. */
const COMMIT_MARGIN_MS = 5_000;
/** Nothing is sent in the last part of that time: a status query of another replica must not overtake a request. */
const SEND_MARGIN_MS = 2_000;

const NEVER_SENT: NotExecuted = {
  kind: 'not-executed',
  reason: 'connection-failed',
  detail: 'The database failed before the call.',
  retryAfterMs: undefined,
};

/** This attempt was not executed, but the attempt of another process may have been, under the same key. */
const TAKEN_OVER: Unknown = {
  kind: 'unknown',
  reason: 'cut-off',
  detail: 'Another process has taken this operation over and may have executed it.',
};

/** An operation that is stored and may be sent. */
export interface SendableOperation {
  readonly row: OperationRow;
  /** True once it must not be sent any more. */
  readonly tooLate: () => boolean;
}

interface SettledAnswer {
  readonly status: number;
  readonly body: string;
}

/** What was recorded: the outcome of the call, or what the ledger made of it. */
interface Settled extends SettledAnswer {
  readonly outcome: ProviderOutcome<object>;
}

type Tracing = Pick<CallerContext, 'requestId' | 'instance'> & Partial<Pick<CallerContext, 'traceparent'>>;

/** Transaction B: stores the end of an operation in its own row and in the ledger, both or neither (SPEC §4). */
@Injectable()
export class OperationSettler {
  readonly #logger = new Logger(OperationSettler.name);
  readonly #byName: ReadonlyMap<string, Operation>;

  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    @Inject(OPERATION_LIST) list: readonly Operation[],
    private readonly registry: ExternalProviderRegistry,
    private readonly retries: OutcomeRetryQueue,
    private readonly clock: Clock,
    private readonly tracer: Tracer,
    private readonly journal: OperationJournal,
  ) {
    this.#byName = new Map(list.map((operation) => [operation.name, operation]));
  }

  /** After this time, a `running` operation belongs to a process that died. */
  deadlineOf({ timeoutMs }: ExternalConfig, nowMs: number): number {
    return nowMs + timeoutMs + COMMIT_MARGIN_MS;
  }

  /** Begins the time limit within which the operation may be sent. Call it before {@link deadlineOf}. */
  sendLimit({ timeoutMs }: ExternalConfig): () => boolean {
    return this.clock.limit(timeoutMs + COMMIT_MARGIN_MS - SEND_MARGIN_MS);
  }

  /**
   * Commits `outcome` and returns the answer for the caller. If it cannot be stored, throws a `Problem` with outcome
   * `unknown` and retries in the background: a known outcome must reach the ledger. `own`: the outcome of an attempt of
   * this process, and not an assumption about an attempt that was `abandoned`, nor what an inquiry for a repeat has
   * found: `inquiry`.
   */
  async settle(
    operation: OperationRow,
    outcome: ProviderOutcome<object>,
    tracing: Tracing,
    external: ExternalConfig | undefined,
    attempt: 'own' | 'abandoned' | 'inquiry' = 'own',
  ): Promise<Settled> {
    const answer = this.#answer(operation, outcome, tracing);
    const parent = tracing.traceparent ?? operation.traceparent ?? undefined;
    let settled: Settled = { ...answer, outcome };
    const commit = async (): Promise<void> => {
      const isErased = await this.#isErased(operation);
      await this.store.transaction(async (trx) => {
        const end = (recorded: ProviderOutcome<object>, given: SettledAnswer): OperationEnd =>
          this.#end(
            operation,
            recorded,
            isErased ? withoutTexts(given) : given,
            attempt === 'inquiry' ? BY_INQUIRY : null,
          );
        const { ended, recorded: byLedger } = await this.#commit(
          trx,
          operation,
          outcome,
          end(outcome, answer),
          external,
        );
        const isLate = !ended && attempt === 'own' && outcome.kind !== 'completed';
        const unknown = isLate ? await this.#unknownOf(trx, operation, outcome) : undefined;
        if (unknown === outcome) await this.#reopen(trx, operation, end(outcome, answer), external);
        const recorded = unknown ? await this.#named(trx, operation, unknown) : byLedger;
        settled = { ...answer, outcome };
        if (recorded === outcome) return;
        settled = { ...this.#answer(operation, recorded, tracing), outcome: recorded };
        if (ended) await this.operations.amend(trx, operation.id, end(recorded, settled));
      });
    };
    try {
      await tracedWrite(this.tracer, this.store, 'commit of the outcome', parent, async () => {
        const journalled =
          attempt === 'own' ? await this.#journal(operation, settled, tracing, external) : undefined;
        if (journalled) settled = journalled;
        else await commit();
      });
    } catch (error) {
      // Any error: the external was called. An unknown outcome does not replace one that waits already.
      if (outcome.kind !== 'unknown' || !this.retries.operationIds().has(operation.id))
        this.retries.add(operation.id, commit);
      throw new Problem(
        'storage-unavailable',
        'The external was called, but its answer cannot be stored now.',
        {
          outcome: 'unknown',
          members: this.#of(operation).nameUnstored?.(operation) ?? {},
          cause: error,
        },
      );
    }
    return settled;
  }

  /**
   * The commit before the call was interrupted: the operation may be stored, but it was not sent. A stored operation
   * ends as not executed, which releases its key and its reservations. The caller already has this answer.
   */
  retract(operation: OperationRow): void {
    const end = this.#end(operation, NEVER_SENT, { status: 503, body: '' });
    this.retries.add(operation.id, () =>
      this.store.transaction(async (trx) => {
        if (await this.operations.end(trx, operation, { ...end, reason: 'storage-unavailable' }))
          await this.#of(operation).settle(trx, operation, NEVER_SENT, undefined);
      }),
    );
  }

  /**
   * Prepares to send a resumed operation again. The external may execute it until the deadline of the returned row.
   * Undefined if the preceding query took so long that another process has abandoned the resumption.
   */
  sendAgain(operation: OperationRow, external: ExternalConfig): Promise<SendableOperation | undefined> {
    const tooLate = this.sendLimit(external);
    const again = { ...operation, deadline_at: this.deadlineOf(external, this.clock.now()) };
    return this.store.transaction(async (trx) => {
      if (!(await this.operations.postpone(trx, operation, again.deadline_at))) return undefined;
      await this.#of(again).sendAgain?.(trx, again);
      return { row: again, tooLate };
    });
  }

  /** Sets the outcome to unknown: the process of the operation died, or its end was never stored. */
  async abandon(operation: OperationRow): Promise<void> {
    await this.settle(
      operation,
      {
        kind: 'unknown',
        reason: 'cut-off',
        detail: 'The gateway stopped while this operation was in flight.',
      },
      { requestId: operation.request_id, instance: `/v3/${operation.external}/${operation.operation}` },
      this.registry.get(operation.external)?.config,
      'abandoned',
    );
  }

  /** Ends a resumption without a result: the outcome stays unknown, and the stored answer stays the same. */
  async putBack(operation: OperationRow, tracing: Tracing, external: ExternalConfig): Promise<SettledAnswer> {
    if (operation.answer_status === null || operation.answer_body === null) {
      return this.settle(
        operation,
        { kind: 'unknown', reason: 'cut-off', detail: 'The outcome is not known.' },
        tracing,
        external,
      );
    }
    const answer = { status: operation.answer_status, body: operation.answer_body };
    await this.store.transaction((trx) =>
      this.operations.end(trx, operation, {
        state: 'unknown',
        reason: operation.reason,
        atMs: this.clock.now(),
        answerStatus: answer.status,
        answerBody: answer.body,
        keyHeld: operation.key_held,
        repeatHeld: operation.repeat_held,
      }),
    );
    return answer;
  }

  /**
   * Whether an operator has erased the texts of what the operation is about (SPEC §10). Not while the operation makes it:
   * that is refused.
   */
  async #isErased({
    operation: name,
    answer_status,
    payment_ref,
    refund_ref,
    subscription_ref,
  }: OperationRow): Promise<boolean> {
    if (OPERATIONS[name].createsPayment && answer_status === null) return false;
    const refs = [payment_ref, refund_ref, subscription_ref].filter((ref) => ref !== null);
    return (await this.store.read((db) => erasedAmong(db, refs))).size > 0;
  }

  #of({ operation: name }: OperationRow): Operation {
    const operation = this.#byName.get(name);
    if (!operation) throw new Error(`No operation ${name} in OPERATION_LIST`);
    return operation;
  }

  /** Undefined if the end of the operation needs a transaction of its own. */
  async #journal(
    operation: OperationRow,
    settled: Settled,
    tracing: Tracing,
    external: ExternalConfig | undefined,
  ): Promise<Settled | undefined> {
    if (!this.journal.isUsed) return undefined;
    const entry = this.#of(operation).settleEntry?.(operation, settled.outcome, external);
    if (!entry) return undefined;
    const { recorded } = entry;
    const answered: Settled = recorded
      ? { ...this.#answer(operation, recorded, tracing), outcome: recorded }
      : settled;
    const stored = (await this.#isErased(operation)) ? withoutTexts(answered) : answered;
    const end = this.#end(operation, answered.outcome, stored);
    if ((await this.journal.end(operation, end, entry)) !== 'written') return undefined;
    entry.afterCommit?.();
    return answered;
  }

  async #commit(
    trx: Trx,
    operation: OperationRow,
    outcome: ProviderOutcome<object>,
    end: OperationEnd,
    external: ExternalConfig | undefined,
  ): Promise<{ readonly ended: boolean; readonly recorded: ProviderOutcome<object> }> {
    const ending = this.operations.end(trx, operation, end);
    // If another process has ended the operation, only a completed outcome reaches the ledger. A completed outcome
    // does not wait for that result.
    if (outcome.kind !== 'completed' && !(await ending)) return { ended: false, recorded: outcome };
    const [ended, recorded] = await Promise.all([
      ending,
      this.#of(operation).settle(trx, operation, outcome, external),
    ]);
    return { ended, recorded: recorded ?? outcome };
  }

  /**
   * The unknown outcome to answer for an attempt that another process has ended or taken over; undefined if the
   * attempt was not executed and the ledger says the same of the operation.
   */
  async #unknownOf(
    trx: Trx,
    { id }: OperationRow,
    outcome: Exclude<ProviderOutcome<object>, { kind: 'completed' }>,
  ): Promise<Unknown | undefined> {
    if (outcome.kind === 'unknown') return outcome;
    const state = (await this.operations.find(trx, id))?.state;
    return state === 'not-executed' || state === 'rejected' ? undefined : TAKEN_OVER;
  }

  /**
   * The original attempt ends with an unknown outcome after the operation was settled as never executed: its process
   * was paused with the request half sent, so that the external had not seen it when it was queried.
   */
  async #reopen(
    trx: Trx,
    operation: OperationRow,
    end: OperationEnd,
    external: ExternalConfig | undefined,
  ): Promise<void> {
    if (!(await this.operations.reopen(trx, operation, end))) return;
    await this.#of(operation).reopen?.(trx, operation, external);
    this.store.afterCommit(trx, () =>
      this.#logger.warn(
        { operation: operation.id, external: operation.external },
        'An operation that was settled as never executed may have been executed; its outcome is UNKNOWN',
      ),
    );
  }

  /** `outcome` with what names the result: the operation has ended already, and its row has the same names. */
  async #named(trx: Trx, operation: OperationRow, outcome: Unknown): Promise<Unknown> {
    const members = await this.#of(operation).nameOf?.(trx, operation);
    return members ? { ...outcome, members } : outcome;
  }

  #end(
    operation: OperationRow,
    outcome: ProviderOutcome<object>,
    answer: SettledAnswer,
    completedBy: typeof BY_INQUIRY | null = null,
  ): OperationEnd {
    const kept = operation.key_held === 1 && (outcome.kind === 'completed' || outcome.kind === 'unknown');
    return {
      state: outcome.kind,
      reason: outcome.kind === 'completed' ? completedBy : outcome.reason,
      atMs: this.clock.now(),
      answerStatus: answer.status,
      answerBody: kept ? answer.body : null,
      keyHeld: kept ? 1 : 0,
      repeatHeld: operation.repeat_held === 1 && refusesRepeats(operation, outcome) ? 1 : 0,
    };
  }

  #answer(operation: OperationRow, outcome: ProviderOutcome<object>, tracing: Tracing): SettledAnswer {
    if (outcome.kind === 'completed') return { status: 200, body: JSON.stringify(outcome.answer) };
    const problem = outcomeProblem(outcome, OPERATIONS[operation.operation]);
    return {
      status: statusOf(problem.code),
      body: JSON.stringify(problemDocument(problem, tracing.instance, tracing.requestId)),
    };
  }
}

function withoutTexts({ status, body }: SettledAnswer): SettledAnswer {
  return { status, body: erasedJson(body) };
}

/** Whether an identical request without a key stays refused after `outcome`, for the rest of the window (SPEC §3). */
function refusesRepeats({ operation: name }: OperationRow, outcome: ProviderOutcome<object>): boolean {
  if (OPERATIONS[name].createsPayment) return false;
  if (outcome.kind === 'completed') return (outcome.answer as { result?: unknown }).result !== 'KO';
  return outcome.kind === 'unknown';
}
