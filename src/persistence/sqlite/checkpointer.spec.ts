import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Checkpointer } from './checkpointer.js';

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

  it('copies the log into the database after a hundred commits, beside the event loop', async () => {
    const checkpointer = new Checkpointer(path);
    commit(checkpointer, 8, 99);
    await checkpointer.close();
    expect(statSync(path).size).toBeLessThan(100_000);

    commit(checkpointer, 8, 1);
    expect(checkpointer.restart).toBeUndefined();
    await checkpointer.close();
    expect(statSync(path).size).toBeGreaterThan(800_000);
  });

  it('does no harm when it cannot open the database', async () => {
    const checkpointer = new Checkpointer(join(directory, 'elsewhere', 'test.db'));
    commit(checkpointer, 1, 250);
    await checkpointer.close();
    commit(checkpointer, 1, 100);
    await checkpointer.close();
  });
});
