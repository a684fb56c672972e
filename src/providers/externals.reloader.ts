import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { ExternalConfig } from '../config/external-config.js';
import { readExternalsFile } from '../config/externals-file.js';
import { watchExternalsFile } from '../config/externals-watcher.js';
import type { FileWatcher } from '../config/file-watcher.js';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { ExternalProviderRegistry } from './external-provider.registry.js';
import { ProvidersMetrics } from './providers.metrics.js';

/**
 * Fills the registry from the externals file and applies each valid change of the file; an invalid change is logged
 * and changes nothing (SPEC §6). A change of which a provider cannot be created counts as invalid.
 */
@Injectable()
export class ExternalsReloader implements OnApplicationShutdown {
  readonly #watcher: FileWatcher | undefined;

  /** @throws ConfigError with every problem of the file */
  constructor(
    @Inject(CONFIG) { externals: source }: Pick<Config, 'externals'>,
    private readonly registry: ExternalProviderRegistry,
    private readonly log: Log,
    private readonly metrics: ProvidersMetrics,
  ) {
    if (source.kind !== 'file') return;
    // Watched before it is read, so that no change is lost in between.
    this.#watcher = watchExternalsFile(source, {
      onRead: (externals) => this.#reload(externals),
      onRejected: (error) => this.#reject(error),
    });
    try {
      registry.replace(readExternalsFile(source));
    } catch (error) {
      this.#watcher.close();
      throw error;
    }
  }

  /** Checks the file now. */
  async check(): Promise<void> {
    await this.#watcher?.check();
  }

  onApplicationShutdown(): void {
    this.#watcher?.close();
  }

  #reload(externals: readonly ExternalConfig[]): void {
    try {
      this.registry.replace(externals);
    } catch (error) {
      this.#reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #reject(error: Error): void {
    this.metrics.countReload('rejected');
    this.log.error(
      { detail: outside(error.message) },
      'the externals file was changed and is not valid: the externals stay as they were',
    );
  }
}
