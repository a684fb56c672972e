import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { type Answer, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { fingerprintKey, type Gateway, startGateway } from '../support/gateway.js';
import { ordersOfExternal, type RememberingExternal } from '../support/remembering-external.js';
import { scrape } from '../support/scrape.js';
import { TestClock } from '../support/test-clock.js';

const DOCUMENT = readFileSync('docs/operating.md', 'utf8');
const TOLLGATE = `node --disable-warning=ExperimentalWarning --import ${resolve('test/support/typescript-hooks.js')} ${resolve('cli/src/main.ts')}`;
const TIMEOUT_MS = 10_000;
const LOST = Array.from({ length: 200 }, (_, index) => `lost-${index}`);

/** The command that follows a mark in the document. */
function printed(mark: string): string {
  const block = new RegExp(`<!-- test: ${mark} -->\\s+\`\`\`sh\\n([^]*?)\`\`\``).exec(DOCUMENT);
  if (!block) throw new Error(`docs/operating.md has no command ${mark}`);
  return block[1]!;
}

let external: RememberingExternal;
let clock: TestClock;
let folder: string;
let gateway: Gateway | undefined;
/** On the server; a test's own. */
const databases: string[] = [];

/** Runs the printed command in the folders of this test. */
async function run(mark: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const command = printed(mark)
    .replaceAll('npx tollgate', TOLLGATE)
    .replaceAll('/var/lib/tollgate', `${folder}/data`)
    .replaceAll('/var/backups', folder);
  await promisify(execFile)('/bin/sh', ['-e', '-c', command], {
    env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, ...env },
  });
}

async function start(database: Readonly<Record<string, string>>, recoveredFrom?: string): Promise<void> {
  const externals = [
    { externalService: 'acme', timeoutMs: TIMEOUT_MS, statusByShopTransactionId: true },
    { externalService: 'mute', timeoutMs: 1_000 },
  ];
  gateway = await startGateway({
    externals: externals.map((each) => ({ ...each, baseUrl: external.url })),
    database,
    clock,
    env: {
      API_KEYS: 'boss:boss-secret:payments+refunds+subscriptions+read+admin',
      REPEAT_WINDOW_MS: '0',
      ...(recoveredFrom !== undefined && { RECOVERED_FROM: recoveredFrom }),
    },
  });
}

async function stop(): Promise<void> {
  await gateway?.close();
  gateway = undefined;
}

const send = (path: string, body?: object, key?: string): Promise<Answer> =>
  call(`${gateway!.url}${path}`, body ? 'POST' : 'GET', body, {
    'x-api-key': 'boss-secret',
    ...(key !== undefined && { 'idempotency-key': key }),
  });

const pay = (shopTransactionId: string, key = shopTransactionId, name = 'acme'): Promise<Answer> =>
  send(`/v3/${name}/pay`, { amount: 100, currency: 'EUR', shopTransactionId }, key);

const refund = (shopTransactionId: string, key: string): Promise<Answer> =>
  send('/v3/acme/refund', { amount: 1, currency: 'EUR', paymentId: `pm-${shopTransactionId}` }, key);

async function payAll(orders: readonly string[], key = (order: string) => order): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < orders.length; at += 20)
    answers.push(...(await Promise.all(orders.slice(at, at + 20).map((order) => pay(order, key(order))))));
  return answers;
}

interface Restore {
  readonly database: Readonly<Record<string, string>>;
  readonly backup: () => Promise<void>;
  readonly restore: () => Promise<void>;
  /** What the operator declares. */
  readonly recoveredFrom?: string;
  readonly declaredBy: string;
}

