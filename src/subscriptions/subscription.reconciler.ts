import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NOT_DUE, ReconciliationSchedule } from '../payments/reconciliation-schedule.js';
import { type Reconciler, ReconciliationWorker } from '../payments/reconciliation.worker.js';
import { Store } from '../persistence/store.js';
import type { SubscriptionStatusAnswer } from '../providers/answers.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { SubscriptionLedger } from './subscription.ledger.js';
import { SubscriptionRepository } from './subscription.repository.js';
import type { SubscriptionRow } from './subscription.table.js';

/** Asks how a subscription stands that is pending, or whose last change has an unknown outcome (SPEC §4). */
@Injectable()
export class SubscriptionReconciler implements Reconciler, OnModuleInit {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly ledger: SubscriptionLedger,
    private readonly subscriptions: SubscriptionRepository,
    private readonly schedule: ReconciliationSchedule,
    private readonly worker: ReconciliationWorker,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.worker.register('subscriptions', this);
  }

  /** `row` is leased to `token`, the question counted. */
  async reconcile(row: SubscriptionRow, token: string): Promise<'settled' | 'still-open' | 'failed-to-ask'> {
    const outcome = await this.#ask(row);
    return this.store.transaction(async (trx) => {
      if (outcome?.kind !== 'completed') {
        const next = this.schedule.next(row.asks, row.token !== null, this.clock.now());
        await this.subscriptions.reschedule(trx, row.id, token, next);
        return 'failed-to-ask';
      }
      const { status } = outcome.answer;
      const next = status === 'PENDING' ? this.schedule.next(row.asks, true, this.clock.now()) : NOT_DUE;
      await this.ledger.advance(trx, row, status, { source: 'reconciliation', cause: null }, next);
      await this.subscriptions.reschedule(trx, row.id, token, next);
      return status === 'PENDING' ? 'still-open' : 'settled';
    });
  }

  async #ask(row: SubscriptionRow): Promise<ProviderOutcome<SubscriptionStatusAnswer> | undefined> {
    if (row.token === null) return undefined;
    return this.registry.get(row.external)?.subscriptionStatus(row.token, {
      requestId: newIdentifier('req', this.clock.now()),
      priority: 'background',
    });
  }
}
