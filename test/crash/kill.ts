/**
 * Kills the built gateway with SIGKILL at random moments, with concurrent payers, and then audits the ledger from outside:
 *
 *   node --import ./test/support/typescript-hooks.js test/crash/kill.ts --rounds 30 --seed 1 [--postgres URL]
 *
 * Exit code 0 only if every check passed. Bounded in rounds and time; only loopback.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type LedgerPayment, type LedgerReader, postgresLedger, sqliteLedger } from './ledger-reader.js';
import { freePort, type Program, startProgram, untilAnswers } from './program.js';
import { SeededRandom } from '../support/seeded-random.js';

const PAYERS = 20;
const TIMEOUT_MS = 2_000;
/** The time beyond it before an operation is abandoned (src/operations/operation.settler.ts). */
const MARGIN_MS = 5_000;
const SCENARIOS = [
  { scenario: 'ok' },
  { scenario: 'slow', delayMs: 30 },
  { scenario: 'decline' },
  { scenario: 'pending', delayMs: 3_600_000 },
  { scenario: 'reset' },
];

const STATE_OF_RESULT: Readonly<Record<string, string>> = {
  OK: 'ACCEPTED',
  KO: 'FAILED',
  PENDING: 'PENDING',
};

/** A payment from the payer's view. */
interface Attempt {
  readonly key: string;
  readonly body: object;
  readonly shopTransactionId: string;
  /** The answer to the payer, if there was one. */
  answer?: {
    readonly status: number;
    readonly body: { result?: string; paymentId?: string; outcome?: string };
  };
}

interface BookedPayment {
  readonly shopTransactionId: string;
  readonly paymentId: string;
  readonly status: string;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    postgres: { type: 'string' },
  },
});
const source = new SeededRandom(Number(values.seed));
const random = (): number => source.next();
const folder = mkdtempSync(join(tmpdir(), 'tollgate-kill-'));
const ledger = values.postgres
  ? await postgresLedger(values.postgres)
  : sqliteLedger(join(folder, 'tollgate.db'));
const attempts: Attempt[] = [];
const programs: Program[] = [];

