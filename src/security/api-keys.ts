import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { permittedBy } from '../config/api-keys.js';
import type { CallersConfig, Scope } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import { FileWatcher, type FileWatcherOptions } from '../config/file-watcher.js';
import type { Principal } from '../http/request-context.js';
import { configuredKey, readApiKeysFile, type ApiKey } from './api-keys-file.js';
import { equalDigests, sha256 } from './digest.js';
import type { Secret } from '../sensitive/secret.js';
import type { SecurityMetrics } from './security.metrics.js';

/** The name of the throw-away key, in logs and in the audit. */
const THROW_AWAY = 'throw-away';

/** Where payments need no credentials, one key opens all of the documentation; else it is for `/admin` alone. */
function throwAwayScopes({ auth }: CallersConfig): readonly Scope[] {
  return auth === 'required' ? ['admin'] : ['payments', 'refunds', 'subscriptions', 'read', 'admin'];
}

interface Entry {
  readonly digest: Buffer;
  readonly principal: Principal;
}

/**
 * The keys of `API_KEYS` and of `API_KEYS_FILE`, which is watched: a valid change is in force at once, an invalid one
 * changes nothing and is reported (SPEC §6).
 */
export class ApiKeys implements OnApplicationShutdown {
  readonly #logger = new Logger('Security');
  readonly #configured: readonly ApiKey[];
  readonly #watcher: FileWatcher | undefined;
  #entries: readonly Entry[];

  /** @throws ConfigError where the file is not valid, or credentials are required and there are none */
  constructor(
    private readonly config: CallersConfig,
    private readonly metrics: SecurityMetrics,
    watching?: FileWatcherOptions,
    /** An operator's key that is in no configuration: of this process alone, in development. */
    readonly throwAwayKey?: Secret,
  ) {
    const { keysFile } = config;
    const throwAway =
      throwAwayKey &&
      configuredKey({ name: THROW_AWAY, secret: throwAwayKey, scopes: throwAwayScopes(config) });
    this.#configured = [...config.keys.map(configuredKey), ...(throwAway ? [throwAway] : [])];
    // Watched before it is read, so that a change in between is not lost.
    this.#watcher =
      keysFile === undefined ? undefined : new FileWatcher([keysFile], () => this.#reload(), watching);
    try {
      this.#entries = this.#read();
      this.#refuseNoCredentials();
    } catch (error) {
      this.onApplicationShutdown();
      throw error;
    }
  }

  /** The holder of this secret. Takes the same time for every wrong secret: the comparison reveals no digest. */
  find(secret: string): Principal | undefined {
    const digest = sha256(secret);
    let found: Principal | undefined;
    for (const entry of this.#entries) {
      if (equalDigests(entry.digest, digest)) found = entry.principal;
    }
    return found;
  }

  /** Reads the file now. */
  async check(): Promise<void> {
    await this.#watcher?.check();
  }

  onApplicationShutdown(): void {
    this.#watcher?.close();
  }

  #read(): readonly Entry[] {
    const { keysFile, production = false } = this.config;
    const filed = keysFile === undefined ? [] : readApiKeysFile(keysFile, this.#configured, production);
    return [...this.#configured, ...filed].map(entryOf);
  }

  #reload(): void {
    try {
      this.#entries = this.#read();
      this.metrics.countKeysReload('accepted');
      this.#logger.log(`API_KEYS_FILE was changed: ${this.#entries.length} keys are in force`);
    } catch (error) {
      this.metrics.countKeysReload('rejected');
      const why = error instanceof Error ? error.message : String(error);
      this.#logger.error(`API_KEYS_FILE was changed and is not valid, the keys of before stay: ${why}`);
    }
  }

  /** At start-up no key at all is a mistake that locks out every caller; later it is how the last key is withdrawn. */
  #refuseNoCredentials(): void {
    if (this.config.auth !== 'required' || this.config.oidc || this.#entries.length > 0) return;
    throw new ConfigError([
      'API_KEYS_FILE: must have at least one key where API_AUTH is required and neither API_KEYS nor OIDC_ISSUER is set',
    ]);
  }
}

function entryOf({ name, digest, scopes, externals }: ApiKey): Entry {
  return {
    digest,
    principal: { name, scopes: permittedBy(scopes), externals: externals && new Set(externals) },
  };
}