/** Pays, backs up under load, pays 200 times more, restores, and sends the same again. */
async function story({ database, backup, restore, recoveredFrom, declaredBy }: Restore): Promise<void> {
  await start(database);
  await pay('before');
  const readFeed = async (after = ''): Promise<Answer> => send(`/admin/feed${after && `?after=${after}`}`);
  expect((await readFeed()).status).toBe(200);
  let loaded = 0;
  const load = (async () => {
    for (let index = 0; index < 50; index++) loaded += Number((await pay(`load-${index}`)).status === 200);
  })();
  await backup();
  await load;
  expect(loaded).toBe(50);
  for (const { status } of await payAll(LOST)) expect(status).toBe(200);
  await pay('lost-mute', 'lost-mute', 'mute');
  expect(await refund('before', 'refund')).toMatchObject({ status: 200 });
  const cursor = String((await readFeed()).body['nextCursor']);
  await stop();
  await restore();

  clock.advance(60_000);
  await start(database, recoveredFrom);
  const executed = external.executed();
  const recovering = { status: 503, body: { code: 'recovering', outcome: 'not-executed' } };
  // An answered request of the state that was restored.
  expect((await pay('before')).headers.get('idempotency-replayed')).toBe('true');
  for (const key of [(order: string) => order, (order: string) => `again-${order}`]) {
    for (const [index, answer] of (await payAll(LOST, key)).entries())
      expect(answer).toMatchObject({
        status: 409,
        body: {
          code: 'duplicate-payment',
          outcome: 'not-executed',
          paymentId: `pm-lost-${index}`,
          paymentStatus: 'ACCEPTED',
        },
      });
  }
  // Of a known order, the ledger itself refuses another payment.
  expect(await pay('before', 'other')).toMatchObject({ status: 409, body: { code: 'duplicate-payment' } });
  // A request from before the restore may still reach the external.
  const early = await pay('new');
  expect(early).toMatchObject(recovering);
  expect(Number(early.headers.get('retry-after'))).toBeLessThanOrEqual(TIMEOUT_MS / 1_000 + 1);
  clock.advance(TIMEOUT_MS + 1);
  expect(await pay('new')).toMatchObject({ status: 200, body: { paymentId: 'pm-new' } });
  // What cannot be queried.
  expect(await pay('lost-mute', 'other', 'mute')).toMatchObject(recovering);
  expect(await refund('before', 'refund')).toMatchObject(recovering);
  expect(await refund('lost-1', 'other')).toMatchObject(recovering);
  expect(
    await send('/v3/acme/subscription/update/sub', { amount: 1, currency: 'EUR' }, 'update'),
  ).toMatchObject(recovering);
  expect(await refund('new', 'refund of new')).toMatchObject({ status: 200 });
  expect(external.executed()).toBe(executed + 2);
  // A cursor of the lost time would hide what is written now.
  expect(await readFeed(cursor)).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/query/after' }] },
  });
  expect((await readFeed()).status).toBe(200);
  // A check adopts what the ledger lacks, and is never refused.
  expect(await send('/v3/acme/check?paymentId=pm-lost-1')).toMatchObject({ body: { status: 'ACCEPTED' } });

  const status = await send('/admin/recovery');
  expect(status.body).toMatchObject({
    recovering: true,
    declaredBy,
    externals: [
      { external: 'acme', queriedByOrder: true },
      { external: 'mute', queriedByOrder: false },
    ],
  });
  // The load went on while the backup was made, and some of it may be in it.
  expect(status.body['adopted']).toBeGreaterThanOrEqual(LOST.length);
  const metrics = await scrape(gateway!);
  expect(metrics).toContain('tollgate_recovering 1');
  expect(metrics).toContain('tollgate_recovery_decisions_total{external="acme",decision="executed"} 2');

  const end = () => send('/admin/recovery/end', { reason: 'compared with the report of acme' });
  expect(await end()).toMatchObject({ status: 200, body: { recovering: false } });
  expect(await end()).toMatchObject({ status: 409, body: { code: 'conflict' } });
  expect(await refund('lost-1', 'after')).toMatchObject({ status: 200 });
  await stop();

  await start(database, recoveredFrom);
  expect((await send('/admin/recovery')).body).toMatchObject({ recovering: false, declaredBy });
  expect(await refund('lost-2', 'after the restart')).toMatchObject({ status: 200 });
}

beforeEach(async () => {
  external = await ordersOfExternal();
  clock = new TestClock();
  folder = mkdtempSync(join(tmpdir(), 'tollgate-backup-'));
});
afterEach(async () => {
  await stop();
  for (const name of databases.splice(0)) await onServer(`drop database ${name} with (force)`);
  await external.close();
  rmSync(folder, { recursive: true, force: true });
  jest.restoreAllMocks();
});

