import type { ExternalConfig } from '../config/external-config.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import type { Clock } from '../shared/clock.js';
import { createOutboundAuth } from './auth/outbound-auth.factory.js';
import type { ExternalProviderFactory } from './external-provider.registry.js';
import { HttpExternalProvider } from './http-external-provider.js';
import type { ProviderObserver } from './provider-observer.js';

const TOKEN_CONNECT_MS = 5_000;
const MAX_TOKEN_ANSWER_BYTES = 65_536;

export interface HttpExternalProviderFactoryDependencies {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly observer: ProviderObserver;
}

/** Makes providers that share the client of the token endpoints. */
export class HttpExternalProviderFactory implements ExternalProviderFactory {
  readonly #tokenClient: OutboundClient;

  constructor(private readonly dependencies: HttpExternalProviderFactoryDependencies) {
    this.#tokenClient = new OutboundClient({
      guard: dependencies.guard,
      connectTimeoutMs: TOKEN_CONNECT_MS,
      maxAnswerBytes: MAX_TOKEN_ANSWER_BYTES,
    });
  }

  /** @throws Error where the files of a client certificate cannot be read or do not fit each other */
  create(config: ExternalConfig): HttpExternalProvider {
    const { clock, guard, observer } = this.dependencies;
    const auth = createOutboundAuth(config.auth, {
      clock,
      tokenClient: this.#tokenClient,
      onWarning: (message) => observer.onWarning(config.name, message),
    });
    return new HttpExternalProvider(config, { auth, guard, clock, observer });
  }

  async close(): Promise<void> {
    await this.#tokenClient.close();
  }
}
