/**
 * The cost of a payment and of a replay with 1,000,000 payments, compared with 1,000: at most 1.3 times. Two gateway
 * processes, measured in turns; the external is a stub in this process. Fills an empty large database first:
 *
 *   node --import ./test/support/typescript-hooks.js test/scale/pay-at-scale.ts --database sqlite:/tmp/scale.db [--payments 1000000]
 *
 * With `--database postgres://…` in schemas of their own. The databases stay; remove them when done.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, type Program, startProgram, untilAnswers } from '../crash/program.js';
import { startStubExternal } from '../support/stub-external.js';
import { ensureFilled, median, say, scaleDatabase, type ScaleDatabase, sizeOf } from './scale-database.js';

const LIMIT = 1.3;
const CONCURRENCY = 8;
/** Of Linux: what `/proc/…/stat` counts in. */
const TICK_MS = 10;

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite:/tmp/tollgate-scale.db' },
    payments: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '20' },
    batch: { type: 'string', default: '500' },
  },
});
const rounds = Number(values.rounds);
const batch = Number(values.batch);
const run = Date.now().toString(36);

interface Contender {
  readonly name: string;
  readonly database: ScaleDatabase;
  readonly program: Program;
  readonly url: string;
  readonly sizeBefore: number;
  readonly pay: Cost;
  readonly replay: Cost;
}

/** Per operation, for each batch. */
interface Cost {
  readonly wallMs: number[];
  readonly cpuMs: number[];
  readonly latencyMs: number[];
}

const folder = mkdtempSync(join(tmpdir(), 'tollgate-scale-'));
let executed = 0;
const external = await startStubExternal(() => ({ result: 'OK', paymentId: `pm-${run}-${(executed += 1)}` }));
const externals = join(folder, 'externals.json');
writeFileSync(
  externals,
  JSON.stringify({ externalServices: [{ externalService: 'acme', baseUrl: external.url }] }),
);

const small = await contender('small', 1_000);
const large = await contender('large', Number(values.payments));
// The first batch is a warm-up.
for (let round = 0; round <= rounds; round += 1) {
  for (const each of round % 2 === 0 ? [small, large] : [large, small]) await measure(each, round);
}
await report();
await Promise.all([small.program.end('SIGTERM'), large.program.end('SIGTERM')]);
await external.close();
rmSync(folder, { recursive: true });

async function contender(name: string, payments: number): Promise<Contender> {
  const database = await scaleDatabase(values.database, name);
  await ensureFilled(database, payments);
  const sizeBefore = await sizeOf(database);
  const port = await freePort();
  const program = startProgram('--import', ['./test/support/typescript-hooks.js', 'src/main.ts'], {
    HTTP_PORT: String(port),
    HTTP_HOST: '127.0.0.1',
    LOG_LEVEL: 'fatal',
    API_AUTH: 'none',
    WORKERS: 'off',
    EXTERNAL_PROVIDERS_CONFIG: externals,
    ...database.env,
  });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/health/live`, program);
  return { name, database, program, url, sizeBefore, pay: noCost(), replay: noCost() };
}

function noCost(): Cost {
  return { wallMs: [], cpuMs: [], latencyMs: [] };
}

async function measure(each: Contender, round: number): Promise<void> {
  const keys = Array.from({ length: batch }, (_, i) => `${run}-${each.name}-${round}-${i}`);
  for (const cost of [each.pay, each.replay]) {
    const result = await timed(each, keys);
    if (round === 0) continue;
    cost.wallMs.push(result.wallMs);
    cost.cpuMs.push(result.cpuMs);
    cost.latencyMs.push(median(result.latenciesMs));
  }
}

async function timed(
  each: Contender,
  keys: readonly string[],
): Promise<{ wallMs: number; cpuMs: number; latenciesMs: number[] }> {
  const queue = [...keys];
  const latenciesMs: number[] = [];
  const cpuBefore = cpuMsOf(each.program);
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
        const sentAt = performance.now();
        await pay(each, key);
        latenciesMs.push(performance.now() - sentAt);
      }
    }),
  );
  return {
    wallMs: (performance.now() - startedAt) / keys.length,
    cpuMs: (cpuMsOf(each.program) - cpuBefore) / keys.length,
    latenciesMs,
  };
}

async function pay({ url }: Contender, key: string): Promise<void> {
  const response = await fetch(`${url}/v3/acme/pay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ amount: 1_299, currency: 'EUR', shopTransactionId: key }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
}

/** User and system time of the process so far (proc(5), fields 14 and 15). */
function cpuMsOf({ process: { pid } }: Program): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Transactions and the commits that they shared, since the start of the gateway. */
async function commitsOf(url: string): Promise<[transactions: number, commits: number]> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
  const name = 'tollgate_database_commit_transactions';
  return [read(`${name}_sum`), read(`${name}_count`)];
}

async function report(): Promise<void> {
  const paid = (rounds + 1) * batch;
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const lines = (['pay', 'replay'] as const).flatMap((what) =>
    (
      [
        ['median latency, ms', (cost: Cost) => median(cost.latencyMs)],
        ['gateway CPU, ms', (cost: Cost) => mean(cost.cpuMs)],
        ['wall time at 8 connections, ms', (cost: Cost) => median(cost.wallMs)],
      ] as const
    ).map(([measured, of]) => ({
      name: `${what}: ${measured}`,
      small: of(small[what]),
      large: of(large[what]),
    })),
  );
  say(`\n${rounds} rounds of ${batch} at each, in turns`);
  say(
    `\n| per operation | 1,000 | ${Number(values.payments).toLocaleString('en')} | ratio |\n| --- | ---: | ---: | ---: |`,
  );
  for (const line of lines) {
    const ratio = line.large / line.small;
    say(`| ${line.name} | ${line.small.toFixed(3)} | ${line.large.toFixed(3)} | ${ratio.toFixed(2)} |`);
    if (ratio > LIMIT) process.exitCode = 1;
  }
  for (const each of [small, large]) {
    const bytes = ((await sizeOf(each.database)) - each.sizeBefore) / paid;
    const commits = (await commitsOf(each.url)).map((count) => (count / (2 * paid)).toFixed(2));
    say(`\n${each.name}: ${bytes.toFixed(0)} bytes a payment, tables and indexes`);
    say(
      `${each.name}: of payments and replays together, ${commits[0]} transactions and ${commits[1]} commits each`,
    );
  }
}
