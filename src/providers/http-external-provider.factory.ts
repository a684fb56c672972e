import type { HttpService } from '@nestjs/axios';
import { Agent } from 'undici';
import type { ExternalConfig } from '../config/external-config.js';
import type { AddressGuard } from '../security/address-guard.js';
import type { Clock } from '../shared/clock.js';
import { createOutboundAuth } from './auth/outbound-auth.factory.js';
import { bareHttpService } from './bare-http-service.js';
import type { ExternalProviderFactory } from './external-provider.registry.js';
import { HttpExternalProvider } from './http-external-provider.js';
import type { ProviderObserver } from './provider-observer.js';

const TOKEN_CONNECT_MS = 5_000;

export interface HttpExternalProviderFactoryDependencies {
  /** Nobody else's: axios' defaults are taken off it. */
  readonly http: HttpService;
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly observer: ProviderObserver;
}

/** Makes providers that share what is not one external's own: the axios instance, and the connections to token endpoints. */
export class HttpExternalProviderFactory implements ExternalProviderFactory {
  readonly #http: HttpService;
  readonly #tokenConnections: Agent;

  constructor(private readonly dependencies: HttpExternalProviderFactoryDependencies) {
    this.#http = bareHttpService(dependencies.http);
    this.#tokenConnections = new Agent({
      allowH2: false,
      connect: dependencies.guard.connector({ allowH2: false, timeout: TOKEN_CONNECT_MS }),
    });
  }

  /** @throws Error where the files of a client certificate cannot be read or do not fit each other */
  create(config: ExternalConfig): HttpExternalProvider {
    const { clock, guard, observer } = this.dependencies;
    const auth = createOutboundAuth(config.auth, {
      clock,
      dispatcher: this.#tokenConnections,
      onWarning: (message) => observer.onWarning(config.name, message),
    });
    return new HttpExternalProvider(config, { http: this.#http, auth, guard, clock, observer });
  }

  async close(): Promise<void> {
    await this.#tokenConnections.close();
  }
}
