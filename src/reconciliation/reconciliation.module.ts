import { Module } from '@nestjs/common';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RefundsModule } from '../refunds/refunds.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { PaymentReconciler } from './payment.reconciler.js';
import { QueryEnds } from './query-ends.js';
import { ReconciliationMetrics } from './reconciliation.metrics.js';
import { ReconciliationRepository } from './reconciliation.repository.js';
import { ReconciliationWorker } from './reconciliation.worker.js';
import { RefundReconciler } from './refund.reconciler.js';
import { SubscriptionReconciler } from './subscription.reconciler.js';

/** Queries the externals about payments, refunds and subscriptions whose outcome is not known (SPEC §4). */
@Module({
  imports: [OperationsModule, PaymentsModule, ProvidersModule, RefundsModule, SubscriptionsModule],
  providers: [
    PaymentReconciler,
    QueryEnds,
    ReconciliationMetrics,
    ReconciliationRepository,
    ReconciliationWorker,
    RefundReconciler,
    SubscriptionReconciler,
  ],
  exports: [ReconciliationWorker],
})
export class ReconciliationModule {}
