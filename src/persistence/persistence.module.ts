import { type DynamicModule, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { openStore } from './open-store.js';
import { type StorageUnavailable, Store } from './store.js';

/**
 * The one {@link Store}, opened and migrated before anything that needs it is created. It closes in Nest's last hook:
 * workers stop in an earlier one (`beforeApplicationShutdown`), as they need it to hand back their leases.
 */
@Module({})
export class PersistenceModule implements OnApplicationShutdown {
  /** `opened` takes the place of the database of the configuration. */
  static register(opened?: Store): DynamicModule {
    return {
      module: PersistenceModule,
      global: true,
      providers: [
        {
          provide: Store,
          inject: [CONFIG],
          useFactory: (config: Config) => opened ?? openStore(config.database, logMigrations, logWait),
        },
      ],
      exports: [Store],
    };
  }

  constructor(@Inject(Store) private readonly store: Store) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}

function logMigrations(migrations: readonly string[]): void {
  if (migrations.length > 0) {
    new Logger('Persistence').log(`database migrated: ${migrations.join(', ')}`);
  }
}

function logWait(error: StorageUnavailable, waitMs: number): void {
  new Logger('Persistence').warn(`waiting up to ${waitMs / 1_000} s for the database: ${error.message}`);
}
