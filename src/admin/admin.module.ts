import { Module } from '@nestjs/common';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RefundsModule } from '../refunds/refunds.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { TotalsModule } from '../totals/totals.module.js';
import { Attention } from './attention/attention.service.js';
import { ErasuresController } from './erasures/erasures.controller.js';
import { Erasures } from './erasures/erasures.service.js';
import { FeedController } from './feed/feed.controller.js';
import { FeedRepository } from './feed/feed.repository.js';
import { Feed } from './feed/feed.service.js';
import { ListsController } from './lists.controller.js';
import { MeController } from './me/me.controller.js';
import { PaymentCancel } from './payments/payment-cancel.service.js';
import { PaymentCheck } from './payments/payment-check.service.js';
import { PaymentRefund } from './payments/payment-refund.service.js';
import { PaymentsAdminController } from './payments/payments-admin.controller.js';
import { PaymentCancelController } from './payments/payment-cancel.controller.js';
import { RefundsAdminController } from './refunds/refunds-admin.controller.js';
import { RecoveryController } from './recovery/recovery.controller.js';
import { RecoveryService } from './recovery/recovery.service.js';
import { SearchController } from './search/search.controller.js';
import { ResolutionsController } from './resolutions/resolutions.controller.js';
import { OperationResolution } from './resolutions/operation-resolution.service.js';
import { PaymentResolution } from './resolutions/payment-resolution.service.js';
import { RefundResolution } from './resolutions/refund-resolution.service.js';
import { Resolutions } from './resolutions/resolutions.service.js';
import { SubscriptionResolution } from './resolutions/subscription-resolution.service.js';
import { SummaryController } from './summary/summary.controller.js';
import { SummaryService } from './summary/summary.service.js';

/** The lists, histories and resolutions of operators (SPEC §8). The module of notifications has the replays. */
@Module({
  imports: [
    NotificationsModule,
    OperationsModule,
    PaymentsModule,
    ProvidersModule,
    RefundsModule,
    SubscriptionsModule,
    TotalsModule,
  ],
  controllers: [
    FeedController,
    ListsController,
    MeController,
    RecoveryController,
    SearchController,
    SummaryController,
    PaymentsAdminController,
    PaymentCancelController,
    RefundsAdminController,
    ResolutionsController,
    ErasuresController,
  ],
  providers: [
    Attention,
    Erasures,
    Feed,
    FeedRepository,
    PaymentCancel,
    PaymentCheck,
    PaymentRefund,
    PaymentResolution,
    RefundResolution,
    SubscriptionResolution,
    OperationResolution,
    RecoveryService,
    Resolutions,
    SummaryService,
  ],
})
export class AdminModule {}
