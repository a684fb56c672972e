import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './admin/admin.module.js';
import { AuditModule } from './audit/audit.module.js';
import { BundledSimulator } from './bundled-simulator.js';
import { CallbacksModule } from './callbacks/callbacks.module.js';
import type { Config } from './config/config.js';
import { configModule } from './config/config.module.js';
import { ConsoleModule } from './console/console.module.js';
import { HttpModule } from './http/http.module.js';
import { LandingModule } from './landing/landing.module.js';
import { LeasesModule } from './leases/leases.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { type Instruments, ObservabilityModule } from './observability/observability.module.js';
import { OperationListModule } from './operation-list.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { PersistenceModule } from './persistence/persistence.module.js';
import type { Store } from './persistence/store.js';
import { ProvidersModule } from './providers/providers.module.js';
import { ReconciliationModule } from './reconciliation/reconciliation.module.js';
import { RefundsModule } from './refunds/refunds.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { SecurityModule } from './security/security.module.js';
import type { Clock } from './shared/clock.js';
import { ClockModule } from './shared/clock.module.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';

/** All modules together; it only wires. */
@Module({})
// oxlint-disable-next-line typescript/no-extraneous-class -- a dynamic module of Nest is a class with a static method
export class AppModule {
  static register(config: Config, clock: Clock, instruments: Instruments, store?: Store): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ClockModule.register(clock),
        configModule(config),
        ObservabilityModule.register(instruments),
        PersistenceModule.register(store),
        AuditModule,
        LeasesModule,
        SecurityModule.register(config),
        ProvidersModule,
        HttpModule,
        OperationsModule,
        NotificationsModule,
        PaymentsModule,
        RefundsModule,
        SubscriptionsModule,
        OperationListModule,
        ReconciliationModule,
        CallbacksModule,
        RetentionModule,
        AdminModule,
        LandingModule,
        ...(config.console.enabled ? [ConsoleModule] : []),
      ],
      providers: config.externals.kind === 'simulator' ? [BundledSimulator] : [],
    };
  }
}
