/**
 * Prints the timeline of one lone payment, `POST /pay`, with every wait named, so that one sees what its latency consists
 * of:
 *
 *     npm run timeline                          on SQLite
 *     npm run timeline -- --postgres URL        on PostgreSQL, in a schema of its own
 *     npm run timeline -- --payments 300        how many are measured after as many to warm up
 *
 * One payment is sent at a time, 5 ms after the answer of the one before, to a built gateway as in production; the external
 * is in this process and answers at once. Payments take the same steps; those with the most frequent sequence of steps
 * count, and each line shows the medians of its step over them:
 *
 * - `at`: since the request arrived, in µs.
 * - `took`: since the step before, in µs, and how much of it the event loop had nothing to do (`waited`). The rest is CPU time of
 *   the main thread, or a time in which the machine ran something else.
 * - `turns` of the event loop since the step before.
 *
 * The wrappers of the recorder cost some 10 µs a payment. Below stand what the caller saw, and an fdatasync of the same disk.
 */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { API_KEY, productionSettings } from './path/production-settings.js';
import { StubServices } from './path/stub-services.js';

const PAUSE_MS = 5;
const START_WITHIN_MS = 30_000;
const RECORDER = fileURLToPath(new URL('timeline/recorder.js', import.meta.url));

const { values: options } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    payments: { type: 'string', default: '300' },
    postgres: { type: 'string' },
  },
});
const count = Number(options.payments);
const folder = mkdtempSync(join(tmpdir(), 'tollgate-timeline-'));
const schema = `timeline_${randomBytes(6).toString('hex')}`;
const services = await StubServices.start();
let gateway;
try {
  await inPostgres(`create schema ${schema}`);
  gateway = spawn(process.execPath, ['--import', RECORDER, resolve(options.dist, 'main.js')], {
    env: { PATH: process.env.PATH, ...settings() },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const { url } = await started(gateway);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let payment = 0; payment < count; payment += 1) await pay(url, agent);
  const measured = [];
  for (let payment = 0; payment < count; payment += 1) measured.push(await pay(url, agent));
  agent.destroy();
  print(measured);
} finally {
  if (gateway && gateway.exitCode === null) {
    const ended = once(gateway, 'exit');
    gateway.kill('SIGTERM');
    await ended;
  }
  await services.stop();
  await inPostgres(`drop schema ${schema} cascade`);
  rmSync(folder, { recursive: true, force: true });
}

function settings() {
  const onSqlite = productionSettings(folder, services.url);
  if (options.postgres === undefined) return onSqlite;
  return {
    ...onSqlite,
    DATABASE_URL: options.postgres,
    DATABASE_SCHEMA: schema,
    TIMELINE_POSTGRES_PORT: new URL(options.postgres).port || '5432',
  };
}

async function inPostgres(statement) {
  if (options.postgres === undefined) return;
  const client = new pg.Client({ connectionString: options.postgres });
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function started({ stdout }) {
  let output = '';
  const deadline = AbortSignal.timeout(START_WITHIN_MS);
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    const address = /(?<="address":")[^"]+/.exec(output)?.[0];
    if (address) {
      stdout.resume(); // an unread log would block the gateway
      return { url: `http://${address}/v3/acme/pay` };
    }
    if (deadline.aborted) break;
  }
  throw new Error(`The gateway did not start:\n${output}`);
}

/** The marks of one payment, and what its caller saw. */
async function pay(url, agent) {
  await sleep(PAUSE_MS);
  const recorded = once(gateway, 'message');
  const body = JSON.stringify({ amount: 1299, currency: 'EUR', shopTransactionId: randomUUID() });
  const startedAt = performance.now();
  const outgoing = request(url, {
    agent,
    method: 'POST',
    headers: {
      Authorization: `Bearer ${API_KEY}`,
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Idempotency-Key': randomUUID(),
    },
  }).end(body);
  const [response] = await once(outgoing, 'response');
  const text = Buffer.concat(await response.toArray()).toString();
  const callerMs = performance.now() - startedAt;
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${text}`);
  const [marks] = await recorded;
  return { callerMs, marks };
}

function print(payments) {
  const bySequence = Map.groupBy(payments, ({ marks }) => marks.map(({ what }) => what).join('\n'));
  const alike = [...bySequence.values()].toSorted((a, b) => b.length - a.length)[0];
  const [{ marks: steps }] = alike;
  const rows = steps.map(({ what }, step) => {
    const over = (figure) =>
      median(alike.map(({ marks }) => figure(marks[step], marks[step - 1] ?? marks[0], marks[0])));
    return [
      over((mark, _before, first) => (mark.atMs - first.atMs) * 1_000).toFixed(0),
      over((mark, before) => (mark.atMs - before.atMs) * 1_000).toFixed(0),
      over((mark, before) => (mark.waitedMs - before.waitedMs) * 1_000).toFixed(0),
      over((mark, before) => mark.turn - before.turn).toFixed(0),
      what,
    ];
  });
  const sum = (column) => rows.reduce((total, row) => total + Number(row[column]), 0);
  printTable([['at', 'took', 'waited', 'turns', 'what'], ...rows, ['', sum(1), sum(2), sum(3), 'in all']]);
  const callers = median(alike.map(({ callerMs }) => callerMs * 1_000)).toFixed(0);
  console.log(`
${alike.length} of ${payments.length} payments took these steps. Their callers waited ${callers} µs at the median.
An fdatasync of 8 KiB in ${tmpdir()} takes ${median(syncTimes()).toFixed(0)} µs at the median.`);
}

function printTable(rows) {
  const texts = rows.map((row) => row.map(String));
  for (const row of texts) {
    console.log(row.map((cell, column) => (column < 4 ? cell.padStart(7) : `  ${cell}`)).join(''));
  }
}

function median(figures) {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1];
}

function syncTimes() {
  const file = openSync(join(folder, 'sync'), 'w');
  const page = Buffer.alloc(8_192, 1);
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, page);
    const startedAt = performance.now();
    fdatasyncSync(file);
    return (performance.now() - startedAt) * 1_000;
  });
  closeSync(file);
  return times;
}
