import { type ClientConfig, Pool, types } from 'pg';
import type { DatabaseConfig } from '../../config/config.js';
import { gatheringSocket } from './gathering-socket.js';

export type PostgresConfig = Extract<DatabaseConfig, { kind: 'postgres' }>;

/** How long a request waits for a connection, free or new: within the time that an operation has for its commits. */
const CONNECT_TIMEOUT_MS = 4_000;
/**
 * The server's limit for a statement, and for an idle transaction, such as that of a replica that lost its network.
 */
const STATEMENT_TIMEOUT_MS = 10_000;
/** The client's own limit, for a server that does not answer at all. */
const ANSWER_TIMEOUT_MS = 12_000;
const IDLE_TIMEOUT_MS = 60_000;

/** The URL's `options` are kept; the schema is added to them. */
export function connectionConfig(config: PostgresConfig): ClientConfig {
  return {
    connectionString:
      config.schema === undefined ? config.url.reveal() : withSearchPath(config.url.reveal(), config.schema),
    application_name: 'tollgate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: { getTypeParser },
  };
}

/** The connections that requests share. Each statement has a time limit. */
export function openPool(config: PostgresConfig): Pool {
  return surviving(
    new Pool({
      ...connectionConfig(config),
      max: config.poolSize,
      // A query need not wait for the answer to the one before.
      pipeline: true,
      stream: gatheringSocket,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
    }),
  );
}

/** One connection without time limits: for a migration, or to wait for that of another replica. */
export function openMigrationPool(config: PostgresConfig): Pool {
  return surviving(new Pool({ ...connectionConfig(config), max: 1 }));
}

/**
 * A server that stops closes idle connections and those in use; without listeners, either event would end the
 * process. The pool drops an idle connection; the running query of a used one fails.
 */
function surviving(pool: Pool): Pool {
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
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
