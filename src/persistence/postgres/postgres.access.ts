import { escapeIdentifier, types } from 'pg';
import type { DatabaseConfig } from '../../config/config.js';
import { UnusableDatabase } from '../store.js';
import { gatheringSocket } from './gathering-socket.js';
import { type HostConfig, openHosts, openSession, processIdOf } from './postgres.client.js';
import type { PostgresHosts } from './postgres.hosts.js';

export type PostgresConfig = Extract<DatabaseConfig, { kind: 'postgres' }>;

/** How long a request waits for a connection, free or new: within the time that an operation has for its commits. */
const CONNECT_TIMEOUT_MS = 4_000;
/**
 * The server's limit for a statement, and for an idle transaction, such as that of a replica that lost its network.
 */
const STATEMENT_TIMEOUT_MS = 10_000;
/** The kernel probes an idle connection after this time; Linux gives up 10 probes later, one each second. */
const KEEP_ALIVE_MS = 5_000;
/** A default of the role or the database, such as serializable, would make transactions fail that only wait here. */
const BEGIN = 'begin isolation level read committed';

/**
 * What an administrator may have set on the role or the database, and operations rely on. A start-up parameter of the
 * session has precedence, and `options` of the URL have precedence over these.
 */
const SESSION_SETTINGS = {
  // Single statements run without `begin`, which names it.
  default_transaction_isolation: 'read committed',
  // Kysely escapes literals for it.
  standard_conforming_strings: 'on',
  // The pool closes idle connections itself; one that the server closes may be taken by a request at that moment.
  idle_session_timeout: '0',
  lock_timeout: '0',
  // The server ends a session, and frees its locks, within half a minute where the path has forgotten the connection.
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '25s',
};

/**
 * Plans, which a session keeps, use the indexes however small a table was when they were made. Without the mode, the
 * server may make a plan for each execution, at a third of its cost.
 */
const KEPT_PLANS = setLocal(
  'enable_seqscan = off',
  'enable_hashjoin = off',
  'enable_mergejoin = off',
  'plan_cache_mode = force_generic_plan',
);
/** A batch gives up on a row that another transaction holds for longer: each of its entries then waits by itself. */
const BATCH_SETTINGS = setLocal('lock_timeout = 200') + KEPT_PLANS;

/** How sessions are opened and transactions begin. */
export interface PostgresAccess {
  readonly client: HostConfig;
  /** For a migration, which has no time limits. */
  readonly migrationClient: HostConfig;
  readonly hosts: PostgresHosts;
  /**
   * Whether a connection pooler such as PgBouncer is between. It may give each transaction another session, so nothing
   * may depend on the session: no named statements, no `LISTEN`, no start-up parameters, settings by transaction.
   */
  readonly pooled: boolean;
  /** Of the role or the database, `synchronous_commit` is `off`: an answered payment could be lost in a crash. */
  readonly lossy: boolean;
  /** Begins a transaction; one message. */
  readonly begin: string;
  /** Begins one that writes a batch of the journal. */
  readonly batchBegin: string;
  /** Begins one whose statements are prepared. */
  readonly keptPlansBegin: string;
  /** Begins one of a migration. */
  readonly migrationBegin: string;
}

type Server = Pick<PostgresAccess, 'hosts' | 'pooled' | 'lossy'>;

/**
 * Finds out whether a pooler is between: it gives its clients process ids of its own.
 * @throws an error of `pg` if the server cannot be reached.
 * @throws {UnusableDatabase} if the database cannot store every text.
 */
export async function findAccess(config: PostgresConfig): Promise<PostgresAccess> {
  const hosts = openHosts(clientConfig(config.url.reveal()));
  const client = await openSession({
    ...clientConfig(config.url.reveal()),
    hosts,
    query_timeout: CONNECT_TIMEOUT_MS,
  });
  try {
    const { rows } = await client.query<{ pid: number; encoding: string; name: string; lossy: boolean }>(
      `select pg_backend_pid() as pid, current_setting('server_encoding') as encoding, current_database() as name,
         current_setting('synchronous_commit') = 'off' as lossy`,
    );
    const { pid, encoding, name, lossy } = rows[0]!;
    if (encoding !== 'UTF8')
      throw new UnusableDatabase(
        `the PostgreSQL database ${name} has the encoding ${encoding}, which cannot store every text: use one with ` +
          "UTF8 (create database … template template0 encoding 'UTF8')",
      );
    return accessTo(config, { hosts, pooled: pid !== processIdOf(client), lossy });
  } finally {
    client.end().catch(() => {});
  }
}

