import { Global, Module } from '@nestjs/common';
import { CallbackObserver } from './callbacks/callback.observer.js';
import { CallbackTelemetry } from './callbacks/callback.telemetry.js';
import { NotificationTelemetry } from './notifications/notification.telemetry.js';
import { NotificationObserver } from './notifications/notification.observer.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { ProviderGauges } from './providers/provider.gauges.js';
import { ProviderObserver } from './providers/provider-observer.js';
import { ProviderTelemetry } from './providers/provider.telemetry.js';
import { ProvidersModule } from './providers/providers.module.js';
import { WorkerHealth } from './worker.health.js';

/** Lets each room's happenings be seen: who listens where a room tells. A room alone, in a test, tells nobody. */
@Global()
@Module({
  imports: [NotificationsModule, ProvidersModule],
  providers: [
    { provide: CallbackObserver, useClass: CallbackTelemetry },
    { provide: NotificationObserver, useClass: NotificationTelemetry },
    { provide: ProviderObserver, useClass: ProviderTelemetry },
    ProviderGauges,
    WorkerHealth,
  ],
  exports: [CallbackObserver, NotificationObserver, ProviderObserver],
})
export class TelemetryModule {}
