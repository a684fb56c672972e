import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClientProject, createClientProject } from '../support/client-project.js';
import { call } from '../support/client.js';
import { postgresSchema, postgresUrl } from '../support/databases.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

/** Each example of docs/client.md is compiled as a user's, and run. */

const PAGE = readFileSync('docs/client.md', 'utf8');
const EXAMPLES = [...PAGE.matchAll(/```ts\n\/\/ (\S+)\n(.*?)\n```/gs)].map(
  ([, file, code]) => [file!, code!] as const,
);
const TABLE = /```sql\n(.*?)\n```/s.exec(PAGE)![1]!;
const RECEIVERS = ['receiver-express', 'receiver-fastify', 'receiver-nest', 'receiver-other'];
const ADMIN_KEY = 'a-secret-of-the-operators';

/** The stores of the document under two receivers that get everything at the same time. */
const RACE = `
import { createReceiver, type KnownNotification, type NotificationStore } from '@tollgate/client';
import { Webhook } from 'standardwebhooks';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export async function race<Transaction>(
  store: NotificationStore<Transaction>,
  insert: (transaction: Transaction, text: string) => unknown,
): Promise<void> {
  let failures = 1;
  const process = async ({ data }: KnownNotification, transaction: Transaction): Promise<void> => {
    await insert(transaction, JSON.stringify([data.status, data.version]));
    await new Promise((resolve) => setImmediate(resolve));
    if (failures-- > 0) throw new Error('after its changes');
  };
  const receiver = createReceiver({ secrets: SECRET, store, process });
  const receive = (version: number, status: string): Promise<string> => {
    const body = JSON.stringify({ status, paymentId: 'pm_1', shopTransactionId: 'o', providerName: 'acme', version });
    const now = new Date();
    const headers = {
      'webhook-id': \`ntf_\${version}\`,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(SECRET).sign(\`ntf_\${version}\`, now, body),
    };
    return receiver.receive(new TextEncoder().encode(body), headers).then(
      ({ result }) => result,
      (error: Error) => error.message,
    );
  };
  const print = (results: string[]): void => console.log(results.toSorted().join(' '));
  print([await receive(1, 'PENDING')]);
  print(await Promise.all(Array.from({ length: 8 }, () => receive(1, 'PENDING'))));
  print(await Promise.all(Array.from({ length: 8 }, () => receive(2, 'ACCEPTED'))));
  print([await receive(1, 'PENDING')]);
}
`;
const RACES: Readonly<Record<string, string>> = {
  'race.ts': RACE,
  'race-sqlite.ts': `
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { race } from './race.js';
import { sqliteStore } from './sqlite-store.js';

const path = 'race.db';
const database = new DatabaseSync(path, { timeout: 5_000 });
database.exec(process.env.TABLE!);
database.exec('CREATE TABLE processed (text text)');
// Another process writes while this one begins its first transaction.
const other = new Worker(
  \`const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync('race.db');
  database.exec('BEGIN IMMEDIATE');
  require('node:worker_threads').parentPort.postMessage('locked');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  database.exec('COMMIT');\`,
  { eval: true },
);
await once(other, 'message');
await race(sqliteStore(database), (connection, text) =>
  connection.prepare('INSERT INTO processed VALUES (?)').run(text));
console.log(database.prepare('SELECT text FROM processed').all().map(({ text }) => text).join(' '));
`,
  'race-postgres.ts': `
import { Pool } from 'pg';
import { postgresStore } from './postgres-store.js';
import { race } from './race.js';

const pool = new Pool({ connectionString: process.env.DATABASE_URL!, options: \`-c search_path=\${process.env.SCHEMA}\` });
await pool.query(process.env.TABLE!);
await pool.query('CREATE TABLE processed (text text)');
await race(postgresStore(pool), (connection, text) => connection.query('INSERT INTO processed VALUES ($1)', [text]));
const { rows } = await pool.query<{ text: string }>('SELECT text FROM processed');
console.log(rows.map(({ text }) => text).join(' '));
await pool.end();
`,
};
const AFTER_THE_RACE = [
  'after its changes',
  'outdated outdated outdated outdated outdated outdated outdated processed',
  'outdated outdated outdated outdated outdated outdated outdated processed',
  'outdated',
  '["PENDING",1] ["ACCEPTED",2]',
];

