import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kysely, sql } from 'kysely';
import { NodeSqliteDialect } from '../sqlite/node-sqlite.dialect.js';
import { SqliteConnection } from '../sqlite/sqlite.connection.js';
import { DatabaseTooNew, migrateToLatest } from './migrate.js';
import { migrations, type Migration } from './migrations.js';

function table(name: string): Migration {
  return {
    up: async (db) => {
      await db.schema.createTable(name).addColumn('id', 'text').execute();
    },
  };
}

const broken: Migration = {
  up: async (db) => {
    await db.schema.createTable('half').addColumn('id', 'text').execute();
    throw new Error('out of luck');
  },
};

describe('migrateToLatest', () => {
  let connection: SqliteConnection;
  let db: Kysely<Record<string, { id: string }>>;

  beforeEach(() => {
    connection = new SqliteConnection(new DatabaseSync(':memory:'));
    db = new Kysely({ dialect: new NodeSqliteDialect(connection) });
  });

  afterEach(() => connection.close());

  async function tables(): Promise<string[]> {
    return (await db.introspection.getTables()).map(({ name }) => name).toSorted();
  }

  it('applies the released migrations once, in order', async () => {
    expect(await migrateToLatest(db)).toEqual(Object.keys(migrations));
    expect(await migrateToLatest(db)).toEqual([]);
    expect(await tables()).toContain('settings');
  });

  it('has names that sort in the order in which they are listed', () => {
    const names = Object.keys(migrations);
    expect(names).toEqual(names.toSorted());
  });

  it('passes the dialect to each migration', async () => {
    const dialects: string[] = [];
    const curious: Migration = { up: async (_db, dialect) => void dialects.push(dialect) };
    await migrateToLatest(db, { migrations: { '0001-curious': curious } });
    expect(dialects).toEqual(['sqlite']);
  });

  it('leaves nothing of a run that fails half-way', async () => {
    const failing = migrateToLatest(db, {
      migrations: { '0001-whole': table('whole'), '0002-broken': broken },
    });
    await expect(failing).rejects.toThrow('out of luck');
    expect(await tables()).toEqual([]);
    expect(await migrateToLatest(db, { migrations: { '0001-whole': table('whole') } })).toEqual([
      '0001-whole',
    ]);
  });

  it('records the migrations of the first release where it looks for them, and later ones elsewhere', async () => {
    await migrateToLatest(db);
    const namesIn = async (name: string): Promise<string[]> =>
      (await sql<{ name: string }>`select name from ${sql.table(name)} order by name`.execute(db)).rows.map(
        (row) => row.name,
      );
    const released = Object.keys(migrations);
    expect(await namesIn('kysely_migration')).toEqual(released.slice(0, 5));
    expect(await namesIn('tollgate_migration')).toEqual(released.slice(5));

    // As development versions recorded them.
    await sql`insert into kysely_migration select * from tollgate_migration`.execute(db);
    await sql`drop table tollgate_migration`.execute(db);
    expect(await migrateToLatest(db)).toEqual([]);
    expect(await namesIn('kysely_migration')).toEqual(released.slice(0, 5));
    expect(await namesIn('tollgate_migration')).toEqual(released.slice(5));
  });

  it('starts on a database that a newer version has migrated, unless a migration is breaking', async () => {
    const known = { '0001-a': table('a'), '0010-b': table('b') };
    await migrateToLatest(db, { migrations: { ...known, '0011-c': table('c') } });
    expect(await migrateToLatest(db, { migrations: known })).toEqual([]);

    const breaking = { '0012-d-breaking': table('d'), '0013-e-breaking': table('e') };
    await migrateToLatest(db, { migrations: { ...known, '0011-c': table('c'), ...breaking } });
    const opening = migrateToLatest(db, { migrations: { ...known, '0014-f': table('f') } });
    await expect(opening).rejects.toThrow(DatabaseTooNew);
    await expect(opening).rejects.toMatchObject({ unknownMigrations: Object.keys(breaking) });
    expect(await tables()).toEqual(['a', 'b', 'c', 'd', 'e', 'tollgate_migration']);
  });
});
