import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { databasePlaces, openTestDatabase, type TestDatabase } from '../../test/support/databases.js';
import { variablesOf } from '../../test/support/gateway.js';
import { SmallDisk } from '../../test/support/small-disk.js';
import { fillLedger } from '../../test/scale/ledger-filler.js';
import { backUp } from '../src/backup/backup.js';

const [, place] = databasePlaces().find(([name]) => name === 'SQLite file')!;
const NOW_MS = Date.UTC(2026, 0, 31);

describe('tollgate backup', () => {
  let database: TestDatabase;
  let folder: string;

  beforeAll(async () => {
    database = await openTestDatabase(place);
    await fillLedger(database.store, { payments: 1_000, untilMs: NOW_MS });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-backup-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  afterAll(() => database.dispose());

  const backUpTo = (file: string) => backUp(file, variablesOf(database), NOW_MS);

  it('leaves the copy and nothing else, also after a killed run', () => {
    writeFileSync(join(folder, 'copy.db.partial'), 'half a copy');
    backUpTo(join(folder, 'copy.db'));
    expect(readdirSync(folder)).toEqual(['copy.db']);
  });

  it('replaces no file', () => {
    const file = join(folder, 'copy.db');
    writeFileSync(file, 'kept');
    expect(() => backUpTo(file)).toThrow('exists already');
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it('leaves nothing on a disk that is smaller than the ledger', () => {
    const disk = SmallDisk.mount(1);
    if (disk === undefined) return;
    try {
      expect(() => backUpTo(join(disk.folder, 'copy.db'))).toThrow('the copy could not be made');
      expect(readdirSync(disk.folder)).toEqual([]);
    } finally {
      disk.unmount();
    }
  });
});
