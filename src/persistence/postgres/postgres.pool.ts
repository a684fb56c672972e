import { type ClientConfig, Pool, types } from 'pg';
import type { DatabaseConfig } from '../../config/config.js';
import { gatheringSocket } from './gathering-socket.js';

export type PostgresConfig = Extract<DatabaseConfig, { kind: 'postgres' }>;

/** How long a request waits for a connection, a free or a new one: within what a running operation has for its commits. */
const CONNECT_TIMEOUT_MS = 4_000;
/** The server's limit for one statement, and for a transaction that does nothing, as that of a replica cut off from it. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** The client's own, for a server that does not answer at all. */
const ANSWER_TIMEOUT_MS = 12_000;
const IDLE_TIMEOUT_MS = 60_000;

/** Where to connect and as whom. `options` in the URL is kept; the schema is added to it. */
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

/** The connections that requests share. Each statement is bounded in time. */
export function openPool(config: PostgresConfig): Pool {
  return surviving(
    new Pool({
      ...connectionConfig(config),
      max: config.poolSize,
      // Queries need not wait for the answers to those before them.
      pipeline: true,
      stream: gatheringSocket,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
    }),
  );
}

/** One connection without limits in time: a migration, or the wait for another replica's, takes as long as it takes. */
export function openMigrationPool(config: PostgresConfig): Pool {
  return surviving(new Pool({ ...connectionConfig(config), max: 1 }));
}

/**
 * A server that stops ends idle connections and those in use; unheard, either event would end the process. The pool forgets
 * the one, and the query that was under way on the other fails.
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

/** `bigint`, and the `numeric` that sums of it are. As on SQLite, what a number cannot hold exactly is an error. */
function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError('a stored integer is beyond 2^53');
  }
  return value;
}
