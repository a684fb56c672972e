import { Module } from '@nestjs/common';
import { ExternalProviderRegistry } from './external-provider.registry.js';
import { ExternalsReloader } from './externals.reloader.js';
import { ProvidersGauges } from './providers.gauges.js';
import { ProvidersMetrics } from './providers.metrics.js';

/** The registry of externals. With the bundled simulator it starts empty; `BundledSimulator` fills it. */
@Module({
  providers: [ExternalProviderRegistry, ExternalsReloader, ProvidersGauges, ProvidersMetrics],
  exports: [ExternalProviderRegistry],
})
export class ProvidersModule {}
