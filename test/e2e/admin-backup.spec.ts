import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';

const DOCUMENT = readFileSync('docs/operating.md', 'utf8');

/** The command that follows a mark in the document. */
function printed(mark: string): string {
  const block = new RegExp(`<!-- test: ${mark} -->\\s+\`\`\`sh\\n([^]*?)\`\`\``).exec(DOCUMENT);
  if (!block) throw new Error(`docs/operating.md has no command ${mark}`);
  return block[1]!;
}

let external: StubExternal;
let folder: string;

/** Runs the printed command in the folders of this test. */
async function run(mark: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const command = printed(mark)
    .replaceAll('/var/lib/tollgate', `${folder}/data`)
    .replaceAll('/var/backups', folder);
  await promisify(execFile)('/bin/sh', ['-e', '-c', command], {
    env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, ...env },
  });
}

const start = (database: Readonly<Record<string, string>>): Promise<Gateway> =>
  startGateway({
    externals: [{ externalService: 'acme', baseUrl: external.url }],
    database,
    env: { API_KEYS: 'boss:boss-secret:payments+refunds+read+admin' },
  });

async function pay({ url }: Gateway, shopTransactionId: string): Promise<void> {
  const body = { amount: 100, currency: 'EUR', shopTransactionId };
  const { status } = await call(`${url}/v3/acme/pay`, 'POST', body, { 'idempotency-key': shopTransactionId });
  expect(status).toBe(200);
}

async function orders({ url }: Gateway): Promise<unknown[]> {
  const { body } = await call(`${url}/admin/payments`, 'GET', undefined, { 'x-api-key': 'boss-secret' });
  return (body['items'] as { shopTransactionId: string }[]).map(({ shopTransactionId }) => shopTransactionId);
}

/** Pays, backs up under the running gateway, pays again, restores: the first payment is there, with its stored answer. */
async function story(
  database: Readonly<Record<string, string>>,
  backup: string,
  restore: string,
): Promise<void> {
  const before = await start(database);
  await pay(before, 'before');
  await run(backup, database);
  await pay(before, 'after');
  expect(await orders(before)).toEqual(['after', 'before']);
  await before.close();
  await run(restore, database);
  const after = await start(database);
  try {
    expect(await orders(after)).toEqual(['before']);
    const sent = external.requests.length;
    await pay(after, 'before');
    expect(external.requests).toHaveLength(sent);
    await pay(after, 'new');
  } finally {
    await after.close();
  }
}

beforeAll(async () => {
  external = await startStubExternal();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => external.close());

describe('the commands for backup and restore', () => {
  it('work on SQLite', async () => {
    await story({ DATABASE_URL: `sqlite:${folder}/data/tollgate.db` }, 'sqlite-backup', 'sqlite-restore');
  });

  if (postgresUrl() === undefined) return;

  it('work on PostgreSQL', async () => {
    const name = `tollgate_backup_${randomBytes(6).toString('hex')}`;
    const url = new URL(postgresUrl()!);
    url.pathname = `/${name}`;
    await onServer(`create database ${name}`);
    try {
      await story({ DATABASE_URL: url.href }, 'postgres-backup', 'postgres-restore');
    } finally {
      await onServer(`drop database ${name} with (force)`);
    }
  });
});

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
