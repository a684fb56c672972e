/**
 * A ledger of many payments grows old: how long their payments take while RETENTION deletes what has ended, what it
 * gives back, and that the money stays as it was. A gateway process with a clock that is ahead; the external is a stub in
 * this process. Fills an empty database first:
 *
 *   npm run test:retention -- --payments 1000000 [--database postgres://…]
 *
 * The database is deleted afterwards unless it is `--keep`t.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { openStore } from '../../src/persistence/open-store.js';
import { startStubExternal } from '../support/stub-external.js';
import { dropDatabase, ensureFilled, pack, say, scaleDatabase, sizeOf, sizesOf } from './scale-database.js';

const DAY_MS = 86_400_000;
/** Nothing was deleted for this long: the pass is over. */
const QUIET_MS = 15_000;

const { values } = parseArgs({
  options: {
    database: { type: 'string' },
    payments: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '20' },
    days: { type: 'string', default: '91' },
    /** How much slower the p99 may be meanwhile. The machine decides the rest. */
    factor: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
  },
});
const payments = Number(values.payments);
const rate = Number(values.rate);
const folder = mkdtempSync(join(tmpdir(), 'tollgate-scale-'));
const database = await scaleDatabase(values.database ?? `sqlite:${join(folder, 'ledger.db')}`, 'retention');
let executed = 0;
const external = await startStubExternal(() => ({
  result: 'OK',
  paymentId: `pm-${process.pid}-${(executed += 1)}`,
}));
const externals = join(folder, 'externals.json');
writeFileSync(
  externals,
  JSON.stringify({
    externalServices: ['load', 'acme', 'beta', 'gamma', 'tiny'].map((externalService) => ({
      externalService,
      baseUrl: external.url,
    })),
  }),
);
const agent = new Agent({ keepAlive: true });

await ensureFilled(database, payments);
const before = { totals: await totals(), sizes: await sizesOf(database), bytes: await sizeOf(database) };
const young = await underLoad(0, async () => {
  await sleep(Number(values.seconds) * 1_000);
});
const aged = await underLoad(Number(values.days) * DAY_MS, untilDeleted);
await pack(database);
const after = { totals: await totals(), sizes: await sizesOf(database), bytes: await sizeOf(database) };

const sameMoney = JSON.stringify(before.totals) === JSON.stringify(after.totals);
const slower = aged.p99Ms / young.p99Ms;
say(`rows deleted: ${aged.deleted} in ${aged.seconds.toFixed(0)} s`);
say(`payments: p50 ${young.p50Ms.toFixed(1)} ms, p99 ${young.p99Ms.toFixed(1)} ms without (${young.count})`);
say(`payments: p50 ${aged.p50Ms.toFixed(1)} ms, p99 ${aged.p99Ms.toFixed(1)} ms meanwhile (${aged.count})`);
say(`failed payments: ${young.failed + aged.failed}`);
say(
  `bytes in use: ${before.bytes} before, ${after.bytes} after; per payment ${(after.bytes / payments).toFixed(0)}`,
);
say('bytes per payment by table or index, before and after:');
for (const [name, bytes] of before.sizes)
  if (bytes / payments >= 1)
    say(`  ${name.padEnd(40)} ${perPayment(bytes)} ${perPayment(after.sizes.get(name) ?? 0)}`);
say(`totals of payments and refunds: ${sameMoney ? 'the same' : 'DIFFERENT'}`);
agent.destroy();
await external.close();
if (!values.keep) await dropDatabase(database);
rmSync(folder, { recursive: true });
if (!sameMoney || aged.deleted === 0 || young.failed + aged.failed > 0 || slower > Number(values.factor)) {
  say('FAILED');
  process.exitCode = 1;
}

function perPayment(bytes: number): string {
  return (bytes / payments).toFixed(1).padStart(8);
}

