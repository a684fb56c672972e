import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import { GroupCommit } from './group-commit.js';
import { SqliteConnection } from './sqlite.connection.js';
import { WriteAheadLog } from './write-ahead-log.js';

const BUSY_LIMIT_MS = 30;

describe('GroupCommit', () => {
  let directory: string;
  let path: string;
  let foreign: DatabaseSync;
  let connection: SqliteConnection;
  let commits: GroupCommit;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tollgate-test-'));
    path = join(directory, 'test.db');
    foreign = new DatabaseSync(path);
    foreign.exec('pragma journal_mode = wal; create table t (n integer)');
    connection = new SqliteConnection(new DatabaseSync(path, { timeout: 0 }));
    commits = new GroupCommit(
      connection,
      undefined,
      undefined,
      () => {},
      undefined,
      undefined,
      BUSY_LIMIT_MS,
    );
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

  it('fails while another program holds the write lock, and recovers by itself', async () => {
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

  it('answers once the disk has the log, and gathers meanwhile', async () => {
    const batches: number[] = [];
    const log = new WriteAheadLog(path);
    const synced = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let syncs = 0;
    jest.spyOn(log, 'sync').mockImplementation(() => synced[syncs++]!.promise);
    commits = new GroupCommit(connection, log, undefined, (_, transactions) => batches.push(transactions));
    let answers = 0;
    const answered = () => (answers += 1);
    const first = insert().then(answered);
    await until(() => syncs === 1, 'the first sync');
    const rest = [insert().then(answered), insert().then(answered)];
    expect({ ...foreign.prepare('select count(*) as rows from t').get() }).toEqual({ rows: 1 });
    expect(answers).toBe(0);
    synced[0]!.resolve();
    await first;
    await until(() => syncs === 2, 'the second sync');
    expect(answers).toBe(1);
    synced[1]!.resolve();
    await Promise.all(rest);
    expect(batches).toEqual([1, 2]);
    log.close();
  });

  it('calls a commit unknown whose fsync failed, and commits nothing from then on', async () => {
    const log = new WriteAheadLog(path);
    const ioError = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    const sync = jest.spyOn(log, 'sync').mockRejectedValueOnce(ioError);
    const broke = jest.fn();
    commits = new GroupCommit(connection, log, undefined, () => {}, undefined, broke);
    await expect(insert()).rejects.toMatchObject({ name: 'StorageUnavailable', outcome: 'unknown' });
    for (let i = 0; i < 3; i++)
      await expect(insert()).rejects.toMatchObject({ name: 'StorageUnavailable', outcome: 'not-committed' });
    expect(commits.failing).toBe(true);
    expect(sync).toHaveBeenCalledTimes(1);
    expect(broke).toHaveBeenCalledTimes(1);
    expect({ ...connection.run('select count(*) as rows from t') }).toEqual({ rows: 1 });
    log.close();
  });

  it('rejects with any value that the work throws, undefined included', async () => {
    await expect(commits.add(() => Promise.reject(new TypeError('mistake')))).rejects.toThrow('mistake');
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the point of the test
    await expect(commits.add(() => Promise.reject(undefined))).rejects.toBeUndefined();
    await insert();
  });
});
