import { Module } from '@nestjs/common';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { ExpireSubscriptionOperation } from './expire-subscription.operation.js';
import { PaySubscriptionOperation } from './pay-subscription.operation.js';
import { ScheduleSubscriptionOperation } from './schedule-subscription.operation.js';
import { StartSubscriptionOperation } from './start-subscription.operation.js';
import { SubscriptionInquiry } from './subscription.inquiry.js';
import { SubscriptionLedger } from './subscription.ledger.js';
import { SubscriptionRepository } from './subscription.repository.js';
import { SubscriptionWatcher } from './subscription.watcher.js';
import { SubscriptionWatchRepository } from './subscription-watch.repository.js';
import { SubscriptionsController } from './subscriptions.controller.js';
import { SubscriptionsMetrics } from './subscriptions.metrics.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { UpdateSubscriptionOperation } from './update-subscription.operation.js';

const OPERATIONS = [
  ExpireSubscriptionOperation,
  PaySubscriptionOperation,
  ScheduleSubscriptionOperation,
  StartSubscriptionOperation,
  UpdateSubscriptionOperation,
];

@Module({
  imports: [NotificationsModule, OperationsModule, PaymentsModule, ProvidersModule],
  controllers: [SubscriptionsController],
  providers: [
    ...OPERATIONS,
    SubscriptionInquiry,
    SubscriptionLedger,
    SubscriptionRepository,
    SubscriptionsMetrics,
    SubscriptionsService,
    SubscriptionWatcher,
    SubscriptionWatchRepository,
  ],
  exports: [
    ...OPERATIONS,
    SubscriptionInquiry,
    SubscriptionLedger,
    SubscriptionRepository,
    SubscriptionWatcher,
  ],
})
export class SubscriptionsModule {}