/** Count and sum of payments and refunds by external, currency and state, without those of the load. */
async function totals(): Promise<unknown> {
  const store = await openStore(database.config);
  try {
    return await store.read(async (db) => {
      const of = async (table: 'payments' | 'refunds') =>
        (
          await sql`select external, currency, state, count(*) as items, cast(sum(amount_minor) as bigint) as amount
            from ${sql.table(table)} where external <> 'load' group by 1, 2, 3 order by 1, 2, 3`.execute(db)
        ).rows;
      return [await of('payments'), await of('refunds')];
    });
  } finally {
    await store.close();
  }
}

interface Load {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly count: number;
  readonly failed: number;
  readonly deleted: number;
  readonly seconds: number;
}

async function underLoad(aheadMs: number, work: (url: string) => Promise<unknown>): Promise<Load> {
  const gateway = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import',
      './test/support/typescript-hooks.js',
      'test/scale/retention-gateway.ts',
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...database.env,
        AHEAD_MS: String(aheadMs),
        HTTP_PORT: '0',
        HTTP_HOST: '127.0.0.1',
        LOG_LEVEL: 'fatal',
        // Open payments of long ago would all be queried at once.
        RECONCILIATION_SCHEDULE: '30d',
        FINGERPRINT_KEY: '0'.repeat(64),
        EXTERNAL_PROVIDERS_CONFIG: externals,
      },
    },
  );
  const lines = createInterface(gateway.stdout);
  const [url] = (await once(lines, 'line')) as [string];
  await sleep(2_000);
  const load = { stop: false };
  const startedAt = performance.now();
  const running = pay(url, load);
  await work(url);
  load.stop = true;
  const { latencies, failed } = await running;
  const deleted = await deletedBy(url);
  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  const seconds = (performance.now() - startedAt) / 1_000;
  return { p50Ms: at(0.5), p99Ms: at(0.99), count: latencies.length, failed, deleted, seconds };
}

/** At a fixed rate, whatever the answers take: a stall shows in every payment that it delays. */
async function pay(
  url: string,
  load: { readonly stop: boolean },
): Promise<{ latencies: number[]; failed: number }> {
  const latencies: number[] = [];
  const sent: Promise<void>[] = [];
  let failed = 0;
  const startedAt = performance.now();
  for (let i = 0; !load.stop; i += 1) {
    const dueMs = startedAt + (i * 1_000) / rate;
    await sleep(Math.max(0, dueMs - performance.now()));
    sent.push(
      send(url, i).then(
        (status) => {
          if (status === 200) latencies.push(performance.now() - dueMs);
          else failed += 1;
        },
        (error: unknown) => {
          say(`payment ${i}: ${String(error)}`);
          failed += 1;
        },
      ),
    );
  }
  await Promise.all(sent);
  return { latencies, failed };
}

/** The status of the answer. Rejects where the connection fails, and its caller gets none. */
async function send(url: string, i: number): Promise<number> {
  const body = JSON.stringify({
    amount: 100,
    currency: 'EUR',
    shopTransactionId: `load-${process.pid}-${url}-${i}`,
  });
  const sending = request(`${url}/v3/load/pay`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', 'idempotency-key': `k-${process.pid}-${url}-${i}` },
  });
  // A connection may fail after its answer too, when nothing waits for this request: such an error ends the process.
  sending.on('error', () => {});
  sending.end(body);
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode!;
}

async function untilDeleted(url: string): Promise<void> {
  let deleted = 0;
  let freeBytes = 0;
  for (let changedAt = performance.now(); deleted === 0 || performance.now() - changedAt < QUIET_MS;) {
    await sleep(1_000);
    const before = { deleted, freeBytes };
    deleted = await deletedBy(url);
    freeBytes = await metric(url, 'tollgate_database_free_bytes');
    // Payments use free space too, but not as fast as it is given back.
    if (deleted !== before.deleted || before.freeBytes - freeBytes > 1024 ** 2) changedAt = performance.now();
  }
}

function deletedBy(url: string): Promise<number> {
  return metric(url, 'tollgate_retention_deleted_total');
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
