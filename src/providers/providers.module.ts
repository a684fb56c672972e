import { Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/config.js';
import { readExternalsFile } from '../config/externals-file.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { Clock } from '../shared/clock.js';
import { ExternalProviderRegistry } from './external-provider.registry.js';
import { ExternalsReloader } from './externals-reloader.js';
import { HttpExternalProviderFactory } from './http-external-provider.factory.js';
import { ProviderObserver, SilentProviderObserver } from './provider-observer.js';

const OBSERVER = { token: ProviderObserver, optional: true };

/**
 * The registry, filled from the externals file, which is watched from then on. With the bundled simulator it starts
 * empty: who starts the simulator calls `registry.replace([simulatorExternal(url)])`.
 *
 * @throws ConfigError at start, with every problem of the file
 */
@Module({
  providers: [
    {
      provide: HttpExternalProviderFactory,
      inject: [CONFIG, Clock, OBSERVER],
      useFactory: (
        { egress }: Config,
        clock: Clock,
        observer: ProviderObserver = new SilentProviderObserver(),
      ) => new HttpExternalProviderFactory({ guard: new AddressGuard(egress), clock, observer }),
    },
    {
      provide: ExternalProviderRegistry,
      inject: [HttpExternalProviderFactory, OBSERVER],
      useFactory: (
        factory: HttpExternalProviderFactory,
        observer: ProviderObserver = new SilentProviderObserver(),
      ) => new ExternalProviderRegistry(factory, observer),
    },
    {
      provide: ExternalsReloader,
      inject: [CONFIG, ExternalProviderRegistry, OBSERVER],
      useFactory: (
        { externals }: Config,
        registry: ExternalProviderRegistry,
        observer: ProviderObserver = new SilentProviderObserver(),
      ) => {
        // Watched before it is read: a change in between is told rather than lost.
        const reloader = new ExternalsReloader(externals, registry, observer);
        if (externals.kind === 'file') registry.replace(readExternalsFile(externals));
        return reloader;
      },
    },
  ],
  exports: [ExternalProviderRegistry],
})
export class ProvidersModule {}
