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
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { HonestCallers } from '../attack/honest-callers.js';
import { settleAndAudit } from '../attack/settlement.js';
import { ChaosExternal } from '../crash/chaos-external.js';
import { ChaosReceiver } from '../crash/chaos-receiver.js';
import { postgresLedger, sqliteLedger } from '../crash/ledger-reader.js';
import { freePort, startProgram, untilAnswers } from '../crash/program.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type Gauges, readGauges } from './gateway-gauges.js';
import { growth, type Reading } from './growth.js';
import { Stories, STORY_OPERATIONS } from './stories.js';

const HOST = '127.0.0.1';
const KEY = 'soaking-0f8c2d7e5b914a3fa6c1';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** What Node takes in a container of 512 MiB with the command of our image. */
const HEAP = ['--max-old-space-size=256', '--max-semi-space-size=8'];
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
const source = new SeededRandom(Number(values.seed));
const random = (): number => source.next();
const folder = mkdtempSync(join(tmpdir(), 'tollgate-soak-'));
const gauges = join(folder, 'gauges.json');
const ledger = values.postgres
  ? await postgresLedger(values.postgres)
  : sqliteLedger(join(folder, 'tollgate.db'));
const [port, operatingPort] = [await freePort(), await freePort()];
const url = `http://${HOST}:${port}`;
const external = (name: string, failures: number): ChaosExternal =>
  new ChaosExternal({
    random,
    failures,
    honoursIdempotencyKey: true,
    callbackUrl: () => `${url}/v3/${name}/callback`,
  });
const externals = { steady: external('steady', 0), hostile: external('hostile', 0.6) };
const receiver = new ChaosReceiver(SECRET, random);
const gateway = startProgram(
  HEAP[0]!,
  [...HEAP.slice(1), '--expose-gc', '--import', resolve('test/soak/gauges.js'), 'dist/main.js'],
  await environment(),
);
let logged = 0;
gateway.process.stdout!.on('data', (chunk: Buffer) => (logged += chunk.length));
const steady = new HonestCallers(url, 'steady', KEY);
const hostile = new HonestCallers(url, 'hostile', KEY);
const stories = new Stories(url, 'steady', KEY);

try {
  await untilAnswers(`http://${HOST}:${operatingPort}/health/ready`, gateway);
  const [start, middle, end] = await soak();
  console.table({ start, middle, end });
  console.log(`${steady.describe()}; ${hostile.describe()}; ${stories.describe()}`);
  const parties = [
    { name: 'steady', external: externals.steady, callers: steady },
    { name: 'hostile', external: externals.hostile, callers: hostile },
  ];
  const problems = [...growth(start!, middle!, end!), ...(await settleAndAudit(parties, receiver, ledger))];
  for (const problem of problems.slice(0, 20)) console.error(`FAILED: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await gateway.end('SIGKILL');
  await Promise.all([steady.close(), hostile.close(), stories.close()]);
  await Promise.all([externals.steady.close(), externals.hostile.close(), receiver.close()]);
  await ledger.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function environment(): Promise<Record<string, string>> {
  const path = join(folder, 'externals.json');
  const externalServices = [
    { externalService: 'steady', baseUrl: await externals.steady.listen() },
    { externalService: 'hostile', baseUrl: await externals.hostile.listen(), timeoutMs: 1_000 },
  ].map((entry) => ({ honoursIdempotencyKey: true, statusByShopTransactionId: true, ...entry }));
  writeFileSync(path, JSON.stringify({ externalServices }));
  return {
    ...ledger.env,
    HTTP_PORT: String(port),
    HTTP_HOST: HOST,
    METRICS_PORT: String(operatingPort),
    API_AUTH: 'required',
    API_KEYS: `soaking:${KEY}:payments+refunds+subscriptions+read+admin`,
    EXTERNAL_PROVIDERS_CONFIG: path,
    PAYMENT_CALLBACK_URL: await receiver.listen(),
    NOTIFICATION_SECRET: SECRET,
    NOTIFICATION_SCHEDULE: Array.from({ length: 40 }, () => '1s').join(','),
    RECONCILIATION_SCHEDULE: Array.from({ length: 60 }, () => '1s').join(','),
    SOAK_GAUGES: gauges,
  };
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
    steady.run(rate * PAYMENTS, forSeconds),
    hostile.run(rate * HOSTILE, forSeconds),
    stories.run((rate * (1 - PAYMENTS - HOSTILE)) / STORY_OPERATIONS, forSeconds),
  ]);
  ended.abort();
  await scrapes;
}

async function scrape(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await (await fetch(`http://${HOST}:${operatingPort}/metrics`)).text();
    await sleep(SCRAPE_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

async function read(): Promise<Reading> {
  const [row] = await ledger.query<{ payments: number | string; operations: number | string }>(
    'select (select count(*) from payments) as payments, (select count(*) from operations) as operations',
  );
  const held: Gauges = await readGauges(gateway, gauges);
  return {
    ...held,
    payments: Number(row!.payments),
    operations: Number(row!.operations),
    logBytes: logged,
    databaseBytes: await databaseBytes(),
  };
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
