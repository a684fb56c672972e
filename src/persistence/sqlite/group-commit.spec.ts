import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GroupCommit } from './group-commit.js';
import { SqliteConnection } from './sqlite.connection.js';

const BUSY_LIMIT_MS = 30;

describe('GroupCommit', () => {
  let directory: string;
  let foreign: DatabaseSync;
  let connection: SqliteConnection;
  let commits: GroupCommit;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tollgate-test-'));
    const path = join(directory, 'test.db');
    foreign = new DatabaseSync(path);
    foreign.exec('pragma journal_mode = wal; create table t (n integer)');
    connection = new SqliteConnection(new DatabaseSync(path, { timeout: 0 }));
    commits = new GroupCommit(connection, undefined, () => {}, BUSY_LIMIT_MS);
  });

  afterEach(() => {
    connection.close();
    foreign.close();
    rmSync(directory, { recursive: true });
  });

  const insert = (): Promise<void> =>
    commits.add(async () => {
      connection.run('insert into t values (1)');
    });

  it('gives up when another program keeps the write lock, and comes back by itself', async () => {
    foreign.exec('begin immediate');
    const [first, second] = await Promise.allSettled([insert(), insert()]);
    const refused = { status: 'rejected', reason: { name: 'StorageUnavailable', outcome: 'not-committed' } };
    expect(first).toMatchObject(refused);
    expect(second).toMatchObject(refused);
    expect(commits.failing).toBe(true);

    foreign.exec('rollback');
    await insert();
    expect(commits.failing).toBe(false);
    expect({ ...connection.run('select count(*) as rows from t') }).toEqual({ rows: 1 });
  });

  it('calls storage failing while statements fail for want of space, though the commit succeeds', async () => {
    connection.run('pragma max_page_count = 2');
    const tooLarge = commits.add(async () => {
      connection.run('create table u (n integer)');
    });
    await expect(tooLarge).rejects.toMatchObject({ name: 'StorageUnavailable', outcome: 'not-committed' });
    expect(commits.failing).toBe(true);
    await insert();
    expect(commits.failing).toBe(false);
  });

  it('passes on whatever the work throws, even nothing', async () => {
    await expect(commits.add(() => Promise.reject(new TypeError('mistake')))).rejects.toThrow('mistake');
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the point of the test
    await expect(commits.add(() => Promise.reject(undefined))).rejects.toBeUndefined();
    await insert();
  });
});
