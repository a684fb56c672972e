import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Simulator } from '@tollgate/simulator';
import type { Config, DatabaseConfig } from './config/config.js';
import { CONFIG } from './config/config.module.js';
import type { ExternalConfig } from './config/external-config.js';
import { parseExternals } from './config/externals-file.js';
import { ReceiverRegistry } from './notifications/receiver.registry.js';
import { ExternalProviderRegistry } from './providers/external-provider.registry.js';
import { Secret } from './sensitive/secret.js';

/** The simulator's port in development; a free one where another program listens on it. */
const PORT = 8_090;

/** Starts the simulator as external and receiver where no externals file is configured (SPEC §6). */
@Injectable()
export class BundledSimulator implements OnModuleInit, OnApplicationShutdown {
  #simulator: Simulator | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly registry: ExternalProviderRegistry,
    private readonly receivers: ReceiverRegistry,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The address of its index page. */
  get url(): string | undefined {
    return this.#simulator?.url;
  }

  /** Whether it still knows after a restart what it executed. */
  get remembers(): boolean {
    return memoryPathOf(this.config.database) !== undefined;
  }

  async onModuleInit(): Promise<void> {
    const { startSimulator } = await import('@tollgate/simulator'); // production never loads it
    const { receiverUrl, secrets: configured } = this.config.notifications;
    const secrets =
      configured.length > 0 ? configured : [new Secret(`whsec_${randomBytes(32).toString('base64')}`)];
    this.#simulator = await startSimulator({
      // A gateway on a free port is one of several, as in tests: so is its simulator.
      port: this.config.http.port === 0 ? 0 : PORT,
      orAnyPort: true,
      memoryPath: memoryPathOf(this.config.database),
      callbackUrl: () => this.#callbackUrl(),
      notificationSecrets: secrets.map((secret) => secret.reveal()),
    });
    const { url } = this.#simulator;
    this.registry.replace([simulatorExternal(url)]);
    if (receiverUrl === undefined) this.receivers.usePaymentCallback(`${url}/receiver`, secrets);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#simulator?.close();
  }

  /** Undefined until the gateway listens. */
  #callbackUrl(): string | undefined {
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    const address = server.address() as AddressInfo | null;
    return address ? `http://127.0.0.1:${address.port}/v3/simulator/callback` : undefined;
  }
}

/**
 * Beside the ledger's file, so that the two agree after a restart, and are deleted or copied together. PostgreSQL has no
 * such place, and may serve several gateways, each with a simulator of its own: those remember nothing.
 */
function memoryPathOf(database: DatabaseConfig): string | undefined {
  return database.kind === 'sqlite' && database.path !== ':memory:'
    ? `${database.path}.simulator`
    : undefined;
}

/** The simulator as the external `simulator`, with the defaults of the externals file (SPEC §6). */
function simulatorExternal(baseUrl: string): ExternalConfig {
  const external = {
    externalService: 'simulator',
    baseUrl,
    operations: { 'refund/status': true, cancel: true },
    honoursIdempotencyKey: true,
    statusByShopTransactionId: true,
  };
  const file = JSON.stringify({ externalServices: [external] });
  return parseExternals(file, { enabled: undefined, env: {}, readFile: () => '' })[0]!;
}
