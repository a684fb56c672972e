/**
 * Replicas of the first release and of this build on one PostgreSQL, under load and kills, up and back down again:
 *
 *   npm run test:upgrade -- --rounds 10 --operations 600 --seed 1 [--postgres URL] [--without UPGRADE_FROM]
 *
 * A round begins and ends with two replicas of the first release, and replaces one after the other: old old, old new,
 * new new, new old, old old. In each stage a replica is killed with SIGKILL and started again, and answered requests are
 * repeated at the other replica. In the end the ledger is compared with the external and the receiver. Exit code 0 only if
 * nothing was lost or executed twice, every repeat had the first answer, and no caller was refused by both replicas.
 * Bounded; only loopback.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChaosExternal } from '../crash/chaos-external.js';
import { type Attempt, audit, untilSettled } from '../crash/chaos-audit.js';
import { ChaosReceiver } from '../crash/chaos-receiver.js';
import { postgresLedger } from '../crash/ledger-reader.js';
import { freePort, type Program, startProgram } from '../crash/program.js';
import { SeededRandom } from '../support/seeded-random.js';
import { firstRelease } from './first-release-build.js';

const EXTERNAL = 'acme';
const CALLERS = 12;
const TIMEOUT_MS = 1_000;
const READY_WITHIN_MS = 60_000;
/** A caller goes on to the other replica so often before the pause counts as one. */
const TRIES = 40;
const TRY_EVERY_MS = 100;
const REPEATED = 0.2;
const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const STAGES = ['old old', 'old new', 'new new', 'new old', 'old old'] as const;

type Version = 'old' | 'new';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    operations: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    postgres: {
      type: 'string',
      default: process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test',
    },
    without: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const source = new SeededRandom(Number(values.seed));
const random = (): number => source.next();
const programs: Readonly<Record<Version, string>> = { old: firstRelease(), new: 'dist/main.js' };
const folder = mkdtempSync(join(tmpdir(), 'tollgate-upgrade-'));
const ledger = await postgresLedger(values.postgres);
const ports = [await freePort(), await freePort()] as const;
const urlOf = (slot: number): string => `http://127.0.0.1:${ports[slot]}`;
const external = new ChaosExternal({
  random,
  honoursIdempotencyKey: false,
  failures: 0.1,
  callbackUrl: () => `${urlOf(random() < 0.5 ? 0 : 1)}/v3/${EXTERNAL}/callback`,
});
const receiver = new ChaosReceiver(SECRET, random);
const env = await environment();
const replicas: { version: Version; program: Program }[] = [];
const attempts: Attempt[] = [];
const accepted: Attempt[] = [];
const problems: string[] = [];
const counts = { kills: 0, replaced: 0, repeats: 0, longestWithoutAnswerMs: 0 };

try {
  for (const slot of [0, 1]) replicas[slot] = { version: 'old', program: await start('old', slot) };
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, stage] of STAGES.entries()) {
      const versions = stage.split(' ') as Version[];
      await pay((round - 1 + (index + 1) / STAGES.length) * Number(values.operations), async () => {
        await replace(versions);
        await killOne();
      });
    }
    console.log(`round ${round}: ${attempts.length} operations, ${problems.length} problems`);
  }
  await settle();
  problems.push(...receiver.problems, ...(await audit(ledger, { [EXTERNAL]: external }, attempts, receiver)));
  for (const problem of problems.slice(0, 20)) console.error(`FAILED: ${problem}`);
  const answered = attempts.filter(({ result }) => result !== undefined).length;
  console.log(
    `upgrade, seed ${values.seed}: ${rounds} rounds up and down, ${counts.replaced} replicas replaced, ${counts.kills} ` +
      `killed, ${attempts.length} operations, ${answered} answered with certainty, ${counts.repeats} repeated at the ` +
      `other replica, ${external.payments.size} payments at the external, ${receiver.told.size} payments notified, ` +
      `at most ${Math.round(counts.longestWithoutAnswerMs)} ms to an answer, ${problems.length} problems`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  for (const { program } of replicas) await program.end('SIGKILL');
  await Promise.all([external.close(), receiver.close()]);
  await ledger.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function environment(): Promise<Record<string, string>> {
  const path = join(folder, 'externals.json');
  const config = {
    externalService: EXTERNAL,
    baseUrl: await external.listen(),
    timeoutMs: TIMEOUT_MS,
    statusByShopTransactionId: true,
    circuitBreaker: { failures: 100_000 },
  };
  writeFileSync(path, JSON.stringify({ externalServices: [config] }));
  const variables = {
    ...ledger.env,
    HTTP_HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    EXTERNAL_PROVIDERS_CONFIG: path,
    PAYMENT_CALLBACK_URL: await receiver.listen(),
    NOTIFICATION_SECRET: SECRET,
    NOTIFICATION_SCHEDULE: Array.from({ length: 40 }, () => '1s').join(','),
    RECONCILIATION_SCHEDULE: Array.from({ length: 60 }, () => '1s').join(','),
    // The first release does not know these.
    FINGERPRINT_KEY: randomBytes(32).toString('hex'),
    UPGRADE_FROM: '0.1',
  };
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name !== values.without));
}

async function start(version: Version, slot: number): Promise<Program> {
  const program = startProgram(programs[version], [], { ...env, HTTP_PORT: String(ports[slot]) });
  const deadline = performance.now() + READY_WITHIN_MS;
  for (let answer = 'no connection'; ; await pause(20)) {
    if (performance.now() > deadline || program.process.exitCode !== null) {
      throw new Error(`a replica of the ${version} release does not start: ${answer}\n${program.output()}`);
    }
    try {
      const response = await fetch(`${urlOf(slot)}/health/ready`, { signal: AbortSignal.timeout(5_000) });
      answer = `${response.status} ${await response.text()}`;
      if (response.ok) return program;
    } catch (error) {
      answer = String((error as Error).cause ?? error);
    }
  }
}

