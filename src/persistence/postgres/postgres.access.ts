import { Client, type ClientConfig, types } from 'pg';
import type { DatabaseConfig } from '../../config/config.js';
import { gatheringSocket } from './gathering-socket.js';

export type PostgresConfig = Extract<DatabaseConfig, { kind: 'postgres' }>;

/** How long a request waits for a connection, free or new: within the time that an operation has for its commits. */
const CONNECT_TIMEOUT_MS = 4_000;
/**
 * The server's limit for a statement, and for an idle transaction, such as that of a replica that lost its network.
 */
export const STATEMENT_TIMEOUT_MS = 10_000;
/** The kernel probes an idle connection after this time; Linux gives up 10 probes later, one each second. */
const KEEP_ALIVE_MS = 5_000;

/** How sessions are opened and transactions begin. */
export interface PostgresAccess {
  readonly client: ClientConfig;
  /**
   * Whether a connection pooler such as PgBouncer is between. It may give each transaction another session, so nothing
   * may depend on the session: no named statements, no `LISTEN`, no start-up parameters, settings by transaction.
   */
  readonly pooled: boolean;
  /** Begins a transaction; one message. */
  readonly begin: string;
}

/**
 * Finds out whether a pooler is between: it gives its clients process ids of its own.
 * @throws an error of `pg` if the server cannot be reached.
 */
export async function findAccess(config: PostgresConfig): Promise<PostgresAccess> {
  const client = new Client({ ...clientConfig(config.url.reveal()), query_timeout: CONNECT_TIMEOUT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return rows[0]!.pid === processIdOf(client) ? direct(config) : pooled(config);
  } finally {
    client.end().catch(() => {});
  }
}

/** The id of the server's process that serves `client`, or the one that a pooler made up. */
export function processIdOf(client: object): number | null {
  return (client as { processID: number | null }).processID;
}

/** Closes the socket of `client` at once. `end` would wait for an answer of a server that may be gone. */
export function cut(client: object): void {
  (client as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** The URL's `options` are kept; the schema is added to them. */
function direct({ url, schema }: PostgresConfig): PostgresAccess {
  const target = schema === undefined ? url.reveal() : withSearchPath(url.reveal(), schema);
  return { client: clientConfig(target), pooled: false, begin: 'begin' };
}

function pooled({ url, schema }: PostgresConfig): PostgresAccess {
  const settings = [
    `set local statement_timeout = ${STATEMENT_TIMEOUT_MS}`,
    `set local idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT_MS}`,
    ...(schema === undefined ? [] : [`set local search_path = "${schema}"`]),
  ];
  return { client: clientConfig(url.reveal()), pooled: true, begin: ['begin', ...settings].join('; ') };
}

function clientConfig(connectionString: string): ClientConfig {
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

function withSearchPath(url: string, schema: string): string {
  const target = new URL(url);
  const options = [target.searchParams.get('options'), `-c search_path="${schema}"`];
  target.searchParams.set('options', options.filter(Boolean).join(' '));
  return target.href;
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
