import { createHash, randomUUID } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import type { WakeChannel } from '../store.js';
import type { PostgresAccess } from './postgres.access.js';
import { type HostClient, openSession } from './postgres.client.js';
import type { SessionWatch } from './session-watch.js';

/** Hints within this time after one become one; the first is sent at once. */
const COALESCE_MS = 20;
const RECONNECT_MS = 1_000;
/** The connection only receives, so nothing else shows that its server is gone. */
const PROBE_MS = 2_000;

/**
 * Wake-up hints between replicas, by `LISTEN` on a connection of its own and `NOTIFY` from the pool. A hint that is
 * lost, such as while the connection is down, costs a poll interval and nothing else. Behind a pooler there is no
 * `LISTEN`: a session that another client gets would receive the hints.
 */
export class PostgresWakeHints {
  readonly #access: PostgresAccess;
  readonly #watch: SessionWatch;
  readonly #scope: string;
  readonly #send: (channel: string, payload: string) => Promise<unknown>;
  /** Marks this replica's own hints, which it also receives and ignores. */
  readonly #self = randomUUID();
  readonly #pending = new Set<WakeChannel>();
  readonly #sentAt = new Map<WakeChannel, number>();
  readonly #wakes = new Map<string, () => void>();
  #client: HostClient | undefined;
  #connecting = false;
  #closed = false;

  /** Channels belong to the whole database, so `schema` becomes part of their names. `send` is one NOTIFY. */
  constructor(
    access: PostgresAccess,
    watch: SessionWatch,
    schema: string,
    send: (channel: string, payload: string) => Promise<unknown>,
  ) {
    this.#access = access;
    this.#watch = watch;
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
    if (this.#access.pooled) return;
    if (this.#client) {
      this.#client.query(`listen ${escapeIdentifier(this.#nameOf(channel))}`).catch(() => {});
    } else {
      void this.#connect();
    }
  }

  close(): void {
    this.#closed = true;
    this.#client?.cut();
  }

  #nameOf(channel: WakeChannel): string {
    return `tollgate_${this.#scope}_${channel}`;
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return;
    this.#connecting = true;
    try {
      const client = await openSession(this.#access.client);
      if (this.#closed) return client.cut();
      this.#client = client;
      this.#watch.add(client);
      client.on('notification', ({ channel, payload }) => {
        if (payload !== this.#self) {
          this.#wakes.get(channel)?.();
        }
      });
      client.once('end', () => {
        this.#client = undefined;
        this.#reconnectLater();
      });
      this.#probe(client);
      await this.#listen(client);
    } catch {
      this.#reconnectLater();
    } finally {
      this.#connecting = false;
    }
  }

  async #listen(client: HostClient): Promise<void> {
    try {
      for (const name of this.#wakes.keys()) {
        await client.query(`listen ${escapeIdentifier(name)}`);
      }
    } catch {
      return client.cut();
    }
    // Hints may have been missed before.
    for (const wake of this.#wakes.values()) {
      wake();
    }
  }

  /** Cuts the connection if its server does not answer; `end` then reconnects. */
  #probe(client: HostClient): void {
    let answered = true;
    const timer = setInterval(() => {
      if (!answered) return this.#watch.end(client);
      answered = false;
      client.query('select 1').then(
        () => (answered = true),
        () => client.cut(),
      );
    }, PROBE_MS).unref();
    client.once('end', () => clearInterval(timer));
  }

  #reconnectLater(): void {
    setTimeout(() => void (this.#closed || this.#connect()), RECONNECT_MS).unref();
  }
}
