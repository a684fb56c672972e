import type { buildConnector } from 'undici';
import { UndiciAdapter } from './undici.adapter.js';

/**
 * The connections to one external, and who uses them. Once {@link drain} was called they are closed whenever
 * nobody does: a caller that holds on to its provider over a reload finds new ones, and leaves none behind.
 */
export class ExternalConnections {
  #adapter: UndiciAdapter | undefined;
  #users = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(
    private readonly origin: string,
    private readonly connect: buildConnector.connector,
  ) {}

  /** Inside of {@link use} only. */
  adapter(): UndiciAdapter {
    return (this.#adapter ??= new UndiciAdapter({ origin: this.origin, connect: this.connect }));
  }

  /** Those to come are dialled anew, as their credentials changed; who is under way ends on those that there are. */
  renew(): void {
    const adapter = this.#adapter;
    this.#adapter = undefined;
    void adapter?.close();
  }

  /** Keeps the connections open while `work` runs. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work();
    } finally {
      this.#users -= 1;
      if (this.#drained && this.#users === 0) void this.#closeSockets();
    }
  }

  /** Resolves when the last user has left, and the sockets are closed. */
  drain(): Promise<void> {
    if (!this.#drained) {
      this.#drained = Promise.withResolvers<void>();
      if (this.#users === 0) void this.#closeSockets();
    }
    return this.#drained.promise;
  }

  async #closeSockets(): Promise<void> {
    const adapter = this.#adapter;
    this.#adapter = undefined;
    await adapter?.close();
    this.#drained!.resolve();
  }
}