/** One after the other, so that the other replica has the traffic meanwhile. */
async function replace(versions: readonly Version[]): Promise<void> {
  for (const [slot, version] of versions.entries()) {
    const replica = replicas[slot]!;
    if (replica.version === version) continue;
    await replica.program.end('SIGTERM');
    counts.replaced += 1;
    replicas[slot] = { version, program: await start(version, slot) };
  }
}

async function killOne(): Promise<void> {
  const slot = random() < 0.5 ? 0 : 1;
  const { version, program } = replicas[slot]!;
  await pause(random() * 300);
  await program.end('SIGKILL');
  counts.kills += 1;
  replicas[slot] = { version, program: await start(version, slot) };
}

/** Callers send operations while `change` runs, and until there are `until` of them. */
async function pay(until: number, change: () => Promise<void>): Promise<void> {
  let changing = true;
  const callers = Array.from({ length: CALLERS }, async () => {
    while (changing || attempts.length < until) await operate();
  });
  try {
    await change();
  } finally {
    changing = false;
    await Promise.all(callers);
  }
}

async function operate(): Promise<void> {
  const attempt = newAttempt();
  attempts.push(attempt);
  await send(attempt);
  if (attempt.result === 'OK' && attempt.operation === 'pay') accepted.push(attempt);
  if (attempt.result !== undefined && attempt.result !== 'not-executed' && random() < REPEATED) {
    await repeat(attempt);
  }
}

function newAttempt(): Attempt {
  const number = attempts.length;
  const key = `key-${number}`;
  const paid = random() < 0.15 ? accepted[Math.floor(random() * accepted.length)] : undefined;
  if (paid) {
    const body = { paymentId: paid.paymentId!, amount: 400, currency: 'EUR' };
    return { external: EXTERNAL, key, operation: 'refund', body };
  }
  const body = { shopTransactionId: `order-${number}`, amount: 1_000, currency: 'EUR' };
  if (random() < 0.1) {
    const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
    return {
      external: EXTERNAL,
      key,
      operation: 'subscription/start',
      body: Object.assign(body, { subscriptionInfo }),
    };
  }
  return { external: EXTERNAL, key, operation: 'pay', body };
}

interface Sent {
  readonly status: number;
  readonly text: string;
  readonly slot: number;
}

/** As a load balancer does: where no connection can be made, or a replica stops, the other one gets the request. */
async function send(attempt: Attempt): Promise<void> {
  const startedAt = performance.now();
  let refusal = '';
  for (let tries = 0, slot = random() < 0.5 ? 0 : 1; tries < TRIES; tries += 1, slot = 1 - slot) {
    const sent = await request(attempt, slot);
    if (sent === undefined) {
      refusal = 'no connection';
      if (tries % 2 === 1) await pause(TRY_EVERY_MS);
      continue;
    }
    const body = JSON.parse(sent.text) as {
      result?: string;
      paymentId?: string;
      outcome?: string;
      code?: string;
    };
    if (sent.status === 503 && ['shutting-down', 'storage-unavailable', 'overloaded'].includes(body.code!)) {
      refusal = sent.text;
      continue;
    }
    counts.longestWithoutAnswerMs = Math.max(counts.longestWithoutAnswerMs, performance.now() - startedAt);
    if (sent.status === 200) Object.assign(attempt, { result: body.result, paymentId: body.paymentId });
    else if (body.outcome === 'not-executed') {
      attempt.result = 'not-executed';
      if (body.code === 'idempotency-key-reused')
        problems.push(`${attempt.key}: a repeat of the same request was answered ${sent.text}`);
    } else if (body.outcome !== 'unknown') {
      problems.push(`${attempt.key}: an answer without an outcome: ${sent.status} ${sent.text}`);
    }
    return;
  }
  problems.push(`${attempt.key}: refused by both replicas: ${refusal}`);
}

/** Undefined where there was no answer. */
async function request({ operation, key, body }: Attempt, slot: number): Promise<Sent | undefined> {
  try {
    const response = await fetch(`${urlOf(slot)}/v3/${EXTERNAL}/${operation}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text(), slot };
  } catch {
    return undefined;
  }
}

/** A replica that did not execute a request must answer its repeat like the one that did. */
async function repeat(attempt: Attempt): Promise<void> {
  for (const slot of [0, 1]) {
    const sent = await request(attempt, slot);
    if (sent === undefined || sent.status === 503) continue;
    counts.repeats += 1;
    const { result, paymentId } = JSON.parse(sent.text) as { result?: string; paymentId?: string };
    if (sent.status !== 200 || result !== attempt.result || paymentId !== attempt.paymentId) {
      problems.push(
        `${attempt.key} ${attempt.operation}: answered ${attempt.result} ${attempt.paymentId}, then by the ` +
          `${replicas[slot]!.version} replica ${sent.status} ${sent.text}`,
      );
    }
  }
}

/** Failures end, and what is open comes to its end. */
async function settle(): Promise<void> {
  external.calmDown();
  external.settleOpen();
  receiver.calmDown();
  await untilSettled(ledger);
  // A kill between the commit of an outcome and its answer causes no notification: the caller repeats the request.
  const unheard = attempts.filter(
    ({ result, body }) =>
      result === undefined &&
      body.shopTransactionId !== undefined &&
      !receiver.told.has(body.shopTransactionId),
  );
  for (const attempt of unheard) await send(attempt);
  external.settleOpen();
  await untilSettled(ledger);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
