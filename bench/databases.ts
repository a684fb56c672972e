import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { DatabaseConfig } from '../src/config/config.js';
import { Secret } from '../src/sensitive/secret.js';
import { say } from './part.js';

export const POSTGRES_URL = process.env['TEST_DATABASE_URL'] || 'postgres://postgres@127.0.0.1:5432/test';
/** Tollgate's default. */
const POOL_SIZE = 10;

/** A database for one Tollgate, empty at first. */
export interface BenchDatabase {
  readonly name: 'SQLite' | 'PostgreSQL';
  /** For Tollgate's own code, while no program has it open. */
  readonly config: DatabaseConfig;
  /** For the program. */
  readonly env: Readonly<Record<string, string>>;
  /** The one number that a query answers, asked from outside, whether the program runs or not. */
  number(query: string): Promise<number>;
  /** Does now what the database would do in the background after many writes. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** A file in `folder`. The caller removes it. */
export async function sqliteDatabase(folder: string): Promise<BenchDatabase> {
  const path = join(folder, 'tollgate.db');
  return {
    name: 'SQLite',
    config: { kind: 'sqlite', path },
    env: { DATABASE_URL: `sqlite:${path}` },
    async number(query) {
      const database = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
      try {
        return onlyNumber(database.prepare(query).get());
      } finally {
        database.close();
      }
    },
    async settle() {},
    async dispose() {},
  };
}

/** A schema of its own on the server of `TEST_DATABASE_URL`, dropped at the end. */
export async function postgresDatabase(): Promise<BenchDatabase> {
  const schema = `tollgate_bench_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: POSTGRES_URL });
  await client.connect();
  await client.query(`create schema ${schema}`);
  await client.query(`set search_path to ${schema}`);
  return {
    name: 'PostgreSQL',
    config: { kind: 'postgres', url: new Secret(POSTGRES_URL), poolSize: POOL_SIZE, schema },
    env: {
      DATABASE_URL: POSTGRES_URL,
      DATABASE_POOL_SIZE: String(POOL_SIZE),
      DATABASE_SCHEMA: schema,
    },
    async number(query) {
      const { rows } = await client.query<Record<string, unknown>>(query);
      return onlyNumber(rows[0]);
    },
    async settle() {
      await client.query('vacuum (analyze)');
      await client.query('checkpoint');
    },
    async dispose() {
      await client.query(`drop schema ${schema} cascade`);
      await client.end();
    },
  };
}

/** The server's version; undefined, and said, where there is none. */
export async function postgresVersion(): Promise<string | undefined> {
  const client = new Client({ connectionString: POSTGRES_URL });
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]!.server_version.split(' ')[0];
  } catch (error) {
    say(`THERE IS NO PostgreSQL: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    await client.end();
  }
}

/** PostgreSQL's client answers a bigint as text. */
function onlyNumber(row: Readonly<Record<string, unknown>> | undefined): number {
  return Number(Object.values(row ?? {})[0]);
}
