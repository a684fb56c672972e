import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseConfig } from '../../../src/config/config.js';
import { errorCode } from '../../../src/config/placeholder.js';
import type { Finding } from './finding.js';

const SUBJECT = 'database';
const MIN_FREE_BYTES = 1024 ** 3;
/** https://www.sqlite.org/fileformat.html#the_database_header */
const HEADER = Buffer.from('SQLite format 3\0');

/** Looks at the database and changes nothing: it is neither created nor migrated. */
export async function probeDatabase(config: DatabaseConfig): Promise<readonly Finding[]> {
  if (config.kind === 'sqlite')
    return config.path === ':memory:' ? [] : probeFile(resolve(config.path), config);
  return probePostgres(config);
}

function wrong(problem: string, remedy: string): Finding {
  return { level: 'wrong', subject: SUBJECT, problem, remedy };
}

function probeFile(
  path: string,
  { logLimitBytes }: Extract<DatabaseConfig, { kind: 'sqlite' }>,
): readonly Finding[] {
  const folder = existingFolder(dirname(path));
  try {
    accessSync(folder, constants.W_OK);
    if (!existsSync(path)) return freeSpace(folder);
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    return [
      wrong(
        `the ledger ${path} cannot be written (${errorCode(error)})`,
        'Give the user of the gateway the right to write the file and its folder.',
      ),
    ];
  }
  if (!isDatabase(path))
    return [
      wrong(
        `the ledger ${path} is not a SQLite database`,
        'Restore it from a backup (docs/operating.md), or correct DATABASE_URL.',
      ),
    ];
  const logBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (logLimitBytes !== undefined && logBytes > logLimitBytes)
    return [
      wrong(
        `the write-ahead log of ${path} has ${logBytes} bytes, more than WAL_LIMIT`,
        'End the program that keeps a read of the ledger open.',
      ),
    ];
  return freeSpace(folder);
}

/** By its header: SQLite itself would make files beside the ledger. An empty file is a database that has just been made. */
function isDatabase(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER.length);
    const length = readSync(file, header);
    return length === 0 || header.equals(HEADER);
  } finally {
    closeSync(file);
  }
}

function existingFolder(path: string): string {
  return existsSync(path) ? path : existingFolder(dirname(path));
}

function freeSpace(folder: string): readonly Finding[] {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= MIN_FREE_BYTES) return [];
  const free = `${Math.floor((bavail * bsize) / 1024 ** 2)} MiB`;
  return [
    {
      level: 'soon',
      subject: SUBJECT,
      problem: `${folder} has ${free} of free space`,
      remedy: 'Free space or enlarge the disk: a full disk stops payments.',
    },
  ];
}

/** Loaded on demand, as by the gateway. */
async function probePostgres(
  config: Extract<DatabaseConfig, { kind: 'postgres' }>,
): Promise<readonly Finding[]> {
  const [{ findAccess }, { openSession }, { startFailure }] = await Promise.all([
    import('../../../src/persistence/postgres/postgres.access.js'),
    import('../../../src/persistence/postgres/postgres.client.js'),
    import('../../../src/persistence/postgres/postgres-errors.js'),
  ]);
  let client: Awaited<ReturnType<typeof openSession>> | undefined;
  try {
    const { client: settings } = await findAccess(config);
    client = await openSession(settings);
    const { rows } = await client.query<{
      schema: string | null;
      connections: number;
      encrypted: boolean | null;
    }>(
      `select current_schema() as schema,
         current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as connections,
         inet_server_addr() is null or inet_server_addr() <<= inet '127.0.0.0/8' or inet_server_addr() = inet '::1'
           or (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as encrypted`,
    );
    const { schema, connections, encrypted } = rows[0]!;
    return [
      ...(schema === null && config.schema !== undefined
        ? [wrong(`the schema ${config.schema} does not exist`, 'Create it, or correct DATABASE_SCHEMA.')]
        : []),
      ...(connections < config.poolSize
        ? [
            wrong(
              `the server allows ${connections} connections, DATABASE_POOL_SIZE is ${config.poolSize}`,
              'Lower DATABASE_POOL_SIZE: all replicas together must stay below max_connections.',
            ),
          ]
        : []),
      ...(encrypted === false
        ? [
            {
              level: 'risk' as const,
              subject: SUBJECT,
              problem: 'the connection to PostgreSQL is not encrypted',
              remedy: 'Add ?sslmode=verify-full to DATABASE_URL.',
            },
          ]
        : []),
    ];
  } catch (error) {
    return [
      wrong(
        startFailure(error).message,
        'Start the server, or correct DATABASE_URL (host, role, password, database).',
      ),
    ];
  } finally {
    client?.end().catch(() => {});
  }
}
