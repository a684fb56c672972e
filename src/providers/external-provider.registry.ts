import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import { CONFIG } from '../config/config.module.js';
import type { ExternalConfig } from '../config/external-config.js';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import { Problem } from '../problems/problem.js';
import { Clock } from '../shared/clock.js';
import { createOutboundAuth } from './auth/outbound-auth.factory.js';
import type { ExternalProvider } from './external-provider.js';
import { HttpExternalProvider } from './http-external-provider.js';
import { ProvidersMetrics } from './providers.metrics.js';
import { isSameConfig } from './same-config.js';

const TOKEN_CONNECT_MS = 5_000;
const MAX_TOKEN_ANSWER_BYTES = 65_536;

/** Names in an error: more would not be read. */
const MAX_NAMES = 20;

type Providers = ReadonlyMap<string, HttpExternalProvider>;

/**
 * The externals by name; names match exactly (SPEC §6). A request that holds a provider may use it to its end: a
 * reload makes no request fail.
 */
@Injectable()
export class ExternalProviderRegistry implements OnApplicationShutdown {
  #providers: Providers = new Map();
  /** Replaced or removed, with calls in flight. */
  readonly #retiring = new Set<HttpExternalProvider>();
  readonly #guard: AddressGuard;
  /** The client of all token endpoints. */
  readonly #tokenClient: OutboundClient;
  #closing: Promise<void> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'egress' | 'httpLogLevel'>,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly metrics: ProvidersMetrics,
    private readonly tracer: Tracer,
  ) {
    this.#guard = new AddressGuard(config.egress);
    this.#tokenClient = new OutboundClient({
      guard: this.#guard,
      connectTimeoutMs: TOKEN_CONNECT_MS,
      maxAnswerBytes: MAX_TOKEN_ANSWER_BYTES,
      // Externals share it: a late answer on a reused connection would be the token of another one.
      reuseConnections: false,
    });
  }

  get(name: string): ExternalProvider | undefined {
    return this.#providers.get(name);
  }

  /**
   * `mayName`: whether an error may name the external.
   * @throws Problem `external-not-found` (SPEC §3)
   */
  require(name: string, mayName: (name: string) => boolean = () => false): ExternalProvider {
    const provider = this.get(name);
    if (!provider) throw notFound(this.names().filter(mayName).toSorted());
    return provider;
  }

  names(): readonly string[] {
    return [...this.#providers.keys()];
  }

  all(): readonly ExternalProvider[] {
    return [...this.#providers.values()];
  }

  /**
   * Replaces the externals. One with an unchanged configuration keeps its provider, and with it its circuit breaker
   * and its sockets. If a provider cannot be created, nothing changes.
   * @throws ConfigError where the files of client certificates cannot be read or do not match, with every problem
   */
  replace(externals: readonly ExternalConfig[]): void {
    if (this.#closing) return;
    const before = this.#providers;
    const created = new Map<string, HttpExternalProvider>();
    const after = new Map<string, HttpExternalProvider>();
    const problems: string[] = [];
    for (const config of externals) {
      const present = before.get(config.name);
      const stays = present && isSameConfig(present.config, config);
      const provider = stays ? present : this.#createUnless(problems, config);
      if (!provider) continue;
      if (!stays) created.set(config.name, provider);
      after.set(config.name, provider);
    }
    if (problems.length > 0) {
      for (const provider of created.values()) this.#retire(provider);
      throw new ConfigError(problems);
    }
    this.#providers = after;
    for (const [name, provider] of before) if (after.get(name) !== provider) this.#retire(provider);
    this.#record(before, after, created);
  }

  /** Ends each call in flight as if its time-out had passed: the shutdown cannot wait any longer. */
  cut(): void {
    for (const provider of this.#all()) provider.cut();
  }

  /**
   * Resolves when the last calls in flight have ended and every socket is closed. A second call waits for the first.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Adds to `problems` where the provider cannot be created. */
  #createUnless(problems: string[], config: ExternalConfig): HttpExternalProvider | undefined {
    try {
      return this.#create(config);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems.map((problem) => `external ${config.name}: ${problem}`));
      return undefined;
    }
  }

  #create(config: ExternalConfig): HttpExternalProvider {
    const { clock, log, metrics, tracer } = this;
    const auth = createOutboundAuth(config.auth, {
      clock,
      tokenClient: this.#tokenClient,
      tracer,
      onWarning: (message) =>
        log.warn({ external: config.name, detail: outside(message) }, 'external needs attention'),
    });
    return new HttpExternalProvider(config, {
      auth,
      guard: this.#guard,
      clock,
      log,
      metrics,
      tracer,
      httpLogLevel: this.config.httpLogLevel,
    });
  }

  #retire(provider: HttpExternalProvider): void {
    this.#retiring.add(provider);
    void provider.retire().finally(() => this.#retiring.delete(provider));
  }

  #all(): readonly HttpExternalProvider[] {
    return [...this.#retiring, ...this.#providers.values()];
  }

  async #close(): Promise<void> {
    await Promise.all(this.#all().map((provider) => provider.close()));
    await this.#tokenClient.close();
  }

  #record(before: Providers, after: Providers, created: Providers): void {
    const added = [...created.keys()].filter((name) => !before.has(name));
    const changed = [...created.keys()].filter((name) => before.has(name));
    const removed = [...before.keys()].filter((name) => !after.has(name));
    if (created.size === 0 && removed.length === 0) return;
    this.metrics.countReload('accepted');
    this.log.info({ added, changed, removed }, 'externals changed');
  }
}

function notFound(names: readonly string[]): Problem {
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  const shown = names.slice(0, MAX_NAMES).join(', ');
  const known = names.length > 0 ? ` These credentials may use: ${shown}${more}.` : '';
  return new Problem('external-not-found', `There is no external of this name.${known}`);
}
