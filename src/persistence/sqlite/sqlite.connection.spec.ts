import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CompiledQuery } from 'kysely';
import { SqliteConnection } from './sqlite.connection.js';

describe('SqliteConnection', () => {
  let database: DatabaseSync;
  let connection: SqliteConnection;

  beforeEach(() => {
    database = new DatabaseSync(':memory:');
    database.exec('create table t (id integer primary key, name text)');
    connection = new SqliteConnection(database);
  });

  afterEach(() => connection.close());

  const execute = async (sql: string, ...parameters: unknown[]): Promise<object> => {
    const { rows, numAffectedRows } = await connection.executeQuery<object>(
      CompiledQuery.raw(sql, parameters),
    );
    return { rows: rows.map((row) => ({ ...row })), changed: numAffectedRows };
  };

  it.each([
    ['insert into t (name) values (?)', ['a'], [], 1n],
    ['insert into t (name) values (?) returning id', ['a'], [{ id: 1 }], undefined],
    ['select 1 as one', [], [{ one: 1 }], undefined],
    ['with numbers as (select 1 as n) select n from numbers', [], [{ n: 1 }], undefined],
    ['update t set name = ?', ['b'], [], 0n],
    ['delete from t returning name', [], [], undefined],
    ['pragma user_version', [], [{ user_version: 0 }], undefined],
  ])('knows of %s whether it answers rows', async (sql, parameters, rows, changed) => {
    expect(await execute(sql, ...parameters)).toEqual({ rows, changed });
  });

  it('prepares a statement once, and forgets what has not been used for long', async () => {
    const prepare = jest.spyOn(database, 'prepare');
    for (let i = 0; i < 1_000; i++) {
      await execute(`select ${i} as n`);
      await execute('select * from t where id = ?', i);
    }
    expect(prepare).toHaveBeenCalledTimes(1_001);
    await execute('select 0 as n');
    expect(prepare).toHaveBeenCalledTimes(1_002);
  });

  it('reports unavailable storage only for errors of the storage', async () => {
    await execute('insert into t (id) values (1)');
    await expect(execute('insert into t (id) values (1)')).rejects.toMatchObject({
      code: 'ERR_SQLITE_ERROR',
    });
    await expect(execute('select from')).rejects.toMatchObject({ code: 'ERR_SQLITE_ERROR' });
    await execute('pragma max_page_count = 1');
    await expect(execute('create table u (id)')).rejects.toMatchObject({
      name: 'StorageUnavailable',
      outcome: 'not-committed',
      message: 'SQLite: database or disk is full',
    });
  });
});