describe('backup and restore', () => {
  it('executes nothing twice on SQLite, by the printed commands', async () => {
    const database = { DATABASE_URL: `sqlite:${folder}/data/tollgate.db` };
    await story({
      database,
      backup: () => run('sqlite-backup', database),
      restore: () => run('sqlite-restore', database),
      declaredBy: 'backup',
    });
  }, 60_000);

  it('recognises an older file of SQLite in the place of the ledger', async () => {
    const path = `${folder}/tollgate.db`;
    const database = { DATABASE_URL: `sqlite:${path}` };
    await start(database);
    await pay('of-the-copy');
    await stop();
    copyFileSync(path, `${path}.copy`);
    await start(database);
    expect((await send('/admin/recovery')).body).toMatchObject({ recovering: false });
    await pay('lost-file');
    await stop();
    copyFileSync(`${path}.copy`, path);
    await start(database);
    expect((await send('/admin/recovery')).body).toMatchObject({ recovering: true, declaredBy: 'file' });
    expect(await pay('lost-file', 'other')).toMatchObject({ status: 409 });
  });

  it('refuses a RECOVERED_FROM in the future', async () => {
    const future = new Date(clock.now() + 60_000).toISOString();
    await expect(start({ DATABASE_URL: `sqlite:${folder}/tollgate.db` }, future)).rejects.toThrow(
      `RECOVERED_FROM: ${future} is in the future`,
    );
  });

  if (postgresUrl() === undefined) return;

  it('executes nothing twice on PostgreSQL, by the printed commands', async () => {
    const database = await createDatabase();
    await story({
      database,
      backup: () => run('postgres-backup', database),
      restore: () => run('postgres-restore', database),
      recoveredFrom: new Date(clock.now()).toISOString(),
      declaredBy: 'variable',
    });
  }, 60_000);

  it('reports a ledger that came from a dump unless this start declares the restore', async () => {
    const database = await createDatabase();
    const errors = loggedErrors();
    const restored = async (recoveredFrom?: string): Promise<string[]> => {
      await stop();
      await run('postgres-restore', database);
      errors.length = 0;
      await start(database, recoveredFrom);
      return errors;
    };
    await start(database);
    await run('postgres-backup', database);
    expect(await restored()).toEqual([expect.stringContaining('they came from a dump')]);
    await stop();
    errors.length = 0;
    await start(database);
    expect(errors).toEqual([]);
    expect(await restored(new Date(clock.now() - 60_000).toISOString())).toEqual([]);
  }, 60_000);

  it('reports another timeline of PostgreSQL unless this start declares the restore', async () => {
    const database = await createDatabase();
    const errors = loggedErrors();
    const restored = async (recoveredFrom?: string): Promise<string[]> => {
      await stop();
      await onServer(
        `update settings set value = '00000000' where key = 'postgres-timeline'`,
        database.DATABASE_URL,
      );
      errors.length = 0;
      await start(database, recoveredFrom);
      return errors;
    };
    const [first, second] = [-120_000, -60_000].map((ms) => new Date(clock.now() + ms).toISOString());
    const reported = [expect.stringContaining('PostgreSQL is on another timeline')];
    await start(database);
    expect(await restored()).toEqual(reported);
    expect(await restored(first)).toEqual([]);
    // The declaration of the restore before has stayed.
    expect(await restored(first)).toEqual(reported);
    expect(await restored(second)).toEqual([]);
  }, 60_000);
});

/** The errors that the gateway logs from now on, until the test ends. */
function loggedErrors(): string[] {
  const errors: string[] = [];
  jest
    .spyOn(Logger.prototype, 'error')
    .mockImplementation((_fields, message: string) => void errors.push(message));
  return errors;
}

/** A database of its own for one test: the printed commands dump and restore whole ones. */
async function createDatabase(): Promise<{ DATABASE_URL: string; FINGERPRINT_KEY: string }> {
  const name = `tollgate_backup_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}`);
  databases.push(name);
  const url = new URL(postgresUrl()!);
  url.pathname = `/${name}`;
  return { DATABASE_URL: url.href, FINGERPRINT_KEY: fingerprintKey() };
}

async function onServer(statement: string, url = postgresUrl()): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
