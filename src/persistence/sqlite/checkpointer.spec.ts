import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Checkpointer } from './checkpointer.js';
import { SqliteConnection } from './sqlite.connection.js';

describe('Checkpointer', () => {
  let directory: string;
  let path: string;
  let writer: DatabaseSync;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tollgate-test-'));
    path = join(directory, 'test.db');
    writer = new DatabaseSync(path);
    writer.exec(
      'pragma journal_mode = wal; pragma synchronous = off; pragma wal_autocheckpoint = 0; create table t (x)',
    );
  });

  afterEach(() => {
    writer.close();
    rmSync(directory, { recursive: true });
  });

  const commit = (checkpointer: Checkpointer, kilobytes: number, times: number): void => {
    const insert = writer.prepare('insert into t values (zeroblob(?))');
    for (let i = 0; i < times; i++) {
      insert.run(kilobytes * 1024);
      checkpointer.committed();
    }
  };

  it('copies the log into the database once it is long, beside the event loop', async () => {
    const checkpointer = new Checkpointer(path, new SqliteConnection(writer));
    commit(checkpointer, 1_000, 31);
    await checkpointer.close();
    expect(statSync(path).size).toBeLessThan(100_000);
    commit(checkpointer, 1_000, 1);
    expect(checkpointer.restart).toBeUndefined();
    await checkpointer.close();
    expect(statSync(path).size).toBeGreaterThan(32_000_000);
  });

  const rows = (): unknown => ({ ...writer.prepare('select count(*) as count from t').get() });

  it('ignores an unknown length of the log', async () => {
    let checks = 0;
    const checkpointer = new Checkpointer(path, {
      framesToCopy: () => {
        checks += 1;
        throw new Error('disk I/O error');
      },
    });
    commit(checkpointer, 1, 40);
    expect(checkpointer.restart).toBeUndefined();
    await checkpointer.close();
    // At every 16th commit: a check that fails stops neither the commits nor the next check.
    expect(checks).toBe(2);
    expect(rows()).toEqual({ count: 40 });
  });

  it('does no harm when it cannot open the database, and tries again with the next log that is long', async () => {
    let checks = 0;
    const elsewhere = join(directory, 'elsewhere');
    const framesToCopy = () => {
      checks += 1;
      return 10_000;
    };
    const checkpointer = new Checkpointer(join(elsewhere, 'test.db'), { framesToCopy }, undefined, 0);
    commit(checkpointer, 1, 250);
    await checkpointer.close();
    // One checkpoint at a time: no check while it runs.
    expect(checks).toBe(1);
    expect(checkpointer.restart).toBeUndefined();
    commit(checkpointer, 1, 100);
    await checkpointer.close();
    expect(checks).toBe(2);
    expect(existsSync(elsewhere)).toBe(false);
    expect(rows()).toEqual({ count: 350 });
  });
});
