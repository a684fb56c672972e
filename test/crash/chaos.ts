/**
 * Everything fails at once, and the ledger must be correct in the end:
 *
 *   node --import ./test/support/typescript-hooks.js test/crash/chaos.ts --operations 10000 --kills 10 --seed 1 [--postgres URL]
 *
 * Three externals that fail in every way, callbacks lost, repeated and reordered, the receiver down a third of the time,
 * the built gateway killed with SIGKILL and restarted. Then the failures end, the schedules pass, and the ledger is
 * compared from outside. Exit code 0 only if every check passed. Bounded; only loopback.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Attempt, audit, untilSettled } from './chaos-audit.js';
import { ChaosExternal } from './chaos-external.js';
import { ChaosReceiver } from './chaos-receiver.js';
import { postgresLedger, sqliteLedger } from './ledger-reader.js';
import { freePort, type Program, startProgram, untilAnswers } from './program.js';
import { SeededRandom } from '../support/seeded-random.js';

const CALLERS = 30;
const TIMEOUT_MS = 400;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const EXTERNALS = [
  { name: 'honours', honoursIdempotencyKey: true, failures: 0.3 },
  { name: 'plain', honoursIdempotencyKey: false, failures: 0.3 },
  { name: 'awful', honoursIdempotencyKey: false, failures: 0.6 },
] as const;

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '10000' },
    kills: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    postgres: { type: 'string' },
  },
});
const source = new SeededRandom(Number(values.seed));
const random = (): number => source.next();
const folder = mkdtempSync(join(tmpdir(), 'tollgate-chaos-'));
const ledger = values.postgres
  ? await postgresLedger(values.postgres)
  : sqliteLedger(join(folder, 'tollgate.db'));
const port = await freePort();
const gateway = `http://127.0.0.1:${port}`;
const externals = EXTERNALS.map(
  (options) =>
    new ChaosExternal({ random, ...options, callbackUrl: () => `${gateway}/v3/${options.name}/callback` }),
);
const byName = Object.fromEntries(EXTERNALS.map(({ name }, index) => [name, externals[index]!]));
const receiver = new ChaosReceiver(SECRET, random);
const attempts: Attempt[] = [];
const accepted: Attempt[] = [];
const programs: Program[] = [];

try {
  const problems = await run(Number(values.operations), Number(values.kills));
  for (const problem of problems.slice(0, 20)) console.error(`FAILED: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  for (const program of programs) await program.end('SIGKILL');
  await Promise.all([...externals, receiver].map((server) => server.close()));
  await ledger.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function run(operations: number, kills: number): Promise<string[]> {
  const env = await environment();
  const startedAt = performance.now();
  for (let kill = 0; kill <= kills; kill += 1) {
    const program = startProgram('dist/main.js', [], env);
    programs.push(program);
    await untilAnswers(`${gateway}/problems`, program);
    const until = Math.round((operations * (kill + 1)) / (kills + 1));
    await operate(until, kill < kills ? program : undefined);
  }
  const calledMs = performance.now() - startedAt;
  for (const external of externals) {
    external.calmDown();
    external.settleOpen();
  }
  receiver.calmDown();
  await untilSettled(ledger);
  const unheard = attempts.filter(({ result, body }) => result === undefined && !isTold(body));
  await askAgain(unheard);
  await untilSettled(ledger);
  const problems = [...receiver.problems, ...(await audit(ledger, byName, attempts, receiver))];
  if (unheard.length > kills * CALLERS)
    problems.push(
      `${unheard.length} callers heard nothing; the kills can only have cut off ${kills * CALLERS}`,
    );
  console.log(
    `chaos, seed ${values.seed}, ${values.postgres ? 'PostgreSQL' : 'SQLite'}: ${attempts.length} operations in ` +
      `${Math.round(calledMs / 1_000)} s, ${kills} kills, settled ${Math.round((performance.now() - startedAt - calledMs) / 1_000)} s later, ` +
      `${externals.reduce((sum, { payments }) => sum + payments.size, 0)} payments at the externals, ` +
      `${receiver.told.size} payments notified, ${unheard.length} callers cut off and answered when they asked again, ` +
      `${problems.length} problems`,
  );
  return problems;
}

async function environment(): Promise<Record<string, string>> {
  const path = join(folder, 'externals.json');
  const externalServices = await Promise.all(
    EXTERNALS.map(async ({ name, honoursIdempotencyKey }, index) => ({
      externalService: name,
      baseUrl: await externals[index]!.listen(),
      timeoutMs: TIMEOUT_MS,
      honoursIdempotencyKey,
      statusByShopTransactionId: true,
      circuitBreaker: { failures: 20, windowMs: 1_000, openMs: 200 },
    })),
  );
  writeFileSync(path, JSON.stringify({ externalServices }));
  return {
    ...ledger.env,
    HTTP_PORT: String(port),
    HTTP_HOST: '127.0.0.1',
    LOG_LEVEL: 'fatal',
    EXTERNAL_PROVIDERS_CONFIG: path,
    PAYMENT_CALLBACK_URL: await receiver.listen(),
    NOTIFICATION_SECRET: SECRET,
    NOTIFICATION_SCHEDULE: Array.from({ length: 40 }, () => '1s').join(','),
    RECONCILIATION_SCHEDULE: Array.from({ length: 60 }, () => '1s').join(','),
  };
}

/** All callers start operations up to `until`; then the gateway is killed. */
async function operate(until: number, victim: Program | undefined): Promise<void> {
  let ended = false;
  const callers = Array.from({ length: CALLERS }, async () => {
    while (attempts.length < until && !ended) await operateOnce();
  });
  if (!victim) {
    await Promise.all(callers);
    return;
  }
  while (attempts.length < until - CALLERS / 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await victim.end('SIGKILL');
  ended = true;
  await Promise.all(callers);
}

async function operateOnce(): Promise<void> {
  const draw = random();
  // Sometimes a caller repeats a request of unknown outcome.
  const open = draw < 0.1 ? attempts.findLast(({ result }) => result === undefined) : undefined;
  const attempt = open ?? newAttempt(draw);
  if (!open) attempts.push(attempt);
  await send(attempt);
}

/** Sends the request, under the same key if it is a repeat, and records a certain outcome. */
async function send(attempt: Attempt): Promise<void> {
  try {
    const response = await fetch(`${gateway}/v3/${attempt.external}/${attempt.operation}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': attempt.key },
      body: JSON.stringify(attempt.body),
    });
    const body = (await response.json()) as { result?: string; paymentId?: string; outcome?: string };
    if (response.status === 200) {
      attempt.result = body.result;
      attempt.paymentId = body.paymentId;
      if (body.result === 'OK' && attempt.operation === 'pay') accepted.push(attempt);
    } else if (body.outcome === 'not-executed') attempt.result = 'not-executed';
    else if (body.outcome !== 'unknown')
      throw new Error(`an answer without an outcome: ${response.status} ${JSON.stringify(body)}`);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Killed before it answered.
  }
}

function newAttempt(draw: number): Attempt {
  const number = attempts.length;
  const key = `key-${number}`;
  const paid = draw > 0.85 ? accepted[Math.floor(random() * accepted.length)] : undefined;
  if (paid) {
    const { external, paymentId } = paid;
    return {
      external,
      key,
      operation: 'refund',
      body: { paymentId: paymentId!, amount: 400, currency: 'EUR' },
    };
  }
  const external = EXTERNALS[Math.floor(random() * EXTERNALS.length)]!.name;
  const subscription = draw > 0.8 && { subscriptionInfo: { interval: 'MONTH', intervalCount: 1 } };
  return {
    external,
    key,
    operation: subscription ? 'subscription/start' : 'pay',
    body: { shopTransactionId: `order-${number}`, amount: 1_000, currency: 'EUR', ...subscription },
  };
}

function isTold({ shopTransactionId }: Attempt['body']): boolean {
  return shopTransactionId === undefined || receiver.told.has(shopTransactionId);
}

/**
 * A kill between the commit of an outcome and its answer leaves the caller without an answer and causes no notification:
 * a repeat of the request under its key must return the outcome (SPEC §4).
 */
async function askAgain(unheard: readonly Attempt[]): Promise<void> {
  for (const attempt of unheard) await send(attempt);
  for (const external of externals) external.settleOpen();
}
