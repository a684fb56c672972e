import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Client } from 'pg';
import type { DatabaseConfig } from '../../src/config/config.js';
import { openStore } from '../../src/persistence/open-store.js';
import { Secret } from '../../src/sensitive/secret.js';
import { fillLedger } from './ledger-filler.js';

/** A database to measure on: a SQLite file or a PostgreSQL schema. It stays for the next measurement. */
export interface ScaleDatabase {
  readonly config: DatabaseConfig;
  /** The variables that configure a gateway with it. */
  readonly env: Readonly<Record<string, string>>;
}

/** `place` is `sqlite:PATH` or `postgres://…`; there the schema is named after `name`. */
export async function scaleDatabase(place: string, name: string): Promise<ScaleDatabase> {
  if (place.startsWith('sqlite:')) {
    const path = `${place.slice('sqlite:'.length)}.${name}`;
    return { config: { kind: 'sqlite', path }, env: { DATABASE_URL: `sqlite:${path}` } };
  }
  const schema = `scale_${name}_${createHash('sha256').update(place).digest('hex').slice(0, 8)}`;
  await onServer(place, `create schema if not exists ${schema}`);
  return {
    config: { kind: 'postgres', url: new Secret(place), poolSize: 10, schema },
    env: { DATABASE_URL: place, DATABASE_SCHEMA: schema },
  };
}

/** Fills it with this number of payments, unless it has some. */
export async function ensureFilled({ config }: ScaleDatabase, payments: number): Promise<void> {
  const store = await openStore(config);
  try {
    const some = await store.read((db) => db.selectFrom('payments').select('id').limit(1).execute());
    if (some.length > 0) return;
    const startedAt = performance.now();
    await fillLedger(store, {
      payments,
      untilMs: Date.now(),
      onProgress: (done) => {
        if (done % 100_000 === 0) say(`${done} payments written, ${seconds(startedAt)} s`);
      },
    });
    say(`${payments} payments written in ${seconds(startedAt)} s`);
  } finally {
    await store.close();
  }
  // As autovacuum does after a while.
  if (config.kind === 'postgres') await onServer(config.url.reveal(), 'vacuum analyze');
}

/** Bytes that tables and indexes take. */
export async function sizeOf({ config }: ScaleDatabase): Promise<number> {
  if (config.kind === 'sqlite') {
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(config.path, { readOnly: true });
    const { bytes } = db
      .prepare(
        'select (page_count - freelist_count) * page_size as bytes from pragma_page_count, pragma_page_size, pragma_freelist_count',
      )
      .get() as { bytes: number };
    db.close();
    return bytes;
  }
  const rows = await onServer(
    config.url.reveal(),
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = '${config.schema}' and c.relkind = 'r'`,
  );
  return Number(rows[0]!['bytes']);
}

/** Bytes of each table and each index, the largest first. */
export async function sizesOf({ config }: ScaleDatabase): Promise<ReadonlyMap<string, number>> {
  if (config.kind === 'sqlite') {
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(config.path, { readOnly: true });
    const rows = db
      .prepare('select name, sum(pgsize) as bytes from dbstat group by name order by bytes desc')
      .all() as { name: string; bytes: number }[];
    db.close();
    return new Map(rows.map(({ name, bytes }) => [name, bytes]));
  }
  const rows = await onServer(
    config.url.reveal(),
    `select c.relname as name, pg_relation_size(c.oid) as bytes
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = '${config.schema}' and c.relkind in ('r', 'i') order by 2 desc`,
  );
  return new Map(rows.map(({ name, bytes }) => [String(name), Number(bytes)]));
}

/** On PostgreSQL, rewrites the tables without the space of deleted rows, which stays in them otherwise. */
export async function pack({ config }: ScaleDatabase): Promise<void> {
  if (config.kind === 'sqlite') return;
  const url = config.url.reveal();
  const tables = await onServer(
    url,
    `select tablename from pg_tables where schemaname = '${config.schema!}'`,
  );
  for (const { tablename } of tables)
    await onServer(url, `vacuum (full, analyze) ${config.schema!}.${String(tablename)}`);
}

/** Removes it. */
export async function dropDatabase({ config }: ScaleDatabase): Promise<void> {
  if (config.kind === 'postgres')
    await onServer(config.url.reveal(), `drop schema ${config.schema!} cascade`);
  else for (const end of ['', '-wal', '-shm', '.lock']) rmSync(`${config.path}${end}`, { force: true });
}

async function onServer(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

export function say(line: string): void {
  console.log(line);
}

function seconds(startedAt: number): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(0);
}
