import { DatabaseError } from 'pg';
import type { PostgresAccess } from './postgres.access.js';
import { cut, HostClient, type HostConfig, processIdOf } from './postgres.client.js';

/** Without an answer for this time, the session may be lost. */
export const STALL_MS = 2_000;
/** Time for a new connection and its queries. */
const CHECK_LIMIT_MS = 1_500;
/** A younger session shows the present state of the server; a replacement would show the same. */
const YOUNG_MS = 500;

/** The sessions that exist, and whether the server waits for their client: then it has answered all that arrived. */
const SESSIONS = `select pid, state_change < clock_timestamp() - interval '1 s' and
    (state like 'idle%' or state = 'active' and wait_event_type = 'Client') as waits
  from pg_stat_activity where pid = any($1::int[])`;

/** A pooler hides whose a session is: those of the role in this database, and open transactions without a client. */
const POOLED = `with session as (
    select * from pg_stat_activity
    where datname = current_database() and usename = session_user and pid <> pg_backend_pid()
  ), forgotten as (
    select pid from session
    where state like 'idle in transaction%' and state_change < clock_timestamp() - interval '1 s'
      and application_name = current_setting('application_name')
  )`;
/** Queries that may be those without an answer. One that waits for a forgotten transaction goes on without it. */
const RUNNING = `${POOLED} select from session
  where state = 'active' and wait_event_type is distinct from 'Client'
    and query_start < clock_timestamp() - interval '1 s'
    and not (wait_event_type is not distinct from 'Lock'
      and exists (select from forgotten where pid = any(pg_blocking_pids(session.pid))))`;
const TERMINATE_FORGOTTEN = `${POOLED} select pg_terminate_backend(pid) from forgotten`;

/**
 * Ends sessions that are as old as their clients, in seconds: another session may have the process id by now. The
 * server begins a session before its client is connected, within the time limit of a connection.
 */
const TERMINATE = `select pg_terminate_backend(pid)
  from pg_stat_activity join unnest($1::int[], $2::float8[]) as ghost (pid, age) using (pid)
  where usename = session_user and extract(epoch from clock_timestamp() - backend_start) - age between -0.5 and 5`;

/**
 * Finds sessions that have ended without the client receiving a reset: the server's machine is gone, or its packets
 * are dropped, or its address belongs to another server now. And those that still exist while the path has forgotten
 * the connection: the server waits for a query that was sent, or has sent an answer that does not arrive. A hung
 * session, such as a commit that waits for a standby, is left alone: it keeps its place in the pool, so that the server
 * never has more of them than the pool.
 */
export class SessionWatch {
  readonly #config: HostConfig;
  readonly #pooled: boolean;
  /** When each was opened. */
  readonly #clients = new Map<object, number>();
  /** Their query has no answer for long. */
  readonly #silent = new Set<object>();
  /** Process ids of sessions that the server may have without a client, and when they were opened. */
  readonly #ghosts = new Map<number, number>();
  #staleBefore = -Infinity;
  #checking = false;

  /** Called for each session that was cut because its connection is lost. */
  onLost: (() => void) | undefined;

  constructor({ client, pooled }: PostgresAccess) {
    this.#config = client;
    this.#pooled = pooled;
  }

  /** Watches a connected client until it ends. */
  add(client: { once(event: 'end', listener: () => void): unknown }): void {
    this.#clients.set(client, performance.now());
    client.once('end', () => {
      this.#clients.delete(client);
      this.#silent.delete(client);
    });
    // The server can be reached again.
    if (this.#ghosts.size > 0) this.#checkNow();
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

  /** How many sessions have a query without an answer for long. */
  get silent(): number {
    return this.#silent.size;
  }

  #openedAt(client: object): number {
    return this.#clients.get(client) ?? Infinity;
  }

  /** A query of `client` has no answer for long: cuts the connections of sessions that are lost. */
  suspect(client: object): void {
    if (this.#clients.has(client)) this.#silent.add(client);
    this.#checkNow();
  }

  /** A query that was suspected has its answer. */
  answered(client: object): void {
    this.#silent.delete(client);
  }

  /** Cuts a connection whose path may have forgotten it, and ends its session as soon as the server can be reached. */
  end(client: object): void {
    const pid = processIdOf(client);
    if (!this.#pooled && pid !== null && this.#clients.has(client))
      this.#ghosts.set(pid, this.#openedAt(client));
    cut(client);
  }

  #checkNow(): void {
    if (this.#checking) return;
    this.#checking = true;
    void this.#check().then((reached) => {
      this.#checking = false;
      // Ended meanwhile.
      if (reached && this.#ghosts.size > 0) this.#checkNow();
    });
  }

  /** Whether the server could be reached. Never throws. */
  async #check(): Promise<boolean> {
    const { hosts } = this.#config;
    const watched = [...this.#clients.keys()];
    const startedAt = performance.now();
    try {
      // Ends the sessions of a host whose place another has taken.
      if (hosts.checked) await hosts.find();
      await this.#withSession(async (session) => {
        for (const client of await this.#lost(session, watched)) this.#lose(client, startedAt);
        await this.#terminateGhosts(session);
      });
      return true;
    } catch (error) {
      const reason: unknown = error instanceof AggregateError ? error.errors[hosts.current] : error;
      // An error of the server (too many connections) shows that it is reachable.
      if (!(reason instanceof DatabaseError)) for (const client of watched) this.#lose(client, startedAt);
      return false;
    }
  }

  /** The path may have forgotten those that are idle too: they are replaced before a request gets them. */
  #lose(client: object, foundAt: number): void {
    this.#staleBefore = Math.max(this.#staleBefore, foundAt);
    this.end(client);
    this.onLost?.();
  }

  async #lost(session: HostClient, watched: readonly object[]): Promise<object[]> {
    if (this.#pooled) {
      // A pooler's process ids are its own; it closes the connections of ended sessions itself.
      const { rowCount } = await session.query(RUNNING);
      const lost = rowCount === 0 ? watched.filter((client) => this.#silent.has(client)) : [];
      if (lost.length > 0) await session.query(TERMINATE_FORGOTTEN);
      return lost;
    }
    const { rows } = await session.query<{ pid: number; waits: boolean | null }>(SESSIONS, [
      watched.map(processIdOf),
    ]);
    const existing = new Set(rows.map(({ pid }) => pid as number | null));
    const waiting = new Set(rows.filter(({ waits }) => waits).map(({ pid }) => pid as number | null));
    // Whether it is silent counts now: the answer may have come meanwhile.
    const isLost = (client: object, pid: number | null): boolean =>
      !existing.has(pid) || (waiting.has(pid) && this.#silent.has(client));
    return watched.filter((client) => isLost(client, processIdOf(client)));
  }

  /** Their locks, and their places among the sessions of the server, are free at once. */
  async #terminateGhosts(session: HostClient): Promise<void> {
    if (this.#ghosts.size === 0) return;
    const now = performance.now();
    const ghosts = [...this.#ghosts];
    this.#ghosts.clear();
    await session.query(TERMINATE, [
      ghosts.map(([pid]) => pid),
      ghosts.map(([, openedAt]) => (now - openedAt) / 1_000),
    ]);
  }

  async #withSession(use: (session: HostClient) => Promise<void>): Promise<void> {
    const client = new HostClient(this.#config);
    const late = setTimeout(() => client.cut(), CHECK_LIMIT_MS);
    try {
      await client.connect();
      await use(client);
    } finally {
      clearTimeout(late);
      client.end().catch(() => {});
    }
  }
}
