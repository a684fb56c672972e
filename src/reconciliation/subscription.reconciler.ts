import { Injectable } from '@nestjs/common';
import { NOT_DUE, ReconciliationSchedule } from '../operations/reconciliation-schedule.js';
import { Store } from '../persistence/store.js';
import type { SubscriptionStatusAnswer } from '../providers/answers.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import type { NotExecuted, ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { SubscriptionLedger } from '../subscriptions/subscription.ledger.js';
import { SubscriptionRepository } from '../subscriptions/subscription.repository.js';
import type { SubscriptionRow } from '../subscriptions/subscription.table.js';
import { DEFERRAL_MS, type Reconciled, type Reconciler } from './reconciler.js';
import { handBack } from './reconciliation-leases.js';

const NO_CAPACITY: ReadonlySet<NotExecuted['reason']> = new Set(['concurrency-limit', 'throttled'] as const);

/** Queries the status of one subscription that is pending, or whose last change has an unknown outcome (SPEC §4). */
@Injectable()
export class SubscriptionReconciler implements Reconciler {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly ledger: SubscriptionLedger,
    private readonly subscriptions: SubscriptionRepository,
    private readonly schedule: ReconciliationSchedule,
    private readonly clock: Clock,
  ) {}

  async reconcile(row: SubscriptionRow, token: string): Promise<Reconciled> {
    const outcome = await this.#query(row);
    return this.store.transaction(async (trx) => {
      const now = this.clock.now();
      if (outcome?.kind === 'not-executed' && NO_CAPACITY.has(outcome.reason)) {
        const waitMs = Math.max(outcome.retryAfterMs ?? 0, DEFERRAL_MS);
        await handBack(trx, 'subscriptions', { id: row.id, token, dueAtMs: now + waitMs });
        return 'deferred';
      }
      if (outcome?.kind !== 'completed') {
        const next = this.schedule.next(row.asks, row.token !== null, now);
        await this.subscriptions.reschedule(trx, row.id, token, next);
        return next.parkedAtMs === null ? 'failed-to-ask' : 'parked';
      }
      const { status } = outcome.answer;
      const isOpen = status === 'PENDING' || status === 'UNKNOWN';
      const next = isOpen ? this.schedule.next(row.asks, true, now) : NOT_DUE;
      const notify = { when: 'on-change', metadata: outcome.answer.metadata } as const;
      if (status !== 'UNKNOWN')
        await this.ledger.move(trx, row, status, { source: 'reconciliation', cause: null, next, notify });
      await this.subscriptions.reschedule(trx, row.id, token, next);
      if (!isOpen) return 'settled';
      return next.parkedAtMs === null ? 'still-open' : 'parked';
    });
  }

  async #query(row: SubscriptionRow): Promise<ProviderOutcome<SubscriptionStatusAnswer> | undefined> {
    if (row.token === null) return undefined;
    return this.registry.get(row.external)?.subscriptionStatus(row.token, {
      requestId: newIdentifier('req', this.clock.now()),
      priority: 'background',
    });
  }
}
