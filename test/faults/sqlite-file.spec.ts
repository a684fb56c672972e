import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/persistence/open-store.js';
import type { Store } from '../../src/persistence/store.js';
import { type DatabasePlace, sqliteFile } from '../support/databases.js';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { startStubExternal } from '../support/stub-external.js';

/** Rows that each test commits before its fault. */
const ROWS = 20;

const put = (store: Store, key: string): Promise<unknown> =>
  store.transaction((trx) => trx.insertInto('settings').values({ key, value: 'x' }).execute());

/** Each takes the path of a running ledger. */
const FAULTS: readonly [name: string, fault: (path: string) => void][] = [
  ['the file is removed', (path) => rmSync(path)],
  ['all its files are removed', (path) => removeAll(path)],
  ['the file is renamed', (path) => renameSync(path, `${path}.old`)],
  ['the directory is renamed', (path) => renameSync(dirname(path), `${dirname(path)}.old`)],
  [
    'the directory is replaced by an empty one',
    (path) => {
      renameSync(dirname(path), `${dirname(path)}.old`);
      mkdirSync(dirname(path));
    },
  ],
  [
    'another file takes its place',
    (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
  ],
  ['a backup is copied over it', (path) => copyFileSync(`${path}.backup`, path)],
  ['the file is truncated', (path) => truncateSync(path)],
  ['the log is removed', (path) => rmSync(`${path}-wal`)],
  ['the log is truncated', (path) => truncateSync(`${path}-wal`)],
  ['the lock file is removed', (path) => rmSync(`${path}.lock`)],
];

function removeAll(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(`${path}${suffix}`);
}

function backUp(path: string): void {
  new DatabaseSync(path, { readOnly: true }).exec(`vacuum into '${path}.backup'`);
}

describe('a SQLite ledger whose files are lost', () => {
  let place: DatabasePlace;
  let path: string;
  let store: Store | undefined;
  let backup: Buffer;

  beforeEach(async () => {
    place = await sqliteFile();
    path = place.config.kind === 'sqlite' ? place.config.path : '';
    store = await openStore(place.config);
    backUp(path);
    backup = readFileSync(`${path}.backup`);
    for (let row = 0; row < ROWS; row += 1) await put(store, `before.${row}`);
    await store.ping();
  });

  afterEach(async () => {
    await store?.close();
    await place.dispose();
  });

  it.each(FAULTS)('refuses every transaction, and is not ready: %s', async (_, fault) => {
    fault(path);
    const results = await Promise.allSettled(
      Array.from({ length: ROWS }, (__, row) => put(store!, `after.${row}`)),
    );
    const accepted = results.filter(({ status }) => status === 'fulfilled').length;
    const ready = await store!.ping().then(
      () => true,
      () => false,
    );
    expect({ accepted, ready }).toEqual({ accepted: 0, ready: false });
  });

  it.each<[string, (path: string) => void]>([
    ['the log is removed', (file) => rmSync(`${file}-wal`)],
    ['the log is truncated', (file) => truncateSync(`${file}-wal`)],
    ['a backup takes its place', (file) => renameSync(`${file}.backup`, file)],
    ['a backup is copied over it', (file) => copyFileSync(`${file}.backup`, file)],
  ])('is not opened again before an operator has deleted the lock file: %s', async (_, fault) => {
    fault(path);
    await expect(store!.ping()).rejects.toMatchObject({ name: 'StorageUnavailable' });
    await store!.close();
    store = undefined;
    for (let start = 0; start < 2; start += 1)
      await expect(openStore(place.config)).rejects.toMatchObject({
        name: 'LedgerDamaged',
        message: expect.stringMatching(/^the ledger [^\n]* then delete [^\n]*\.lock [^\n]*$/),
      });
    // What docs/operating.md says to do. The old file too: this process has it open, until it ends.
    for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(`${path}${suffix}`, { force: true });
    writeFileSync(path, backup);
    store = await openStore(place.config);
    await put(store, 'after the restore');
  });

  it('is ready again once the file is back in its place, and is opened again', async () => {
    renameSync(path, `${path}.old`);
    await expect(put(store!, 'lost')).rejects.toMatchObject({ name: 'StorageUnavailable' });
    renameSync(`${path}.old`, path);
    await store!.ping();
    await put(store!, 'kept');
    await store!.close();
    store = await openStore(place.config);
  });

  it('accepts that another program makes a checkpoint or a backup', async () => {
    const other = new DatabaseSync(path);
    other.exec('pragma wal_checkpoint(passive)');
    await store!.ping();
    await put(store!, 'after a checkpoint');
    other.exec(`vacuum into '${path}.other'`);
    other.close();
    await put(store!, 'after a backup');
    await store!.ping();
  });
});

describe('a start on a damaged SQLite ledger', () => {
  let place: DatabasePlace;
  let path: string;

  beforeEach(async () => {
    place = await sqliteFile();
    path = place.config.kind === 'sqlite' ? place.config.path : '';
    const store = await openStore(place.config);
    await put(store, 'row');
    await store.close();
  });

  afterEach(() => place.dispose());

  const failure = (): Promise<unknown> =>
    openStore(place.config).then(
      (store) => store.close().then(() => 'opened'),
      (error: unknown) => error,
    );

  it.each<[string, (path: string) => void, RegExp]>([
    [
      'truncated in the middle',
      (file) => truncateSync(file, 20_000),
      /is damaged .*malformed.*restore a backup/,
    ],
    [
      'another content',
      (file) => writeFileSync(file, 'x'.repeat(50_000)),
      /is damaged .*not a database.*restore/,
    ],
    ['removed, its lock file left', (file) => rmSync(file), /is missing or empty.*delete .*\.lock/],
    ['truncated to nothing', (file) => truncateSync(file), /is missing or empty.*delete .*\.lock/],
    [
      'removed, its log left',
      (file) => {
        rmSync(file);
        rmSync(`${file}.lock`);
        writeFileSync(`${file}-wal`, 'x'.repeat(50_000));
      },
      /is missing or empty.*-wal/,
    ],
  ])('names the file and what to do, and deletes nothing: %s', async (_, fault, text) => {
    fault(path);
    const before = existsSync(`${path}-wal`);
    const error = await failure();
    expect(error).toMatchObject({ name: 'LedgerDamaged' });
    expect((error as Error).message).toMatch(text);
    expect((error as Error).message).toContain(path);
    expect((error as Error).message).not.toContain('\n');
    expect(existsSync(`${path}-wal`)).toBe(before);
  });

  it('fails at once where the directory cannot be made', async () => {
    const { code, output } = await runProgram({ DATABASE_URL: 'sqlite:/proc/nope/x.db' });
    expect(code).toBe(1);
    expect(output).toMatch(/^[^\n]*\/proc\/nope[^\n]*\n$/);
  });
});

async function runProgram(
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    './test/support/typescript-hooks.js',
    'src/main.ts',
  ];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HTTP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 15_000,
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('a second process after the lock file is removed', () => {
  it('does not open the ledger while the first one runs', async () => {
    const place = await sqliteFile();
    const path = place.config.kind === 'sqlite' ? place.config.path : '';
    const store = await openStore(place.config);
    rmSync(`${path}.lock`);
    await expect(openStore(place.config)).rejects.toMatchObject({ name: 'DatabaseInUse' });
    expect(statSync(path).size).toBeGreaterThan(0);
    await store.close();
    await place.dispose();
  });
});

describe('a gateway whose SQLite ledger is removed', () => {
  let gateway: Gateway;

  it('refuses payments as not executed, and is not ready', async () => {
    const external = await startStubExternal();
    const place = await sqliteFile();
    const path = place.config.kind === 'sqlite' ? place.config.path : '';
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      database: { DATABASE_URL: `sqlite:${path}` },
    });
    const pay = (order: string) =>
      call(`${gateway.url}/v3/acme/pay`, 'POST', { amount: 1, currency: 'EUR', shopTransactionId: order });
    expect((await pay('before')).status).toBe(200);
    removeAll(path);
    external.requests.length = 0;
    const refused = await pay('after');
    const ready = await call(`${gateway.url}/health/ready`, 'GET');
    await gateway.close();
    await external.close();
    await place.dispose();
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      503,
      'storage-unavailable',
      'not-executed',
    ]);
    expect(external.requests).toHaveLength(0);
    expect(ready.status).toBe(503);
  });
});