describe('docs/client.md', () => {
  let project: ClientProject;
  let gateway: Gateway;
  let ports: number[];

  beforeAll(async () => {
    project = await createClientProject();
    project.link('@types/node', 'undici-types', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express');
    project.link(
      'express',
      '@types/express',
      'fastify',
      'pg',
      '@types/pg',
      'reflect-metadata',
      'standardwebhooks',
    );
    for (const [file, code] of [...EXAMPLES, ...Object.entries(RACES)]) project.write(file, code);
    ports = await Promise.all(RECEIVERS.map(freePort));
    gateway = await startGateway({
      env: { API_KEYS: `ops:${ADMIN_KEY}:admin+read`, NOTIFICATION_SCHEDULE: '50ms' },
      receivers: RECEIVERS.map((receiver, index) => ({
        receiver,
        url: `http://127.0.0.1:${ports[index]}/hooks/tollgate`,
        secret: NOTIFICATION_SECRET,
        events: ['payment'],
      })),
    });
  }, 300_000);
  afterAll(async () => {
    await gateway.close();
    project.dispose();
  });

  it('has examples that compile strictly', async () => {
    expect(EXAMPLES.length).toBeGreaterThan(10);
    // The types of frameworks are not ours to check.
    expect(await project.compile({ skipLibCheck: true })).toBe('');
  }, 300_000);

  it.each<[string, RegExp]>([
    ['pay', /^paid sim_pay_\S+\n$/],
    ['errors', /^paid before: sim_pay_\S+\n$/],
    ['same-key', /^the same payment: true\n$/],
    ['deadline', /^aborted unknown\n$/],
    ['wait', /^ACCEPTED\n$/],
    ['admin', /^order-1001 1299 EUR\n[^]*items of attention: \d\n$/m],
  ])(
    '%s.ts does what it says',
    async (name, output) => {
      const env = { TOLLGATE_URL: gateway.url, TOLLGATE_ADMIN_KEY: ADMIN_KEY };
      expect(await project.runWith(env, `${name}.js`)).toMatch(output);
    },
    60_000,
  );

  it('has receivers that process the gateway’s notification once', async () => {
    const outputs = RECEIVERS.map(() => '');
    const started = RECEIVERS.map((name, index) => {
      const receiver = project.start({ NOTIFICATION_SECRET, PORT: String(ports[index]) }, `${name}.js`);
      for (const stream of [receiver.stdout!, receiver.stderr!])
        stream.on('data', (chunk: Buffer) => (outputs[index] += chunk.toString()));
      return receiver;
    });
    try {
      await until(() => outputs.every((output) => output.includes('listening')), 'the receivers', 60_000);
      await call(`${gateway.url}/v3/simulator/check?shopTransactionId=order-1001`, 'GET');
      await call(`${gateway.url}/v3/simulator/check?shopTransactionId=order-1003`, 'GET');
      await until(
        () => outputs.every((output) => output.includes('order-1003')),
        'the notifications',
        60_000,
      );
      for (const output of outputs)
        expect(output.match(/^paid order-100[13]$/gm)?.toSorted()).toEqual([
          'paid order-1001',
          'paid order-1003',
        ]);
    } finally {
      await Promise.all(started.map(stop));
    }
  }, 120_000);

  it('has a store on SQLite that processes once and forgets what failed', async () => {
    const output = await project.runWith({ TABLE }, 'race-sqlite.js');
    expect(output.trim().split('\n')).toEqual(AFTER_THE_RACE);
  }, 60_000);

  (postgresUrl() ? it : it.skip)(
    'has a store on PostgreSQL that processes once and forgets what failed',
    async () => {
      const { config, dispose } = await postgresSchema();
      if (config.kind !== 'postgres') throw new Error('not on PostgreSQL');
      try {
        const env = { TABLE, DATABASE_URL: config.url.reveal(), SCHEMA: config.schema! };
        expect((await project.runWith(env, 'race-postgres.js')).trim().split('\n')).toEqual(AFTER_THE_RACE);
      } finally {
        await dispose();
      }
    },
    60_000,
  );
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close');
  child.kill();
  await ended;
}
