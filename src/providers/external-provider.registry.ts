import type { OnApplicationShutdown } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import { Problem } from '../problems/problem.js';
import type { ExternalProvider } from './external-provider.js';
import type { ProviderObserver } from './provider-observer.js';
import { isSameConfig } from './same-config.js';

/** A provider that can make room for another one of the same name. */
export interface ReplaceableProvider extends ExternalProvider {
  retire(): Promise<void>;
  /** Ends the calls under way as if their time were over, and refuses further ones. */
  cut(): void;
}

/** Makes the provider of one external. */
export interface ExternalProviderFactory {
  create(config: ExternalConfig): ReplaceableProvider;
  /** Called once, after the last provider is closed. */
  close(): Promise<void>;
}

type Providers = ReadonlyMap<string, ReplaceableProvider>;

/**
 * The externals by name. Whoever got a provider may use it to the end, whatever becomes of the registry meanwhile: a reload
 * fails no request. Names are matched exactly (SPEC §6).
 */
export class ExternalProviderRegistry implements OnApplicationShutdown {
  #providers: Providers = new Map();
  /** Out of the registry, with calls still under way. */
  readonly #retiring = new Set<ReplaceableProvider>();
  #closing: Promise<void> | undefined;

  constructor(
    private readonly factory: ExternalProviderFactory,
    private readonly observer: ProviderObserver,
  ) {}

  get(name: string): ExternalProvider | undefined {
    return this.#providers.get(name);
  }

  /** Throws `external-not-found` where there is none (SPEC §3). */
  require(name: string): ExternalProvider {
    const provider = this.get(name);
    if (!provider) throw new Problem('external-not-found', 'There is no external of this name.');
    return provider;
  }

  names(): readonly string[] {
    return [...this.#providers.keys()];
  }

  all(): readonly ExternalProvider[] {
    return [...this.#providers.values()];
  }

  /**
   * These are the externals from now on. One whose configuration stays as it was keeps its provider, and with it its circuit
   * breaker and its sockets; the others are made anew, and what they replace closes its sockets after its last
   * call. All or nothing: where one cannot be made, this throws and the registry stays as it was.
   */
  replace(externals: readonly ExternalConfig[]): void {
    if (this.#closing) return;
    const before = this.#providers;
    const created = new Map<string, ReplaceableProvider>();
    const after = new Map<string, ReplaceableProvider>();
    try {
      for (const config of externals) {
        const present = before.get(config.name);
        const stays = present && isSameConfig(present.config, config);
        if (!stays) created.set(config.name, this.factory.create(config));
        after.set(config.name, stays ? present : created.get(config.name)!);
      }
    } catch (error) {
      for (const provider of created.values()) this.#retire(provider);
      throw error;
    }
    this.#providers = after;
    const gone = [...before].filter(([name, provider]) => after.get(name) !== provider);
    for (const [, provider] of gone) this.#retire(provider);
    this.#tell(before, after, created);
  }

  /** The gateway stops and cannot wait any longer: each call under way ends as if its time were over, and is recorded so. */
  cut(): void {
    for (const provider of [...this.#retiring, ...this.#providers.values()]) provider.cut();
  }

  /** Resolves when the last calls under way have ended, and every socket is closed. Called twice, it does it once. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  #retire(provider: ReplaceableProvider): void {
    this.#retiring.add(provider);
    void provider.retire().finally(() => this.#retiring.delete(provider));
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#retiring, ...this.#providers.values()].map((provider) => provider.close()));
    await this.factory.close();
  }

  #tell(before: Providers, after: Providers, created: Providers): void {
    const added = [...created.keys()].filter((name) => !before.has(name));
    const changed = [...created.keys()].filter((name) => before.has(name));
    const removed = [...before.keys()].filter((name) => !after.has(name));
    if (created.size > 0 || removed.length > 0) this.observer.onReload({ added, changed, removed });
  }
}
