import { Module } from '@nestjs/common';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RefundsModule } from '../refunds/refunds.module.js';
import { SubscriptionsModule } from '../subscriptions/subscriptions.module.js';
import { CallbackInbox } from './callback.inbox.js';
import { CallbackRepository } from './callback.repository.js';
import { CallbacksController } from './callbacks.controller.js';
import { CallbacksMetrics } from './callbacks.metrics.js';
import { PushedStatusInbox } from './pushed-status.inbox.js';
import { UnknownPaymentLimit } from './unknown-payment.limit.js';
import { VerificationRecorder } from './verification.recorder.js';
import { VerificationWorker } from './verification.worker.js';

@Module({
  imports: [
    NotificationsModule,
    OperationsModule,
    PaymentsModule,
    ProvidersModule,
    RefundsModule,
    SubscriptionsModule,
  ],
  controllers: [CallbacksController],
  providers: [
    CallbackInbox,
    CallbackRepository,
    CallbacksMetrics,
    PushedStatusInbox,
    UnknownPaymentLimit,
    VerificationRecorder,
    VerificationWorker,
  ],
})
export class CallbacksModule {}
