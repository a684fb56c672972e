/**
 * A gateway that strangers attack while it serves honest payments:
 *
 *   npm run test:attack -- --minutes 60 [--postgres URL]     the mixed attack
 *   npm run test:attack -- --alone --seconds 60              each attack alone, in turn
 *   … --only 'slow bodies' --node-option=--cpu-prof          one attack, with an option for the gateway's Node
 *
 * The built gateway runs with the heap of a container of 512 MiB and 1,024 descriptors. Honest callers pay 100 times a
 * second, first undisturbed, then under attack; a caller of an external that fails in every way is beside them. In the
 * end the ledger is compared from outside. Exit code 0 only if nothing was lost or executed twice, honest p99 stayed
 * below four times its undisturbed value (or 100 ms), liveness on both ports was answered within 250 ms, and memory
 * stayed below 400 MiB. Liveness is not checked on a machine that is busy or slow already before the attack.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ATTACKS, MIXED } from './attacks.js';
import { GatewayUnderLoad, HOST, SECRET } from './gateway-under-load.js';
import { Probes } from './probes.js';

const DESCRIPTORS = 1_024;
const HONEST_PER_SECOND = 100;
const HOSTILE_PER_SECOND = 5;
const MAX_P99_RATIO = 4;
const TOLERATED_P99_MS = 100;
/** Without an attack, p99 is far below on a fast machine that does nothing else. */
const BUSY_P99_MS = 50;
/** Before it, the gateway's code is not compiled yet: its latencies say nothing of what an attack changes. */
const WARM_UP_SECONDS = 10;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    alone: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    postgres: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'money-only': { type: 'boolean', default: false },
    'node-option': { type: 'string', multiple: true, default: [] },
  },
});
const attackSeconds = values.seconds
  ? Number(values.seconds)
  : Number(values.minutes ?? (values.alone ? 1 : 60)) * 60;
const quietSeconds = Math.min(60, Math.max(5, attackSeconds / 4));

const gateway = await GatewayUnderLoad.start({
  seed: Number(values.seed),
  postgres: values.postgres,
  externals: [
    {
      externalService: 'signed',
      baseUrl: 'http://127.0.0.1:9',
      callbackAuth: { type: 'standard-webhooks', secret: SECRET },
    },
  ],
  nodeOptions: values['node-option'],
  env: { LOG_LEVEL: 'warn' },
  descriptors: DESCRIPTORS,
});
const { honest, hostile, program, ports } = gateway;
const problems: string[] = [];
/** Latencies and memory: with `--money-only` they are shown, as on a machine that others share they prove nothing. */
const figures: string[] = [];

try {
  await gateway.untilReady();
  await (values.alone ? alone() : mixed());
  if (values['money-only']) for (const figure of figures) console.log(`not checked: ${figure}`);
  else problems.push(...figures);
  for (const problem of problems.slice(0, 20)) console.error(`FAILED: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await gateway.close();
}

async function mixed(): Promise<void> {
  await honest.run(HONEST_PER_SECOND, WARM_UP_SECONDS);
  honest.forgetLatencies();
  await Promise.all([
    honest.run(HONEST_PER_SECOND, quietSeconds),
    hostile.run(HOSTILE_PER_SECOND, quietSeconds),
  ]);
  const quiet = honest.percentile(0.99);
  honest.forgetLatencies();
  const probes = new Probes(program, HOST, ports);
  const attacker = attack(values.only ?? MIXED);
  try {
    await Promise.all([
      honest.run(HONEST_PER_SECOND, attackSeconds),
      hostile.run(HOSTILE_PER_SECOND, attackSeconds),
    ]);
  } finally {
    attacker.kill('SIGKILL');
    probes.end();
  }
  const p99 = honest.percentile(0.99);
  console.log(
    `attack of ${attackSeconds} s, ${values.postgres ? 'PostgreSQL' : 'SQLite'}: ${honest.describe()}; ` +
      `honest p99 ${quiet} ms before, ${p99} ms under attack (p50 ${honest.percentile(0.5)} ms); ${probes.describe()}`,
  );
  const allowed = Math.max(MAX_P99_RATIO * quiet, TOLERATED_P99_MS);
  if (p99 > allowed) figures.push(`honest p99 was ${p99} ms, allowed ${allowed} ms`);
  if (quiet <= BUSY_P99_MS) figures.push(...probes.slowness('the mixed attack'));
  else
    console.log(`liveness NOT CHECKED: without an attack p99 is ${quiet} ms, so the machine is busy or slow`);
  figures.push(...probes.problems('the mixed attack'));
  problems.push(...(await gateway.settleAndAudit()));
}

/** Each attack, without honest callers, against the same process. */
async function alone(): Promise<void> {
  for (const name of values.only ?? Object.keys(ATTACKS)) {
    const probes = new Probes(program, HOST, ports);
    const attacker = attack([name]);
    await new Promise((resolve) => setTimeout(resolve, attackSeconds * 1_000));
    attacker.kill('SIGKILL');
    probes.end();
    console.log(`${name}: ${probes.describe()}`);
    figures.push(...probes.problems(name), ...probes.slowness(name));
  }
}

function attack(names: readonly string[]): ChildProcess {
  return fork(
    join(import.meta.dirname, 'attacker.ts'),
    [HOST, String(ports.public), 'signed', 'hostile', ...names],
    {
      execArgv: process.execArgv,
    },
  );
}
