import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { DatabaseConfig } from '../../src/config/config.js';
import { migrateToLatest } from '../../src/persistence/migrations/migrate.js';
import { migrations } from '../../src/persistence/migrations/migrations.js';
import { NodeSqliteDialect } from '../../src/persistence/sqlite/node-sqlite.dialect.js';
import { SqliteConnection } from '../../src/persistence/sqlite/sqlite.connection.js';

const OF_FIRST_RELEASE = ['0001', '0002', '0003', '0004', '0005'];

type Rows = Readonly<Record<string, unknown>>[];

/** Makes the database of `config`, which is empty, one of the first release, with payments that it stored. */
export async function makeFirstRelease(config: DatabaseConfig, payments: Rows): Promise<void> {
  const schema = config.kind === 'postgres' ? config.schema : undefined;
  const db = open(config);
  const released = Object.entries(migrations).filter(([name]) => OF_FIRST_RELEASE.includes(name.slice(0, 4)));
  try {
    await migrateToLatest(db, { schema, migrations: Object.fromEntries(released) });
    for (let at = 0; at < payments.length; at += 100) {
      await db
        .insertInto('payments')
        .values(payments.slice(at, at + 100))
        .execute();
    }
  } finally {
    await db.destroy();
  }
}

function open(config: DatabaseConfig): Kysely<Record<string, Record<string, unknown>>> {
  if (config.kind === 'sqlite') {
    mkdirSync(dirname(config.path), { recursive: true });
    return new Kysely({
      dialect: new NodeSqliteDialect(new SqliteConnection(new DatabaseSync(config.path))),
    });
  }
  const pool = new Pool({
    connectionString: config.url.reveal(),
    options: `-c search_path=${config.schema}`,
    max: 2,
  });
  return new Kysely({ dialect: new PostgresDialect({ pool }) });
}
