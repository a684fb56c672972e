import { Pool, type PoolClient, type PoolConfig } from 'pg';
import type { PostgresAccess } from './postgres.access.js';
import { type HostConfig, HostClient } from './postgres.client.js';

const IDLE_TIMEOUT_MS = 60_000;

/** The connections that requests share. Each statement has a time limit. */
export function openPool(access: PostgresAccess, size: number): Pool {
  return surviving(
    newPool({
      ...access.client,
      max: size,
      // A query need not wait for the answer to the one before.
      pipeline: true,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
    }),
  );
}

function newPool(config: HostConfig & PoolConfig): Pool {
  // Its type allows no class whose constructor needs the configuration, which the pool passes.
  return new Pool({ ...config, Client: HostClient as unknown as NonNullable<PoolConfig['Client']> });
}

/** One connection without time limits: for a migration, or to wait for that of another replica. */
export function openMigrationPool(access: PostgresAccess): Pool {
  const pool = surviving(newPool({ ...access.migrationClient, max: 1 }));
  return transactional(pool, { ...access, begin: access.migrationBegin });
}

/**
 * `pool` for Kysely, which begins transactions on a client of its own: behind a pooler, where no session keeps its
 * settings, its transactions and single statements begin with those of `access`.
 */
export function transactional(pool: Pool, { pooled, begin }: Pick<PostgresAccess, 'pooled' | 'begin'>): Pool {
  if (!pooled) return pool;
  const connect = pool.connect.bind(pool);
  const connectSetting = async (): Promise<PoolClient> => {
    const client = await connect();
    let inTransaction = false;
    const query = async (text: string, values?: unknown[]): Promise<unknown> => {
      if (/^(begin|start transaction)/.test(text)) {
        inTransaction = true;
        return client.query(begin);
      }
      if (inTransaction) {
        if (/^(commit|rollback)$/.test(text)) inTransaction = false;
        return client.query(text, values);
      }
      await client.query(begin);
      try {
        const answer = await client.query(text, values);
        await client.query('commit');
        return answer;
      } catch (error) {
        await client.query('rollback').catch(() => {});
        throw error;
      }
    };
    return { query, release: () => client.release() } as unknown as PoolClient;
  };
  return { connect: connectSetting, end: () => pool.end(), options: pool.options } as unknown as Pool;
}

/**
 * A server that stops closes idle connections; without a listener, the event would end the process. The pool drops
 * them.
 */
function surviving(pool: Pool): Pool {
  return pool.on('error', () => {});
}
