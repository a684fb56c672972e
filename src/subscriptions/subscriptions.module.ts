import { Module } from '@nestjs/common';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { SubscriptionLedger } from './subscription.ledger.js';
import { SubscriptionReconciler } from './subscription.reconciler.js';
import { SubscriptionRepository } from './subscription.repository.js';
import { SubscriptionsController } from './subscriptions.controller.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Module({
  imports: [OperationsModule, PaymentsModule, ProvidersModule],
  controllers: [SubscriptionsController],
  providers: [SubscriptionLedger, SubscriptionReconciler, SubscriptionRepository, SubscriptionsService],
  exports: [SubscriptionLedger, SubscriptionRepository],
})
export class SubscriptionsModule {}
