import { Module } from '@nestjs/common';
import { ProvidersModule } from '../providers/providers.module.js';
import { DeliveryRecorder } from './delivery.recorder.js';
import { DeliveryWorker } from './delivery.worker.js';
import { NotificationAttemptRepository } from './notification-attempt.repository.js';
import { NotificationLeaseRepository } from './notification-lease.repository.js';
import { NotificationOutbox } from './notification.outbox.js';
import { NotificationReplay } from './notification.replay.js';
import { NotificationRepository } from './notification.repository.js';
import { NotificationSender } from './notification.sender.js';
import { NotificationsMetrics } from './notifications.metrics.js';
import { NotificationsAdminController } from './notifications-admin.controller.js';
import { ReceiverRegistry } from './receiver.registry.js';
import { ReceiversReloader } from './receivers.reloader.js';
import { ReplayRepository } from './replay.repository.js';
import { RetrySchedule } from './retry-schedule.js';

@Module({
  imports: [ProvidersModule],
  controllers: [NotificationsAdminController],
  providers: [
    DeliveryRecorder,
    DeliveryWorker,
    NotificationAttemptRepository,
    NotificationLeaseRepository,
    NotificationOutbox,
    NotificationReplay,
    NotificationRepository,
    NotificationSender,
    NotificationsMetrics,
    ReceiverRegistry,
    ReceiversReloader,
    ReplayRepository,
    RetrySchedule,
  ],
  exports: [
    DeliveryWorker,
    NotificationAttemptRepository,
    NotificationOutbox,
    NotificationRepository,
    ReceiverRegistry,
    RetrySchedule,
  ],
})
export class NotificationsModule {}
