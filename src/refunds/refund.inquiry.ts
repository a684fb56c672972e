import { Injectable } from '@nestjs/common';
import { isOffered } from '../config/external-operation.js';
import type { ExternalConfig } from '../config/external-config.js';
import { inScopeOf } from '../observability/request-scope.js';
import { tracedCommit } from '../observability/tracing/traced-commit.js';
import { Tracer } from '../observability/tracing/tracer.js';
import type { EventSource } from '../operations/ledger-event.table.js';
import { OperationRepository } from '../operations/operation.repository.js';
import { StatusQueryLog } from '../operations/status-query.log.js';
import type { OperationRow } from '../operations/operation.table.js';
import { Store, type Trx } from '../persistence/store.js';
import type { RefundStatusAnswer } from '../providers/answers.js';
import type { CallContext, ExternalProvider, RefundStatusQuery } from '../providers/external-provider.js';
import { invalidAnswer, type ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { isOpenRefund, type RefundState, stateOfRefundStatus } from './refund-state.js';
import { RefundLedger } from './refund.ledger.js';
import { RefundRepository } from './refund.repository.js';
import type { RefundRow } from './refund.table.js';

/** Why the external is queried, and who is notified of the answer. */
export interface RefundInquiryReason {
  readonly source: Exclude<EventSource, 'call' | 'operator'>;
  readonly notify: 'always' | 'on-change';
  /** For the event: the id of the callback, operation or request that caused the query. */
  readonly cause: string | null;
  /** Receives the external's answer, which has data that the ledger does not keep. */
  readonly onAnswer?: (answer: RefundStatusAnswer) => void;
}

/** A refund as the ledger has it when the external is queried, and the query. */
export interface RefundQuestion {
  readonly row: RefundRow;
  readonly operation: OperationRow | undefined;
  /** Undefined where the external cannot be queried: neither an id nor a key is known, or it does not offer it. */
  readonly query: RefundStatusQuery | undefined;
}

/** Of one callback that names the payment alone; reconciliation queries the others at once. */
const MAX_QUERIED_TOGETHER = 20;

/** Queries an external about a refund and updates the ledger (SPEC §4). */
@Injectable()
export class RefundInquiry {
  constructor(
    private readonly store: Store,
    private readonly refunds: RefundRepository,
    private readonly ledger: RefundLedger,
    private readonly operations: OperationRepository,
    private readonly queries: StatusQueryLog,
    private readonly clock: Clock,
    private readonly tracer: Tracer,
  ) {}

  async prepare(db: Trx, row: RefundRow, config: ExternalConfig): Promise<RefundQuestion> {
    const operation = await this.operations.findByRefund(db, row.id);
    const own = operation && (await this.#isOfRepeat(db, operation)) ? undefined : operation;
    return {
      row,
      operation,
      query: isOffered(config, 'refund/status') ? queryOf(row, own) : undefined,
    };
  }

  /** A repeat has taken the key of the operation: what the external knows by it may be the refund of the repeat. */
  async #isOfRepeat(db: Trx, operation: OperationRow): Promise<boolean> {
    return operation.key_held === 0 && (await this.operations.findByHeldKey(db, operation)) !== undefined;
  }

  /** Queries and applies the answer in a transaction of its own. Throws `StorageUnavailable` if that fails. */
  inquire(
    provider: ExternalProvider,
    question: RefundQuestion,
    context: CallContext,
    reason: RefundInquiryReason,
  ): Promise<ProviderOutcome<RefundRow>> {
    return inScopeOf(context, async (): Promise<ProviderOutcome<RefundRow>> => {
      const outcome = await this.query(provider, question, context, reason);
      if (outcome.kind === 'completed') {
        reason.onAnswer?.(outcome.answer);
        const answer = await tracedCommit(
          this.tracer,
          this.store,
          'commit of the answer',
          context.traceparent,
          (trx) => this.apply(trx, question.row, outcome.answer, context, reason),
        );
        return answer ? { kind: 'completed', answer } : OTHER_REFUND;
      }
      if (isContradiction(question, outcome))
        await this.store.transaction((trx) => this.ledger.contradict(trx, question.row));
      return outcome;
    });
  }

  /** Queries only, and notes the query for the story. Call it for a question with a query. */
  async query(
    provider: ExternalProvider,
    question: RefundQuestion,
    context: CallContext,
    { source, cause }: Pick<RefundInquiryReason, 'source' | 'cause'>,
  ): Promise<ProviderOutcome<RefundStatusAnswer>> {
    const outcome = await this.#query(provider, question, context);
    this.queries.note({ subject: { ref: question.row.id }, source, cause }, outcome, ({ status }) => status);
    return outcome;
  }

  async #query(
    provider: ExternalProvider,
    { row, query }: RefundQuestion,
    context: CallContext,
  ): Promise<ProviderOutcome<RefundStatusAnswer>> {
    const outcome = await provider.refundStatus(query!, context);
    if (outcome.kind !== 'completed') return outcome;
    const { amount = row.amount_minor, currency = row.currency } = outcome.answer;
    if (amount !== row.amount_minor || currency !== row.currency)
      return invalidAnswer('The external answered about a refund of another amount.');
    return outcome;
  }

  /**
   * Updates the ledger with the answer to a query that was sent when the refund was `queried`. Returns the refund as it
   * is then; undefined if the answer has the id of another refund.
   */
  async apply(
    trx: Trx,
    queried: RefundRow,
    answer: RefundStatusAnswer,
    { requestId, traceparent }: CallContext,
    { source, notify: when, cause }: RefundInquiryReason,
  ): Promise<RefundRow | undefined> {
    const locked = await this.refunds.lock(trx, queried.id);
    const row = locked && (await this.ledger.name(trx, locked, answer.refundId));
    if (!row) return undefined;
    // It was changed during the query: the answer may be about the time before.
    const queriedIn = row.updated_at === queried.updated_at ? queried.state : undefined;
    await this.ledger.move(trx, row, stateOfRefundStatus(answer.status), {
      source,
      cause,
      queryable: true,
      ...(queriedIn && { queriedIn }),
      notify: { when, answer, requestId, traceparent },
    });
    return (await this.refunds.find(trx, row.id))!;
  }

  /** Queries the external about the open refunds of a payment, as a callback that names the payment asks for. */
  async inquireOpen(
    provider: ExternalProvider,
    paymentId: string,
    context: CallContext,
    reason: RefundInquiryReason,
  ): Promise<void> {
    if (!isOffered(provider.config, 'refund/status')) return;
    const { name } = provider.config;
    const questions = await this.store.read(async (db) => {
      const open = await this.refunds.findOpen(db, name, paymentId, MAX_QUERIED_TOGETHER + 1);
      return Promise.all(open.map((row) => this.prepare(db, row, provider.config)));
    });
    if (questions.length > MAX_QUERIED_TOGETHER)
      await this.store.transaction((trx) => this.refunds.queryNow(trx, name, paymentId, this.clock.now()));
    const asked = questions.slice(0, MAX_QUERIED_TOGETHER).filter(isSettledCall);
    await Promise.all(asked.map((question) => this.inquire(provider, question, context, reason)));
  }

  /**
   * The state of the refund of an operation of unknown outcome: from the ledger if it is settled by now, else from the
   * external. Undefined if neither is certain.
   */
  async stateOf(
    operation: OperationRow,
    provider: ExternalProvider,
    context: CallContext,
  ): Promise<RefundState | undefined> {
    const question = await this.store.read(async (db) => {
      const row = await this.refunds.find(db, operation.refund_ref!);
      return row && this.prepare(db, row, provider.config);
    });
    if (!question) return undefined;
    if (!isOpenRefund(question.row.state)) return question.row.state;
    if (!question.query) return undefined;
    const outcome = await this.inquire(provider, question, context, {
      source: 'reconciliation',
      notify: 'on-change',
      cause: operation.id,
    });
    return outcome.kind === 'completed' ? outcome.answer.state : undefined;
  }
}

const OTHER_REFUND = invalidAnswer('The external answered with a refundId that belongs to another refund.');

/** By the external's id; else by the key of the operation, which the external got with the request. */
function queryOf(row: RefundRow, operation: OperationRow | undefined): RefundStatusQuery | undefined {
  const { payment_id: paymentId, external_refund_id: refundId } = row;
  if (refundId !== null) return { paymentId, by: { refundId } };
  return operation && { paymentId, by: { idempotencyKey: operation.idempotency_key } };
}

/** The external does not know a refund to which it gave an id. */
export function isContradiction(
  { query }: RefundQuestion,
  outcome: Exclude<ProviderOutcome<never>, { kind: 'completed' }>,
): boolean {
  return (
    query !== undefined &&
    'refundId' in query.by &&
    outcome.kind === 'rejected' &&
    outcome.reason === 'not-found'
  );
}

/** Not in flight: its call is answered or given up. */
function isSettledCall({ operation, query }: RefundQuestion): boolean {
  return query !== undefined && operation?.state !== 'running';
}
