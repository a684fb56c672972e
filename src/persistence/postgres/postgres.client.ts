import { Client, type ClientConfig, DatabaseError } from 'pg';
import { type PostgresUrl, readPostgresUrl } from '../../config/postgres-url.js';
import { HOST_LIMIT_MS, PostgresHosts, type ServerState } from './postgres.hosts.js';

/** How a session is opened on whichever host has the primary. */
export interface HostConfig extends ClientConfig {
  /** With all hosts. */
  readonly connectionString: string;
  readonly hosts: PostgresHosts;
}

const STATE = `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as read_only`;
/** The first digits of a segment's name are its timeline. */
const TIMELINE = `select system_identifier::text as system,
  ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as timeline from pg_control_system()`;

/** A client of `pg` whose session is on the current host, and is what `target_session_attrs` wants. */
export class HostClient extends Client {
  /** The place of its host in the URL. */
  readonly place: number;
  readonly #hosts: PostgresHosts;

  constructor(config: HostConfig, place = config.hosts.current) {
    const { hosts, connectionString, ...others } = config;
    super({ ...others, connectionString: hostUrls(connectionString).urls[place] });
    this.place = place;
    this.#hosts = hosts;
    // An error of an idle session is also one of its next query.
    this.on('error', () => {});
    hosts.add(this);
    this.once('end', () => hosts.delete(this));
  }

  override connect(): Promise<this>;
  override connect(callback: (error: Error | null, client?: this) => void): void;
  override connect(callback?: (error: Error | null, client?: this) => void): Promise<this> | void {
    const connected = this.#connect();
    if (!callback) return connected;
    // Outside of the promise, which would swallow what the callback throws.
    connected.then(
      () => process.nextTick(callback, null, this),
      (error: unknown) => process.nextTick(callback, error as Error),
    );
  }

  async #connect(): Promise<this> {
    try {
      this.#hosts.assertNotEnded();
      if (this.#hosts.checked) this.#hosts.admit(this.place, await this.inspect());
      else await super.connect();
      return this;
    } catch (error) {
      this.cut();
      this.#hosts.failed(this.place, error);
      throw error;
    }
  }

  /** Connects, to a server of any role. */
  async inspect(): Promise<ServerState> {
    await super.connect();
    return stateOf(this);
  }

  /** Closes the socket at once. `end` would wait for an answer of a server that may be gone. */
  cut(): void {
    cut(this);
  }
}

/** The hosts of `config.connectionString`, with their own sessions to find out what a host is. */
export function openHosts(config: Omit<HostConfig, 'hosts'>): PostgresHosts {
  const hosts: PostgresHosts = new PostgresHosts(hostUrls(config.connectionString), async (place) => {
    const client = new HostClient({ ...config, hosts }, place);
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      client.cut();
    }, HOST_LIMIT_MS);
    try {
      return await client.inspect();
    } catch (error) {
      throw isLate ? new Error(`no answer within ${HOST_LIMIT_MS / 1_000} s`) : error;
    } finally {
      clearTimeout(late);
      client.end().catch(() => {});
    }
  });
  return hosts;
}

/**
 * Connects to the current host, or to the one that took its place.
 * @throws an error of `pg`, or of {@link PostgresHosts.find}.
 */
export async function openSession(config: HostConfig): Promise<HostClient> {
  const { hosts } = config;
  if (hosts.found) {
    const client = new HostClient(config);
    try {
      return await client.connect();
    } catch (error) {
      if (hosts.found) throw error;
    }
  }
  await hosts.find();
  return new HostClient(config).connect();
}

/** What each host of `config` is called, with the defaults of `pg`. */
export function serversOf({ connectionString }: HostConfig): Pick<Client, 'host' | 'port' | 'database'>[] {
  return hostUrls(connectionString).urls.map((url) => new Client(url));
}

/** Closes the socket of `client` at once. */
export function cut(client: object): void {
  (client as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** The id of the server's process that serves `client`, or the one that a pooler made up. */
export function processIdOf(client: object): number | null {
  return (client as { processID: number | null }).processID;
}

async function stateOf(client: Client): Promise<ServerState> {
  const { rows } = await client.query<{ standby: boolean; read_only: boolean }>(STATE);
  const { standby, read_only: readOnly } = rows[0]!;
  return { standby, readOnly, ...(standby ? NO_TIMELINE : await timelineOf(client)) };
}

const NO_TIMELINE = { system: '', timeline: 0 };

/** A server that is compatible with PostgreSQL may have no timeline, or not show it. */
async function timelineOf(client: Client): Promise<{ system: string; timeline: number }> {
  try {
    const { rows } = await client.query<{ system: string; timeline: number }>(TIMELINE);
    return rows[0] ?? NO_TIMELINE;
  } catch (error) {
    if (error instanceof DatabaseError) return NO_TIMELINE;
    throw error;
  }
}

/** A URL that the configuration has accepted. */
function hostUrls(url: string): PostgresUrl {
  return readPostgresUrl(url) as PostgresUrl;
}
