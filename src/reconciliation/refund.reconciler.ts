import { Injectable } from '@nestjs/common';
import { isOffered } from '../config/external-operation.js';
import { inScopeOf } from '../observability/request-scope.js';
import { tracedCommit } from '../observability/tracing/traced-commit.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { OperationRepository } from '../operations/operation.repository.js';
import { Store, type Trx } from '../persistence/store.js';
import type { RefundStatusAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import type { ProviderOutcome, Rejected } from '../providers/provider-outcome.js';
import { isOpenRefund } from '../refunds/refund-state.js';
import { isContradiction, RefundInquiry, type RefundQuestion } from '../refunds/refund.inquiry.js';
import { RefundLedger } from '../refunds/refund.ledger.js';
import { RefundRepository } from '../refunds/refund.repository.js';
import type { RefundRow } from '../refunds/refund.table.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { type QueriedRow, QueryEnds } from './query-ends.js';
import { DEFERRAL_MS, type Reconciled, type Reconciler } from './reconciler.js';

/** A refund that is leased to this replica, and the query about it. */
interface Inquiry extends RefundQuestion {
  readonly queried: QueriedRow;
  readonly context: CallContext;
  readonly queriedAtMs: number;
}

/** Queries the external about one refund that is PENDING or UNKNOWN (SPEC §4). */
@Injectable()
export class RefundReconciler implements Reconciler {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly inquiry: RefundInquiry,
    private readonly ledger: RefundLedger,
    private readonly refunds: RefundRepository,
    private readonly operations: OperationRepository,
    private readonly ends: QueryEnds,
    private readonly clock: Clock,
    private readonly tracer: Tracer,
  ) {}

  /** One transaction after the query: what the answer changes, and the end of the lease. */
  async reconcile(row: RefundRow, token: string): Promise<Reconciled> {
    const queried = queriedRow(row, token);
    const provider = this.registry.get(row.external);
    const question =
      provider && (await this.store.read((db) => this.inquiry.prepare(db, row, provider.config)));
    if (!provider || !question?.query) {
      // An external that is not configured may be configured again; a refund without a possible query is parked.
      return this.store.transaction((trx) =>
        this.ends.reschedule(trx, queried, provider ? 'parked' : 'failed-to-ask', !provider),
      );
    }
    const context: CallContext = {
      requestId: newIdentifier('req', this.clock.now()),
      traceparent: question.operation?.traceparent ?? undefined,
      priority: 'background',
    };
    const inquiry = { ...question, queried, context, queriedAtMs: this.clock.now() };
    return inScopeOf(context, async () => {
      const outcome = await this.inquiry.query(provider, question, context, {
        source: 'reconciliation',
        cause: null,
      });
      return tracedCommit(this.tracer, this.store, 'commit of the answer', context.traceparent, (trx) =>
        this.#record(trx, inquiry, outcome),
      );
    });
  }

  /**
   * Schedules open refunds that never were, of the externals that offer `refund/status` now. True if there may be more.
   */
  async scheduleForgotten(trx: Trx, limit: number): Promise<boolean> {
    const externals = this.registry
      .all()
      .filter(({ config }) => isOffered(config, 'refund/status'))
      .map(({ config }) => config.name);
    return (
      (await this.refunds.scheduleForgotten(trx, externals, { atMs: this.clock.now(), limit })) === limit
    );
  }

  async #record(
    trx: Trx,
    inquiry: Inquiry,
    outcome: ProviderOutcome<RefundStatusAnswer>,
  ): Promise<Reconciled> {
    const { queried } = inquiry;
    switch (outcome.kind) {
      case 'completed':
        return this.ends.reschedule(trx, queried, await this.#apply(trx, inquiry, outcome.answer));
      case 'rejected':
        return this.#rejected(trx, inquiry, outcome);
      case 'not-executed':
      case 'unknown':
        return this.ends.notAnswered(trx, queried, outcome);
      default:
        return outcome satisfies never;
    }
  }

  async #apply(trx: Trx, { row, context }: Inquiry, answer: RefundStatusAnswer): Promise<Reconciled> {
    const refund = await this.inquiry.apply(trx, row, answer, context, {
      source: 'reconciliation',
      notify: 'on-change',
      cause: null,
    });
    if (!refund) return 'failed-to-ask';
    return isOpenRefund(refund.state) ? 'still-open' : 'settled';
  }

  async #rejected(trx: Trx, inquiry: Inquiry, rejected: Rejected): Promise<Reconciled> {
    const { row, queried } = inquiry;
    if (isContradiction(inquiry, rejected)) return this.ends.reschedule(trx, queried, 'parked', false);
    if (isNeverSeen(row, rejected)) return this.#neverSeen(trx, inquiry);
    return this.ends.reschedule(trx, queried, 'failed-to-ask');
  }

  /**
   * "Never seen" is certain only after two such answers to queries that were sent after the deadline of the call
   * (SPEC §4). An earlier answer does not count; the query is repeated once it can be certain.
   */
  async #neverSeen(trx: Trx, inquiry: Inquiry): Promise<Reconciled> {
    const { row, queried, operation, queriedAtMs } = inquiry;
    const deadlineAt = operation!.deadline_at;
    if (queriedAtMs <= deadlineAt) return this.ends.handBack(trx, queried, 'too-early', deadlineAt + 1);
    const now = this.clock.now();
    if (row.never_seen_at === null) {
      await this.refunds.advance(trx, row.id, row.state, { never_seen_at: now });
      return this.ends.reschedule(trx, queried, 'never-seen');
    }
    if (await this.#fail(trx, inquiry, now)) return this.ends.reschedule(trx, queried, 'settled');
    return this.ends.handBack(trx, queried, 'too-early', now + DEFERRAL_MS);
  }

  /**
   * Sets a refund that was never executed to KO, and releases the key of its operation. Returns false and changes
   * nothing if the refund is no longer open, or if a repeat with the same key executes its operation: the earlier
   * answers then do not count.
   */
  async #fail(trx: Trx, { row, context }: Inquiry, now: number): Promise<boolean> {
    const current = await this.refunds.lock(trx, row.id);
    if (current?.state !== row.state || current.never_seen_at !== row.never_seen_at) return false;
    if (!(await this.operations.notExecuted(trx, { refund_ref: row.id }, 'never-seen', now))) return false;
    return this.ledger.move(trx, current, 'KO', {
      source: 'reconciliation',
      cause: 'The external has never seen it',
      notify: { when: 'on-change', traceparent: context.traceparent },
    });
  }
}

/**
 * True if "never seen" may mean "never executed": only for a refund of which the external has not answered anything
 * yet. A page may be the answer of a proxy.
 */
function isNeverSeen({ state }: RefundRow, { reason, page }: Rejected): boolean {
  return reason === 'not-found' && !page && state === 'UNKNOWN';
}

function queriedRow({ id, asks }: RefundRow, token: string): QueriedRow {
  return { table: 'refunds', id, asks, token };
}
