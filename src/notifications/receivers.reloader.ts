import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { receiversWarnings } from '../config/configuration-warnings.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { watchDocument } from '../config/document-watcher.js';
import type { FileWatcher } from '../config/file-watcher.js';
import type { ReceiverConfig } from '../config/receiver-config.js';
import { readReceiversFile } from '../config/receivers-file.js';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { NotificationOutbox } from './notification.outbox.js';
import { NotificationsMetrics } from './notifications.metrics.js';
import { ReceiverRegistry } from './receiver.registry.js';

/**
 * Fills the registry from the receivers file and applies each valid change of the file; an invalid change is logged and
 * changes nothing (SPEC §5).
 */
@Injectable()
export class ReceiversReloader implements OnApplicationShutdown {
  readonly #watcher: FileWatcher | undefined;

  /** @throws ConfigError with every problem of the file */
  constructor(
    @Inject(CONFIG) { notifications: { receivers: source } }: Config,
    private readonly registry: ReceiverRegistry,
    private readonly externals: ExternalProviderRegistry,
    private readonly outbox: NotificationOutbox,
    private readonly log: Log,
    private readonly metrics: NotificationsMetrics,
  ) {
    if (!source) return;
    // Watched before it is read, so that no change is lost in between.
    this.#watcher = watchDocument(source.path, (readFile) => readReceiversFile(source, readFile), {
      onRead: (receivers) => this.#reload(receivers),
      onRejected: (error) => this.#reject(error),
    });
    try {
      registry.replace(readReceiversFile(source));
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

  #reload(receivers: readonly ReceiverConfig[]): void {
    this.registry.replace(receivers);
    this.metrics.countReload('accepted');
    const names = receivers.map(({ name }) => name);
    const warnings = receiversWarnings(receivers, this.externals.names());
    if (warnings.length > 0) this.log.warn({ receivers: names, warnings }, 'receivers changed');
    else this.log.info({ receivers: names }, 'receivers changed');
    // What waited for a receiver that is back.
    this.outbox.wake();
  }

  #reject(error: Error): void {
    this.metrics.countReload('rejected');
    this.log.error(
      { detail: outside(error.message) },
      'the receivers file was changed and is not valid: the receivers stay as they were',
    );
  }
}