try {
  const problems = await run(Number(values.rounds));
  for (const problem of problems.slice(0, 20)) console.error(`FAILED: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  for (const program of programs) await program.end('SIGKILL');
  await ledger.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function run(rounds: number): Promise<string[]> {
  const [simulatorPort, port] = [await freePort(), await freePort()];
  const simulator = `http://127.0.0.1:${simulatorPort}`;
  const gateway = `http://127.0.0.1:${port}`;
  const env = environment(port, simulator);
  const external = startProgram(
    'simulator/dist/main.js',
    ['--port', String(simulatorPort), '--max-payments', '1000000', '--ignore-idempotency-key'],
    {},
  );
  programs.push(external);
  await untilAnswers(`${simulator}/book`, external);
  for (let round = 0; round < rounds; round += 1) await killRound(env, gateway);
  const last = startProgram('dist/main.js', [], env);
  programs.push(last);
  await untilAnswers(`${gateway}/problems`, last);
  await untilNothingRuns(ledger);
  const report = (await (await fetch(`${simulator}/book`)).json()) as Report;
  return audit(report, rounds);
}

interface Report {
  readonly payments: readonly BookedPayment[];
  readonly doubles: {
    readonly byShopTransactionId: readonly object[];
    readonly byIdempotencyKey: readonly object[];
  };
}

function environment(port: number, simulator: string): Record<string, string> {
  const externals = join(folder, 'externals.json');
  const config = {
    externalService: 'sim',
    baseUrl: simulator,
    timeoutMs: TIMEOUT_MS,
    statusByShopTransactionId: true,
    circuitBreaker: { failures: 100_000 },
  };
  writeFileSync(externals, JSON.stringify({ externalServices: [config] }));
  return {
    ...ledger.env,
    HTTP_PORT: String(port),
    HTTP_HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    EXTERNAL_PROVIDERS_CONFIG: externals,
    // This run does not test reconciliation: the ledger must be correct before it.
    RECONCILIATION_SCHEDULE: '1h',
  };
}

/** Starts the gateway and the payers, and kills the gateway while they pay. */
async function killRound(env: Record<string, string>, gateway: string): Promise<void> {
  const program = startProgram('dist/main.js', [], env);
  programs.push(program);
  await untilAnswers(`${gateway}/problems`, program);
  let killed = false;
  const paying = Promise.withResolvers<void>();
  const payers = Array.from({ length: PAYERS }, async () => {
    while (!killed) if (await payOnce(gateway)) paying.resolve();
  });
  await paying.promise;
  await new Promise((resolve) => setTimeout(resolve, random() * 300));
  killed = true;
  await program.end('SIGKILL');
  await Promise.all(payers);
}

/** A new payment, or sometimes the repeat of an unanswered one with its key. True if it was answered. */
async function payOnce(gateway: string): Promise<boolean> {
  const unanswered = attempts.filter(({ answer }) => !answer);
  const repeated = random() < 0.3 ? unanswered[Math.floor(random() * unanswered.length)] : undefined;
  const attempt = repeated ?? newAttempt();
  try {
    const response = await fetch(`${gateway}/v3/sim/pay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': attempt.key },
      body: JSON.stringify(attempt.body),
    });
    const body = (await response.json()) as NonNullable<Attempt['answer']>['body'];
    if (response.status !== 409) attempt.answer = { status: response.status, body };
    return true;
  } catch {
    // Killed before it answered.
    return false;
  }
}

function newAttempt(): Attempt {
  const number = attempts.length;
  const shopTransactionId = `order-${number}`;
  const providerData = SCENARIOS[Math.floor(random() * SCENARIOS.length)]!;
  const attempt = {
    key: `key-${number}`,
    shopTransactionId,
    body: { amount: 100 + number, currency: 'EUR', shopTransactionId, providerData },
  };
  attempts.push(attempt);
  return attempt;
}

async function untilNothingRuns(reader: LedgerReader): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS + MARGIN_MS + 10_000;
  for (;;) {
    const running = await reader.query<object>(`select id from operations where state = 'running'`);
    if (running.length === 0) return;
    if (Date.now() > deadline) throw new Error(`${running.length} operations are still running`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function audit(report: Report, rounds: number): Promise<string[]> {
  const rows = await ledger.query<LedgerPayment>(
    'select shop_transaction_id, payment_id, state from payments',
  );
  const byOrder = Map.groupBy(rows, ({ shop_transaction_id }) => shop_transaction_id);
  const problems: string[] = [];
  const answered = attempts.filter(({ answer }) => answer?.status === 200);
  for (const { shopTransactionId, answer } of answered) {
    const { result, paymentId } = answer!.body;
    const found = byOrder
      .get(shopTransactionId)
      ?.some((row) => row.payment_id === (paymentId ?? null) && row.state === STATE_OF_RESULT[result!]);
    if (!found)
      problems.push(
        `${shopTransactionId} was answered ${result}, the ledger has ${JSON.stringify(byOrder.get(shopTransactionId))}`,
      );
  }
  for (const { shopTransactionId, paymentId, status } of report.payments) {
    const found = byOrder
      .get(shopTransactionId)
      ?.some((row) => (row.payment_id === paymentId && row.state === status) || row.state === 'UNKNOWN');
    if (!found)
      problems.push(
        `${paymentId} is ${status} at the external, the ledger has ${JSON.stringify(byOrder.get(shopTransactionId))}`,
      );
  }
  for (const double of [...report.doubles.byIdempotencyKey, ...report.doubles.byShopTransactionId]) {
    problems.push(`executed twice: ${JSON.stringify(double)}`);
  }
  const unknown = rows.filter(({ state }) => state === 'UNKNOWN').length;
  console.log(
    `${rounds} kills, seed ${values.seed}, ${values.postgres ? 'PostgreSQL' : 'SQLite'}: ${attempts.length} payments begun, ` +
      `${answered.length} answered, ${report.payments.length} in the external's book, ${rows.length} in the ledger ` +
      `(${unknown} UNKNOWN), ${problems.length} problems`,
  );
  if (answered.length === 0 || unknown === 0)
    problems.push('the run showed nothing: nobody was answered, or nobody interrupted');
  return problems;
}
