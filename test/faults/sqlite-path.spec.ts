import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/persistence/open-store.js';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-path-'));
mkdirSync(join(folder, 'directory'));
writeFileSync(join(folder, 'file'), 'text');
writeFileSync(join(folder, 'text'), 'this is a text and no database '.repeat(100));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('A SQLite path', () => {
  it.each([
    ['/proc/nope/x.db', /^the ledger \/proc\/nope\/x\.db cannot be opened for writing \(ENOENT/],
    ['/proc/x.db', /cannot be opened for writing/],
    [join(folder, 'directory'), /is a directory: DATABASE_URL must name a file/],
    [`${join(folder, 'new')}/`, /is a directory: DATABASE_URL must name a file/],
    [join(folder, 'file', 'x.db'), /cannot be opened for writing \(ENOTDIR/],
    ['/dev/full', /is not a regular file/],
    [join(folder, 'x'.repeat(300)), /cannot be opened for writing \(ENAMETOOLONG/],
    [join(folder, 'text'), /is damaged/],
  ])('%s is refused at once, in one line', async (path, line) => {
    const startedAt = performance.now();
    const error = await openStore({ kind: 'sqlite', path, logLimitBytes: 1 << 26 }).then(
      () => new Error('it was opened'),
      (reason: unknown) => reason as Error,
    );
    expect(error.message).toMatch(line);
    expect(error.message).not.toContain('\n');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
