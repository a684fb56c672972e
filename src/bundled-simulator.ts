import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Config } from './config/config.js';
import { CONFIG } from './config/config.module.js';
import { NotificationReceiver } from './notifications/notification-receiver.js';
import { ExternalProviderRegistry } from './providers/external-provider.registry.js';
import { simulatorExternal } from './providers/simulator-external.js';
import { Secret } from './sensitive/secret.js';
import { type Simulator, startSimulator } from './simulator/simulator.js';

/** Without an externals file: an external and a receiver in the same process, so that a first payment needs no file (SPEC §6). */
@Injectable()
export class BundledSimulator implements OnModuleInit, OnApplicationShutdown {
  #simulator: Simulator | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly registry: ExternalProviderRegistry,
    private readonly receiver: NotificationReceiver,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Of its first page, for a person. */
  get url(): string | undefined {
    return this.#simulator?.url;
  }

  async onModuleInit(): Promise<void> {
    const { receiverUrl, secrets: configured } = this.config.notifications;
    const secrets =
      configured.length > 0 ? configured : [new Secret(`whsec_${randomBytes(32).toString('base64')}`)];
    this.#simulator = await startSimulator({
      port: 0,
      callbackUrl: () => this.#callbackUrl(),
      notificationSecrets: secrets,
    });
    const { url } = this.#simulator;
    this.registry.replace([simulatorExternal(url)]);
    if (receiverUrl === undefined) this.receiver.use({ url: `${url}/receiver`, secrets });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#simulator?.close();
  }

  /** Known once the gateway listens; before, nobody has paid. */
  #callbackUrl(): string | undefined {
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    const address = server.address() as AddressInfo | null;
    return address ? `http://127.0.0.1:${address.port}/v3/simulator/callback` : undefined;
  }
}