/** The access to the schema of `config`, or to the default schema of the role. */
export function accessTo(config: PostgresConfig, { hosts, pooled, lossy }: Server): PostgresAccess {
  const { client, migrationClient, ...access } = (pooled ? throughPooler : direct)(config, lossy);
  return {
    ...access,
    client: { ...client, hosts },
    migrationClient: { ...migrationClient, hosts },
    hosts,
    pooled,
    lossy,
  };
}

/** Without the hosts, which are found before the rest of it is known. */
interface Settings extends Pick<
  PostgresAccess,
  'begin' | 'batchBegin' | 'keptPlansBegin' | 'migrationBegin'
> {
  readonly client: SessionConfig;
  readonly migrationClient: SessionConfig;
}

type SessionConfig = Omit<HostConfig, 'hosts'>;

function direct({ url, schema }: PostgresConfig, lossy: boolean): Settings {
  const path: Readonly<Record<string, string>> =
    schema === undefined ? {} : { search_path: escapeIdentifier(schema) };
  const client = (limitMs: number): SessionConfig => {
    const limits = { statement_timeout: limitMs, idle_in_transaction_session_timeout: limitMs };
    const durable = lossy && { synchronous_commit: 'on' };
    return clientConfig(withOptions(url.reveal(), { ...SESSION_SETTINGS, ...limits, ...durable }, path));
  };
  return {
    client: client(STATEMENT_TIMEOUT_MS),
    migrationClient: client(0),
    begin: BEGIN,
    batchBegin: BEGIN + BATCH_SETTINGS,
    keptPlansBegin: BEGIN + KEPT_PLANS,
    migrationBegin: BEGIN,
  };
}

function throughPooler({ url, schema }: PostgresConfig, lossy: boolean): Settings {
  const path = schema === undefined ? [] : [`set local search_path = ${escapeIdentifier(schema)}`];
  const begin = (limitMs: number): string =>
    [
      BEGIN,
      `set local statement_timeout = ${limitMs}`,
      `set local idle_in_transaction_session_timeout = ${limitMs}`,
      ...(lossy ? ['set local synchronous_commit = on'] : []),
      ...path,
    ].join('; ');
  const client = clientConfig(url.reveal());
  return {
    client,
    migrationClient: client,
    begin: begin(STATEMENT_TIMEOUT_MS),
    batchBegin: begin(STATEMENT_TIMEOUT_MS) + BATCH_SETTINGS,
    keptPlansBegin: begin(STATEMENT_TIMEOUT_MS) + KEPT_PLANS,
    migrationBegin: begin(0),
  };
}

function setLocal(...settings: readonly string[]): string {
  return settings.map((setting) => `; set local ${setting}`).join('');
}

function clientConfig(connectionString: string): SessionConfig {
  return {
    connectionString,
    application_name: 'tollgate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    stream: gatheringSocket,
    types: { getTypeParser },
  };
}

/** The URL's `options` are kept between `first` and `last`: the later has precedence. */
function withOptions(
  url: string,
  first: Readonly<Record<string, string | number>>,
  last: Readonly<Record<string, string>>,
): string {
  // Not by `URL`, which refuses the empty host that a socket's URL has.
  const [base, query = ''] = url.split(/\?(.*)/s, 2) as [string, string?];
  const parameters = new URLSearchParams(query);
  const options = [...settings(first), parameters.get('options') ?? '', ...settings(last)];
  parameters.set('options', options.filter(Boolean).join(' '));
  return `${base}?${parameters.toString()}`;
}

/** Blanks end an option of the server's command line unless they are escaped. */
function settings(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).map(
    ([name, value]) => `-c ${name}=${String(value).replaceAll(/[\s\\]/g, String.raw`\$&`)}`,
  );
}

const getTypeParser: typeof types.getTypeParser = (
  type: Parameters<typeof types.getTypeParser>[0],
  format?: unknown,
) =>
  type === types.builtins.INT8 || type === types.builtins.NUMERIC
    ? parseInteger
    : (types.getTypeParser(type, format as 'text') as unknown);

/**
 * `bigint`, and its sums, which are `numeric`. As on SQLite, an integer that a number cannot hold exactly is an
 * error.
 */
function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError('a stored integer is beyond 2^53');
  }
  return value;
}
