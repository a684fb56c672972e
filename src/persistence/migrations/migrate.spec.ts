import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kysely } from 'kysely';
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

  it('refuses a database that knows more than the program, and names what', async () => {
    await migrateToLatest(db, {
      migrations: { '0001-a': table('a'), '0002-b': table('b'), '0003-c': table('c') },
    });
    const opening = migrateToLatest(db, { migrations: { '0001-a': table('a'), '0004-d': table('d') } });
    await expect(opening).rejects.toThrow(DatabaseTooNew);
    await expect(opening).rejects.toMatchObject({ unknownMigrations: ['0002-b', '0003-c'] });
    expect(await tables()).toEqual(['a', 'b', 'c']);
  });
});
