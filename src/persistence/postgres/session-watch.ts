import { DatabaseError } from 'pg';
import type { PostgresAccess } from './postgres.access.js';
import { cut, HostClient, type HostConfig, processIdOf } from './postgres.client.js';

/** Time for a new connection and one query. */
const CHECK_LIMIT_MS = 1_500;
/** A younger session shows the present state of the server; a replacement would tell the same. */
const YOUNG_MS = 500;

/**
 * Finds sessions that have ended without the client receiving a reset: the server's machine is gone, or its packets
 * are dropped, or its address belongs to another server now. A hung session, such as a commit that waits for a
 * standby, is left alone: it keeps its place in the pool, so that the server never has more of them than the pool.
 */
export class SessionWatch {
  readonly #config: HostConfig;
  readonly #pooled: boolean;
  /** When each was opened. */
  readonly #clients = new Map<object, number>();
  #staleBefore = -Infinity;
  #checking = false;

  constructor({ client, pooled }: PostgresAccess) {
    this.#config = client;
    this.#pooled = pooled;
  }

  /** Watches a connected client until it ends. */
  add(client: { once(event: 'end', listener: () => void): unknown }): void {
    this.#clients.set(client, performance.now());
    client.once('end', () => this.#clients.delete(client));
  }

  /** Whether a session may report what the server was, and not what it is: a new one may work where this one fails. */
  isOld(client: object): boolean {
    return this.#openedAt(client) < performance.now() - YOUNG_MS;
  }

  /** A session is read-only: those opened before it may be too, also when the server can be written to again. */
  retireOld(): void {
    this.#staleBefore = performance.now() - YOUNG_MS;
  }

  isRetired(client: object): boolean {
    return this.#openedAt(client) < this.#staleBefore;
  }

  #openedAt(client: object): number {
    return this.#clients.get(client) ?? Infinity;
  }

  /** A query has no answer for long: cuts the connections of sessions that no longer exist. */
  suspect(): void {
    if (this.#checking) return;
    this.#checking = true;
    void this.#check().finally(() => {
      this.#checking = false;
    });
  }

  async #check(): Promise<void> {
    const { hosts } = this.#config;
    const watched = [...this.#clients.keys()];
    try {
      // Ends the sessions of a host whose place another has taken.
      if (hosts.checked) await hosts.find();
      const existing = await this.#existing(watched.map(processIdOf));
      // A pooler's process ids are its own; it closes the connections of lost sessions itself.
      for (const client of this.#pooled ? [] : watched) if (!existing.has(processIdOf(client))) cut(client);
    } catch (error) {
      const reason: unknown = error instanceof AggregateError ? error.errors[hosts.current] : error;
      // An error of the server (too many connections) shows that it is reachable.
      if (!(reason instanceof DatabaseError)) for (const client of watched) cut(client);
    }
  }

  async #existing(processIds: readonly (number | null)[]): Promise<ReadonlySet<number | null>> {
    const client = new HostClient(this.#config);
    const late = setTimeout(() => client.cut(), CHECK_LIMIT_MS);
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number }>(
        'select pid from pg_stat_activity where pid = any($1::int[])',
        [processIds],
      );
      return new Set(rows.map((row) => row.pid));
    } finally {
      clearTimeout(late);
      client.end().catch(() => {});
    }
  }
}
