import { Module } from '@nestjs/common';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RefundsModule } from '../refunds/refunds.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { AdminLists } from './admin-lists.service.js';
import { AttentionController } from './attention/attention.controller.js';
import { AttentionRepository } from './attention/attention.repository.js';
import { CallbackListRepository } from './callbacks/callback-list.repository.js';
import { CallbacksListController } from './callbacks/callbacks-list.controller.js';
import { ExternalsAdminController } from './externals/externals-admin.controller.js';
import { NotificationListRepository } from './notifications/notification-list.repository.js';
import { NotificationsListController } from './notifications/notifications-list.controller.js';
import { OperationListRepository } from './operations/operation-list.repository.js';
import { OperationsAdminController } from './operations/operations-admin.controller.js';
import { PaymentCheck } from './payments/payment-check.service.js';
import { PaymentDetails } from './payments/payment-details.service.js';
import { PaymentListRepository } from './payments/payment-list.repository.js';
import { PaymentPartsRepository } from './payments/payment-parts.repository.js';
import { PaymentsAdminController } from './payments/payments-admin.controller.js';
import { RefundsAdminController } from './refunds/refunds-admin.controller.js';
import { OperationResolution } from './resolutions/operation-resolution.service.js';
import { PaymentResolution } from './resolutions/payment-resolution.service.js';
import { RefundResolution } from './resolutions/refund-resolution.service.js';
import { SubscriptionResolution } from './resolutions/subscription-resolution.service.js';
import { SubscriptionListRepository } from './subscriptions/subscription-list.repository.js';
import { SubscriptionsAdminController } from './subscriptions/subscriptions-admin.controller.js';

/** What operators read, and settle by hand (SPEC §8). Replays of notifications are with those. */
@Module({
  imports: [
    NotificationsModule,
    OperationsModule,
    PaymentsModule,
    ProvidersModule,
    RefundsModule,
    SubscriptionsModule,
  ],
  controllers: [
    AttentionController,
    CallbacksListController,
    ExternalsAdminController,
    NotificationsListController,
    OperationsAdminController,
    PaymentsAdminController,
    RefundsAdminController,
    SubscriptionsAdminController,
  ],
  providers: [
    AdminLists,
    AttentionRepository,
    CallbackListRepository,
    NotificationListRepository,
    OperationListRepository,
    OperationResolution,
    PaymentCheck,
    PaymentDetails,
    PaymentListRepository,
    PaymentPartsRepository,
    PaymentResolution,
    RefundResolution,
    SubscriptionListRepository,
    SubscriptionResolution,
  ],
})
export class AdminModule {}
