import { Injectable } from '@nestjs/common';
import { inScopeOf } from '../observability/request-scope.js';
import { tracedCommit } from '../observability/tracing/traced-commit.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { OperationRepository } from '../operations/operation.repository.js';
import { type IdentifiedAnswer, PaymentInquiry, statusQueryOf } from '../payments/payment.inquiry.js';
import { PaymentLedger } from '../payments/payment.ledger.js';
import { PaymentRepository } from '../payments/payment.repository.js';
import type { PaymentRow } from '../payments/payment.table.js';
import { Store, type Trx } from '../persistence/store.js';
import type { CallContext } from '../providers/external-provider.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import type { ProviderOutcome, Rejected } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { type QueriedRow, QueryEnds } from './query-ends.js';
import { DEFERRAL_MS, type Reconciled, type Reconciler } from './reconciler.js';
import { ReconciliationRepository } from './reconciliation.repository.js';

/** A payment that is leased to this replica, and the query about it. */
interface Inquiry {
  readonly row: PaymentRow;
  readonly queried: QueriedRow;
  readonly context: CallContext;
  readonly queriedAtMs: number;
}

/** Queries the external about one payment that is PENDING or UNKNOWN (SPEC §4). */
@Injectable()
export class PaymentReconciler implements Reconciler {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly inquiry: PaymentInquiry,
    private readonly ledger: PaymentLedger,
    private readonly payments: PaymentRepository,
    private readonly leases: ReconciliationRepository,
    private readonly operations: OperationRepository,
    private readonly ends: QueryEnds,
    private readonly clock: Clock,
    private readonly tracer: Tracer,
  ) {}

  /** One transaction after the query: what the answer changes, and the end of the lease. */
  async reconcile(row: PaymentRow, token: string): Promise<Reconciled> {
    const queried = queriedRow(row, token);
    const provider = this.registry.get(row.external);
    const query = provider && statusQueryOf(row, provider.config);
    if (!query) {
      // An external that is not configured may be configured again; a payment without a possible query is parked.
      return this.store.transaction((trx) =>
        this.ends.reschedule(trx, queried, provider ? 'parked' : 'failed-to-ask', !provider),
      );
    }
    const context: CallContext = {
      requestId: newIdentifier('req', this.clock.now()),
      traceparent: row.traceparent ?? undefined,
      priority: 'background',
    };
    const inquiry = { row, queried, context, queriedAtMs: this.clock.now() };
    return inScopeOf(context, async () => {
      const outcome = await this.inquiry.query(provider, query, context, {
        subject: { ref: row.id },
        source: 'reconciliation',
        cause: null,
      });
      return tracedCommit(this.tracer, this.store, 'commit of the answer', context.traceparent, (trx) =>
        this.#record(trx, inquiry, outcome),
      );
    });
  }

  async #record(trx: Trx, inquiry: Inquiry, outcome: ProviderOutcome<IdentifiedAnswer>): Promise<Reconciled> {
    const { row, queried } = inquiry;
    switch (outcome.kind) {
      case 'completed':
        return this.ends.reschedule(trx, queried, await this.#apply(trx, inquiry, outcome.answer));
      case 'rejected':
        if (isNeverSeen(row, outcome)) return this.#neverSeen(trx, inquiry);
        return this.ends.reschedule(trx, queried, 'failed-to-ask');
      case 'not-executed':
      case 'unknown':
        return this.ends.notAnswered(trx, queried, outcome);
      default:
        return outcome satisfies never;
    }
  }

  async #apply(trx: Trx, { row, context }: Inquiry, answer: IdentifiedAnswer): Promise<Reconciled> {
    const result = await this.inquiry.apply(trx, row.external, answer, context, {
      source: 'reconciliation',
      notify: 'on-change',
      cause: null,
      ...(row.payment_id === null && { about: row }),
    });
    if (!result) return 'failed-to-ask';
    const { status, paymentRef } = result;
    // By shopTransactionId the external may answer about another payment, which says nothing about this one.
    return status.status !== 'PENDING' && paymentRef === row.id ? 'settled' : 'still-open';
  }

  /**
   * "Never seen" is certain only after two such answers to queries that were sent after the deadline of the call
   * (SPEC §4). An earlier answer does not count; the query is repeated once it can be certain.
   */
  async #neverSeen(trx: Trx, inquiry: Inquiry): Promise<Reconciled> {
    const { row, queried, queriedAtMs } = inquiry;
    if (queriedAtMs <= row.deadline_at)
      return this.ends.handBack(trx, queried, 'too-early', row.deadline_at + 1);
    const now = this.clock.now();
    if (row.never_seen_at === null) {
      await this.leases.noteNeverSeen(trx, row.id, now);
      return this.ends.reschedule(trx, queried, 'never-seen');
    }
    if (await this.#fail(trx, row, now)) return this.ends.reschedule(trx, queried, 'settled');
    return this.ends.handBack(trx, queried, 'too-early', now + DEFERRAL_MS);
  }

  /**
   * Sets a payment that was never executed to FAILED, and releases the key of its operation. Returns false and changes
   * nothing if the payment is no longer open, or if a repeat with the same key executes its operation: the earlier
   * answers then do not count.
   */
  async #fail(trx: Trx, row: PaymentRow, now: number): Promise<boolean> {
    const current = await this.payments.lock(trx, row.id);
    if (current?.state !== row.state || current.never_seen_at !== row.never_seen_at) return false;
    if (!(await this.operations.notExecuted(trx, { payment_ref: row.id }, 'never-seen', now))) return false;
    return this.ledger.move(trx, current, 'FAILED', {
      source: 'reconciliation',
      cause: 'The external has never seen it',
      notify: { when: 'on-change' },
    });
  }
}

/**
 * True if "never seen" may mean "never executed": only for a payment without a paymentId and without another answer of
 * the external. `/status` may not know a link that no payer has used yet.
 */
function isNeverSeen(row: PaymentRow, { reason, page }: Rejected): boolean {
  return reason === 'not-found' && !page && row.payment_id === null && row.state === 'UNKNOWN';
}

function queriedRow({ id, asks }: PaymentRow, token: string): QueriedRow {
  return { table: 'payments', id, asks, token };
}
