import type { OnApplicationShutdown } from '@nestjs/common';
import type { ExternalsSource } from '../config/config.js';
import type { ExternalConfig } from '../config/external-config.js';
import type { FileWatcher } from '../config/file-watcher.js';
import { watchExternalsFile, type ExternalsListener } from '../config/externals-watcher.js';
import type { ExternalProviderRegistry } from './external-provider.registry.js';
import type { ProviderObserver } from './provider-observer.js';

/** Starts watching; `watchExternalsFile` unless a test says otherwise. */
export type WatchExternals = (listener: ExternalsListener) => FileWatcher;

/**
 * Takes a valid change of the externals file into the registry, and tells of an invalid one, which changes nothing (SPEC §6). A
 * change that is valid as a file, and of which a provider still cannot be made, counts as invalid.
 */
export class ExternalsReloader implements OnApplicationShutdown {
  readonly #watcher: FileWatcher | undefined;

  constructor(
    source: ExternalsSource,
    private readonly registry: ExternalProviderRegistry,
    private readonly observer: ProviderObserver,
    watch: WatchExternals | undefined = watcherOf(source),
  ) {
    this.#watcher = watch?.({
      onExternals: (externals) => this.#reload(externals),
      onRejected: (error) => this.observer.onReloadRejected(error),
    });
  }

  /** Looks at the file now. */
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
      this.observer.onReloadRejected(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function watcherOf(source: ExternalsSource): WatchExternals | undefined {
  return source.kind === 'file' ? (listener) => watchExternalsFile(source, listener) : undefined;
}
