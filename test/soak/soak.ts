/**
 * Whether the gateway grows with time:
 *
 *   npm run test:soak -- --minutes 30 [--rate 200] [--seed 1] [--postgres URL]
 *
 * The built gateway serves payments, refunds, subscriptions, status queries, checks, callbacks, notifications to a
 * receiver that is down a third of the time, an external that fails in every way, operators' lists and scrapes, `--rate`
 * requests a second in all. At the start (after a tenth of the time, which caches and V8 need), in the middle and in the
 * end it prints what the process holds, what it has logged and what the database takes. Exit code 0 only if all is flat
 * but the database and the log, which grow with the requests and not faster, and if nothing was lost or executed twice.
 */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { GatewayUnderLoad, HOST, newFolder } from '../attack/gateway-under-load.js';
import { type Gauges, readGauges } from './gateway-gauges.js';
import { growth, type Reading } from './growth.js';
import { Stories, STORY_OPERATIONS } from './stories.js';

const WARM_UP = 0.1;
/** Of the requests: the rest are stories, and a twentieth is for the external that fails. */
const PAYMENTS = 0.5;
const HOSTILE = 0.05;
const SCRAPE_INTERVAL_MS = 5_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    postgres: { type: 'string' },
  },
});
const seconds = Number(values.minutes) * 60;
const rate = Number(values.rate);
const folder = newFolder();
const gauges = join(folder, 'gauges.json');
const gateway = await GatewayUnderLoad.start(
  {
    seed: Number(values.seed),
    postgres: values.postgres,
    scopes: 'payments+refunds+subscriptions+read+admin',
    nodeOptions: ['--expose-gc', '--import', resolve('test/soak/gauges.js')],
    env: { SOAK_GAUGES: gauges },
  },
  folder,
);
const { honest, hostile, ledger, program } = gateway;
let logged = 0;
program.process.stdout!.on('data', (chunk: Buffer) => (logged += chunk.length));
const stories = new Stories(gateway.url, 'honest', gateway.key);

try {
  await gateway.untilReady();
  const [start, middle, end] = await soak();
  console.table({ start, middle, end });
  console.log(`${honest.describe()}; ${hostile.describe()}; ${stories.describe()}`);
  const problems = [...growth(start!, middle!, end!), ...(await gateway.settleAndAudit())];
  for (const problem of problems.slice(0, 20)) console.error(`FAILED: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await stories.close();
  await gateway.close();
}

/** Readings at the start, in the middle and in the end. */
async function soak(): Promise<Reading[]> {
  const readings: Reading[] = [];
  await load(seconds * WARM_UP);
  readings.push(await read());
  for (let half = 0; half < 2; half += 1) {
    await load((seconds * (1 - WARM_UP)) / 2);
    readings.push(await read());
  }
  return readings;
}

async function load(forSeconds: number): Promise<void> {
  const ended = new AbortController();
  const scrapes = scrape(ended.signal);
  await Promise.all([
    honest.run(rate * PAYMENTS, forSeconds),
    hostile.run(rate * HOSTILE, forSeconds),
    stories.run((rate * (1 - PAYMENTS - HOSTILE)) / STORY_OPERATIONS, forSeconds),
  ]);
  ended.abort();
  await scrapes;
}

async function scrape(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await (await fetch(`http://${HOST}:${gateway.ports.operating}/metrics`)).text();
    await sleep(SCRAPE_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

async function read(): Promise<Reading> {
  const [row] = await ledger.query<{ payments: number | string; operations: number | string }>(
    'select (select count(*) from payments) as payments, (select count(*) from operations) as operations',
  );
  const held: Gauges = await readGauges(program, gauges);
  const reading = {
    ...held,
    payments: Number(row!.payments),
    operations: Number(row!.operations),
    logBytes: logged,
    databaseBytes: await databaseBytes(),
  };
  // At once: a later reading may fail.
  console.log(reading);
  return reading;
}

async function databaseBytes(): Promise<number> {
  if (!values.postgres) {
    const files = readdirSync(folder).filter((name) => name.startsWith('tollgate.db'));
    return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  }
  const [row] = await ledger.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(oid)) as bytes from pg_class
      where relkind = 'r' and relnamespace = current_schema()::regnamespace`,
  );
  return Number(row!.bytes);
}
