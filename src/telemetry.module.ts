import { Global, Module } from '@nestjs/common';
import { ProviderGauges } from './providers/provider.gauges.js';
import { ProviderObserver } from './providers/provider-observer.js';
import { ProviderTelemetry } from './providers/provider.telemetry.js';
import { ProvidersModule } from './providers/providers.module.js';

/** Lets each room's happenings be seen: who listens where a room tells. A room alone, in a test, tells nobody. */
@Global()
@Module({
  imports: [ProvidersModule],
  providers: [{ provide: ProviderObserver, useClass: ProviderTelemetry }, ProviderGauges],
  exports: [ProviderObserver],
})
export class TelemetryModule {}
