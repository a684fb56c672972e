import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACME } from '../../test/support/config-problems.js';
import type { ExternalConfig } from './external-config.js';
import { watchExternalsFile } from './externals-watcher.js';
import type { FileWatcher } from './file-watcher.js';

const options = { pollIntervalMs: 3_600_000, debounceMs: 1 };

let folder: string;
let path: string;
let watcher: FileWatcher;
let received: (readonly ExternalConfig[] | string)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-externals-'));
  path = join(folder, 'externals.json');
  received = [];
});

afterEach(() => {
  watcher.close();
  rmSync(folder, { recursive: true });
});

function write(...services: object[]): void {
  writeFileSync(path, JSON.stringify({ externalServices: services }));
}

function watch(): void {
  const listener = {
    onRead: (externals: readonly ExternalConfig[]) => void received.push(externals),
    onRejected: (error: Error) => void received.push(error.message),
  };
  watcher = watchExternalsFile({ kind: 'file', path, enabled: undefined }, listener, {}, options);
}

describe('watchExternalsFile', () => {
  it('reports a valid change, and nothing before', async () => {
    write(ACME);
    watch();
    await watcher.check();
    expect(received).toEqual([]);
    write({ ...ACME, timeoutMs: 5 });
    await watcher.check();
    expect(received).toEqual([[expect.objectContaining({ name: 'acme', timeoutMs: 5 })]]);
  });

  it('reports an invalid change as such, and the next valid one', async () => {
    write(ACME);
    watch();
    writeFileSync(path, '{');
    await watcher.check();
    rmSync(path);
    await watcher.check();
    write(ACME);
    await watcher.check();
    expect(received).toEqual([
      `${path}#: must be JSON; at line 1, column 2, a member name or "}" was expected`,
      `${path}#: must be a file that can be read; got ENOENT`,
      [expect.objectContaining({ name: 'acme' })],
    ]);
  });

  it('reports the change of a secret that the file names', async () => {
    const secret = join(folder, 'token');
    writeFileSync(secret, 'one');
    write({ ...ACME, auth: { type: 'bearer', token: `\${file:${secret}}` } });
    watch();
    writeFileSync(secret, 'two');
    await watcher.check();
    const [externals] = received as [readonly ExternalConfig[]];
    expect(externals[0]?.auth.type === 'bearer' && externals[0].auth.token.reveal()).toBe('two');
  });

  it('heals when a secret that was missing comes', async () => {
    const secret = join(folder, 'token');
    write(ACME);
    watch();
    write({ ...ACME, auth: { type: 'bearer', token: `\${file:${secret}}` } });
    await watcher.check();
    expect(received).toEqual([expect.stringContaining('cannot be read (ENOENT)')]);
    writeFileSync(secret, 'one');
    await watcher.check();
    expect(received.slice(1)).toEqual([[expect.objectContaining({ name: 'acme' })]]);
  });

  it('keeps an eye on the secrets while a mistake hides them', async () => {
    const secret = join(folder, 'token');
    writeFileSync(secret, 'one');
    const service = { ...ACME, auth: { type: 'bearer', token: `\${file:${secret}}` } };
    write(service);
    watch();
    writeFileSync(path, '');
    await watcher.check();
    writeFileSync(secret, 'two');
    await watcher.check();
    expect(received).toHaveLength(2);
    expect(received[1]).toContain('must be JSON');
  });
});
