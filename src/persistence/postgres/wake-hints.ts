import { createHash, randomUUID } from 'node:crypto';
import { Client, type ClientConfig, escapeIdentifier } from 'pg';
import type { WakeChannel } from '../store.js';

/** Hints within this time after one become one; the first is sent at once. */
const COALESCE_MS = 20;
const RECONNECT_MS = 1_000;

/**
 * Wake-up hints between replicas, by `LISTEN` on a connection of its own and `NOTIFY` from the pool. A hint that is
 * lost, such as while the connection is down, costs a poll interval and nothing else.
 */
export class PostgresWakeHints {
  readonly #config: ClientConfig;
  readonly #scope: string;
  readonly #send: (channel: string, payload: string) => Promise<unknown>;
  /** Marks this replica's own hints, which it also receives and ignores. */
  readonly #self = randomUUID();
  readonly #pending = new Set<WakeChannel>();
  readonly #sentAt = new Map<WakeChannel, number>();
  readonly #wakes = new Map<string, () => void>();
  #client: Client | undefined;
  #closed = false;

  /** Channels belong to the whole database, so `schema` becomes part of their names. `send` is one NOTIFY. */
  constructor(
    config: ClientConfig,
    schema: string,
    send: (channel: string, payload: string) => Promise<unknown>,
  ) {
    this.#config = config;
    this.#scope = createHash('sha256').update(schema).digest('hex').slice(0, 12);
    this.#send = send;
  }

  notify(channel: WakeChannel): void {
    if (this.#pending.has(channel)) {
      return;
    }
    this.#pending.add(channel);
    const sentAt = this.#sentAt.get(channel) ?? -Infinity;
    setTimeout(
      () => {
        this.#pending.delete(channel);
        this.#sentAt.set(channel, performance.now());
        if (!this.#closed) {
          this.#send(this.#nameOf(channel), this.#self).catch(() => {});
        }
      },
      Math.max(0, sentAt + COALESCE_MS - performance.now()),
    ).unref();
  }

  listen(channel: WakeChannel, wake: () => void): void {
    this.#wakes.set(this.#nameOf(channel), wake);
    if (this.#client) {
      this.#client.query(`listen ${escapeIdentifier(this.#nameOf(channel))}`).catch(() => {});
    } else {
      void this.#connect();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => {});
  }

  #nameOf(channel: WakeChannel): string {
    return `tollgate_${this.#scope}_${channel}`;
  }

  async #connect(): Promise<void> {
    const client = new Client(this.#config);
    this.#client = client;
    client.on('error', () => {});
    client.on('notification', ({ channel, payload }) => {
      if (payload !== this.#self) {
        this.#wakes.get(channel)?.();
      }
    });
    client.once('end', () => this.#reconnectLater(client));
    try {
      await client.connect();
      for (const name of this.#wakes.keys()) {
        await client.query(`listen ${escapeIdentifier(name)}`);
      }
      // Hints may have been missed before.
      for (const wake of this.#wakes.values()) {
        wake();
      }
    } catch {
      this.#reconnectLater(client);
      client.end().catch(() => {});
    }
  }

  #reconnectLater(client: Client): void {
    if (this.#client === client && !this.#closed) {
      this.#client = undefined;
      setTimeout(() => void (this.#closed || this.#connect()), RECONNECT_MS).unref();
    }
  }
}
