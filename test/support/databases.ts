import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { describe } from '@jest/globals';
import { Client } from 'pg';
import type { DatabaseConfig } from '../../src/config/config.js';
import { openStore } from '../../src/persistence/open-store.js';
import type { Store } from '../../src/persistence/store.js';
import { Secret } from '../../src/sensitive/secret.js';

/** A database that belongs to one test. */
export interface TestDatabase {
  readonly config: DatabaseConfig;
  /** Open and migrated. */
  readonly store: Store;
  /** Closes the store and removes the file or schema. */
  readonly dispose: () => Promise<void>;
}

/** A place for a database: empty at first; `dispose` removes its content. */
export interface DatabasePlace {
  readonly config: DatabaseConfig;
  readonly dispose: () => Promise<void>;
}

const POOL_SIZE = 10;

/** SQLite in a file of its own, in a folder of its own. */
export async function sqliteFile(): Promise<DatabasePlace> {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-test-'));
  return {
    config: { kind: 'sqlite', path: join(directory, 'data', 'tollgate.db') },
    dispose: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

export async function sqliteMemory(): Promise<DatabasePlace> {
  return { config: { kind: 'sqlite', path: ':memory:' }, dispose: async () => {} };
}

/** A schema of its own on the server of `TEST_DATABASE_URL`. Fails where that server cannot be reached. */
export async function postgresSchema(url: string = postgresUrl()!): Promise<DatabasePlace> {
  const schema = `tollgate_test_${randomBytes(6).toString('hex')}`;
  await onServer(`create schema ${schema}`);
  return {
    config: { kind: 'postgres', url: new Secret(url), poolSize: POOL_SIZE, schema },
    dispose: () => onServer(`drop schema ${schema} cascade`),
  };
}

/** The PostgreSQL to test on, or undefined: then the suites run on SQLite only. */
export function postgresUrl(): string | undefined {
  return process.env['TEST_DATABASE_URL'] || undefined;
}

/** Each kind of database that this run covers, by name. */
export function databasePlaces(): [name: string, place: () => Promise<DatabasePlace>][] {
  const places: [string, () => Promise<DatabasePlace>][] = [
    ['SQLite file', sqliteFile],
    ['SQLite memory', sqliteMemory],
  ];
  if (postgresUrl() !== undefined) {
    places.push(['PostgreSQL', () => postgresSchema()]);
  }
  return places;
}

/** Runs `suite` once for each kind of database. `open` gives every call a fresh one; the caller disposes of it. */
export function eachDatabase(suite: (name: string, open: () => Promise<TestDatabase>) => void): void {
  for (const [name, place] of databasePlaces()) {
    describe(name, () => suite(name, () => openTestDatabase(place)));
  }
}

/** A migrated store in a place of its own. */
export async function openTestDatabase(
  place: () => Promise<DatabasePlace> = sqliteFile,
): Promise<TestDatabase> {
  const { config, dispose } = await place();
  try {
    const store = await openStore(config);
    return {
      config,
      store,
      dispose: async () => {
        await store.close();
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
