/**
 * Kills the built gateway with SIGKILL at random moments, while callers pay, cancel, pay again, refund, subscribe and ask
 * by order, operators refund, and externals push statuses and let subscriptions lapse. Then it audits the ledger and the
 * receivers, some of which fail a third of the time, from outside:
 *
 *   node --import ./test/support/typescript-hooks.js test/crash/kill.ts --rounds 30 --seed 1 [--postgres URL]
 *
 * Exit code 0 only if every check passed. Bounded in rounds and time; only loopback.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Answer, send, SHOWED_NOTHING } from './caller.js';
import { type LedgerPayment, type LedgerReader, postgresLedger, sqliteLedger } from './ledger-reader.js';
import { OperatorsUnderKill } from './operators-under-kill.js';
import { PushesUnderKill } from './pushes-under-kill.js';
import { AuditedReceiver, untilDelivered } from './receiver-audit.js';
import { freePort, type Program, startProgram, untilAnswers } from './program.js';
import { type BookedRefund, RefundsUnderKill, type Send } from './refunds-under-kill.js';
import { SubscriptionsUnderKill } from './subscriptions-under-kill.js';
import { SeededRandom } from '../support/seeded-random.js';

const PAYERS = 20;
/** Of a round, before the time to its kill begins: a slow machine does as much as a fast one. */
const ANSWERS = 20;
const TIMEOUT_MS = 2_000;
/** The time beyond it before an operation is abandoned (src/operations/operation.settler.ts). */
const MARGIN_MS = 5_000;
/** The lease of a delivery that the last kill broke off, and the rest of the backlog. */
const DELIVERED_WITHIN_MS = 60_000;
const SCENARIOS = [
  { scenario: 'ok' },
  { scenario: 'slow', delayMs: 30 },
  { scenario: 'decline' },
  { scenario: 'pending', delayMs: 3_600_000 },
  { scenario: 'reset' },
  { scenario: 'redirect' },
  { scenario: 'cancel-refused' },
];
const CANCELLATIONS = [
  { scenario: 'ok' },
  { scenario: 'slow', delayMs: 30 },
  { scenario: 'reset' },
  { scenario: 'decline' },
];

const STATE_OF_RESULT: Readonly<Record<string, string>> = {
  OK: 'ACCEPTED',
  KO: 'FAILED',
  PENDING: 'PENDING',
  REDIRECT_TO_URL: 'PENDING',
};

/** A payment from the payer's view. */
interface Attempt {
  readonly key: string;
  readonly body: object;
  readonly shopTransactionId: string;
  /** The answer to the payer, if there was one. */
  answer?: Answer;
  /** A cancellation was sent. */
  isCanceled?: true;
}

/** A cancellation from its caller's view. */
interface Cancellation {
  readonly key: string;
  readonly attempt: Attempt;
  readonly body: object;
  answer?: Answer;
}

interface BookedPayment {
  readonly shopTransactionId: string;
  readonly paymentId: string;
  readonly amount: number;
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
const refunds = new RefundsUnderKill(random, ledger);
const attempts: Attempt[] = [];
const cancellations: Cancellation[] = [];
/** Orders whose status contradicted what their caller had been answered. */
const contradictions: string[] = [];
let asked = 0;
/** Rounds from which each part must have met every case: a shorter run on a slow machine may miss some. */
const LONG_RUN = 30;

const programs: Program[] = [];
const shop = new AuditedReceiver('payment-callback', { fails: false, random });
const erp = new AuditedReceiver('erp', { fails: true, random });
const operators = new OperatorsUnderKill(random, ledger);
const pushes = new PushesUnderKill(random, ledger, shop);
const subscriptions = new SubscriptionsUnderKill(random, ledger);

try {
  const rounds = Number(values.rounds);
  const problems = (await run(rounds)).filter(
    (problem) => rounds >= LONG_RUN || !problem.startsWith(SHOWED_NOTHING),
  );
  for (const problem of problems.slice(0, 20)) console.error(`FAILED: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  for (const program of programs) await program.end('SIGKILL');
  for (const server of [shop, erp, pushes, subscriptions]) server.close();
  await ledger.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function run(rounds: number): Promise<string[]> {
  const [simulatorPort, port] = [await freePort(), await freePort()];
  const simulator = `http://127.0.0.1:${simulatorPort}`;
  const gateway = `http://127.0.0.1:${port}`;
  const env = await environment(port, simulator, gateway);
  operators.listen(gateway);
  const external = startProgram(
    'simulator/dist/main.js',
    [
      '--port',
      String(simulatorPort),
      '--max-payments',
      '1000000',
      '--ignore-idempotency-key',
      '--callback-url',
      `${gateway}/v3/sim/callback`,
    ],
    {},
  );
  programs.push(external);
  await untilAnswers(`${simulator}/book`, external);
  for (let round = 0; round < rounds; round += 1) await killRound(env, gateway);
  const last = startProgram('dist/main.js', [], env);
  programs.push(last);
  await untilAnswers(`${gateway}/problems`, last);
  await untilNothingRuns(ledger);
  await operators.end();
  const missing = [...(await pushes.end()), ...(await subscriptions.end())];
  const settled = await askAboutOpenOrders(gateway);
  await refunds.end((path) => send(`${gateway}/v3/sim/${path}`));
  erp.calmDown();
  await untilDelivered(ledger, DELIVERED_WITHIN_MS);
  const report = (await (await fetch(`${simulator}/book`)).json()) as Report;
  return [...missing, ...(await audit(report, rounds, settled))];
}

interface Report {
  readonly payments: readonly BookedPayment[];
  readonly refunds: readonly BookedRefund[];
  readonly doubles: {
    readonly byShopTransactionId: readonly object[];
    readonly byIdempotencyKey: readonly object[];
  };
}

async function environment(
  port: number,
  simulator: string,
  gateway: string,
): Promise<Record<string, string>> {
  const subscribing = await subscriptions.listen(gateway);
  const receivers = join(folder, 'receivers.json');
  const further = {
    receiver: 'erp',
    url: await erp.listen(),
    secret: erp.secret,
    events: ['payment', 'refund'],
  };
  writeFileSync(receivers, JSON.stringify({ receivers: [further, subscribing.receiver] }));
  const externals = join(folder, 'externals.json');
  const config = {
    externalService: 'sim',
    baseUrl: simulator,
    timeoutMs: TIMEOUT_MS,
    statusByShopTransactionId: true,
    operations: { cancel: true, 'refund/status': true },
    circuitBreaker: { failures: 100_000 },
  };
  const externalServices = [config, await pushes.listen(gateway), subscribing.external];
  writeFileSync(externals, JSON.stringify({ externalServices }));
  return {
    ...ledger.env,
    HTTP_PORT: String(port),
    HTTP_HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    API_AUTH: 'optional',
    API_KEYS: operators.apiKeys,
    EXTERNAL_PROVIDERS_CONFIG: externals,
    PAYMENT_CALLBACK_URL: await shop.listen(),
    NOTIFICATION_SECRET: shop.secret,
    RECEIVERS_CONFIG: receivers,
    NOTIFICATION_SCHEDULE: Array.from({ length: 90 }, () => '300ms').join(),
    // Refunds end by it. Payments must be correct before it, but after a cancellation: most are still pending then.
    RECONCILIATION_SCHEDULE: '2s,5s,10s,20s,30s,1h',
  };
}

/** Starts the gateway and the payers, and kills the gateway while they pay. */
async function killRound(env: Record<string, string>, gateway: string): Promise<void> {
  const program = startProgram('dist/main.js', [], env);
  programs.push(program);
  await untilAnswers(`${gateway}/problems`, program);
  let killed = false;
  let answers = 0;
  const paying = Promise.withResolvers<void>();
  const payers = Array.from({ length: PAYERS }, async () => {
    while (!killed) if ((await actOnce(gateway)) && (answers += 1) === ANSWERS) paying.resolve();
  });
  await paying.promise;
  await new Promise((resolve) => setTimeout(resolve, random() * 300));
  killed = true;
  await program.end('SIGKILL');
  await Promise.all(payers);
}

/** Pays, cancels, refunds, subscribes or asks. True if it was answered. */
function actOnce(gateway: string): Promise<boolean> {
  const choice = random();
  if (choice < 0.12) return cancelOnce(gateway);
  if (choice < 0.22) return askOnce(gateway);
  if (choice < 0.36) return refundOnce(gateway);
  if (choice < 0.46) return refundOnce(gateway, 'by-operator');
  if (choice < 0.55) return pushes.payOnce();
  if (choice < 0.64) return subscriptions.startOnce();
  return payOnce(gateway);
}

function pick<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** A cancellation of a payment that was answered as pending, or the repeat of an unanswered one with its key. */
async function cancelOnce(gateway: string): Promise<boolean> {
  const repeated = random() < 0.3 ? pick(cancellations.filter(({ answer }) => !answer)) : undefined;
  const cancellation = repeated ?? newCancellation();
  if (!cancellation) return payOnce(gateway);
  const { key, body } = cancellation;
  const answer = await send(`${gateway}/v3/sim/cancel`, key, body);
  if (answer && answer.status !== 409) cancellation.answer = answer;
  return answer !== undefined;
}

function newCancellation(): Cancellation | undefined {
  const attempt = pick(
    attempts.filter(
      ({ answer, isCanceled }) => !isCanceled && STATE_OF_RESULT[answer?.body.result ?? ''] === 'PENDING',
    ),
  );
  if (!attempt) return undefined;
  attempt.isCanceled = true;
  const paymentId = attempt.answer!.body.paymentId!;
  const body = { paymentId, providerData: pick(CANCELLATIONS)! };
  const cancellation = { key: `cancel-${cancellations.length}`, attempt, body };
  cancellations.push(cancellation);
  return cancellation;
}

async function refundOnce(gateway: string, by?: 'by-operator'): Promise<boolean> {
  const paid = pick(attempts.filter(({ answer }) => answer?.body.result === 'OK'));
  if (!paid) return payOnce(gateway);
  const { amount } = paid.body as { amount: number };
  const paymentId = paid.answer!.body.paymentId!;
  if (by) return operators.refundOnce(paymentId, amount);
  const sent: Send = (path, key, body) => send(`${gateway}/v3/sim/${path}`, key, body);
  return refunds.refundOnce(sent, paymentId, amount);
}

/** Asks by order, as a caller that has nothing else; an order that was answered as paid is paid. */
async function askOnce(gateway: string): Promise<boolean> {
  const attempt = pick(attempts);
  if (!attempt) return payOnce(gateway);
  const { shopTransactionId } = attempt;
  const wasPaid = attempt.answer?.body.result === 'OK';
  const operation = random() < 0.5 ? 'status' : 'check';
  const answer = await send(`${gateway}/v3/sim/${operation}?shopTransactionId=${shopTransactionId}`);
  if (answer) asked += 1;
  if (wasPaid && answer?.status === 200 && answer.body.status !== 'ACCEPTED')
    contradictions.push(`${shopTransactionId} was answered OK, and then asked for: ${answer.body.status}`);
  return answer !== undefined;
}

/** What is not final in the ledger is asked for by order: returns how many orders. */
async function askAboutOpenOrders(gateway: string): Promise<number> {
  const open = await ledger.query<LedgerPayment>(
    `select shop_transaction_id, payment_id, state from payments
     where external = 'sim' and state in ('PENDING', 'UNKNOWN')`,
  );
  for (const { shop_transaction_id } of open)
    await send(`${gateway}/v3/sim/check?shopTransactionId=${shop_transaction_id}`);
  return open.length;
}

/** A new payment, or sometimes the repeat of an unanswered one with its key. True if it was answered. */
async function payOnce(gateway: string): Promise<boolean> {
  const repeated = random() < 0.3 ? pick(attempts.filter(({ answer }) => !answer)) : undefined;
  const attempt = repeated ?? newAttempt();
  const answer = await send(`${gateway}/v3/sim/pay`, attempt.key, attempt.body);
  if (answer && answer.status !== 409) attempt.answer = answer;
  return answer !== undefined;
}

/** Of a new order, or sometimes of one whose first payment was cancelled. */
function newAttempt(): Attempt {
  const number = attempts.length;
  const freed =
    random() < 0.2 ? pick(cancellations.filter(({ answer }) => answer?.body.result === 'OK')) : undefined;
  const shopTransactionId = freed?.attempt.shopTransactionId ?? `order-${number}`;
  const providerData = pick(SCENARIOS)!;
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

async function audit(report: Report, rounds: number, settled: number): Promise<string[]> {
  const rows = await ledger.query<LedgerPayment>(
    `select shop_transaction_id, payment_id, state from payments where external = 'sim'`,
  );
  const byOrder = Map.groupBy(rows, ({ shop_transaction_id }) => shop_transaction_id);
  const problems = [...contradictions, ...(await shop.audit(ledger)), ...(await erp.audit(ledger))];
  const answered = attempts.filter(({ answer }) => answer?.status === 200);
  for (const { shopTransactionId, answer, isCanceled } of answered) {
    const { result, paymentId } = answer!.body;
    const states = [STATE_OF_RESULT[result!], ...(isCanceled ? ['FAILED'] : [])];
    const found = byOrder
      .get(shopTransactionId)
      ?.some((row) => row.payment_id === (paymentId ?? null) && states.includes(row.state));
    if (!found)
      problems.push(
        `${shopTransactionId} was answered ${result}, the ledger has ${JSON.stringify(byOrder.get(shopTransactionId))}`,
      );
  }
  for (const { shopTransactionId, paymentId, status } of report.payments) {
    const found = byOrder
      .get(shopTransactionId)
      ?.some((row) => row.payment_id === paymentId && row.state === status);
    if (!found)
      problems.push(
        `${paymentId} is ${status} at the external, the ledger has ${JSON.stringify(byOrder.get(shopTransactionId))}`,
      );
  }
  const canceled = cancellations.filter(({ answer }) => answer?.body.result === 'OK');
  const failed = new Set(
    report.payments.filter(({ status }) => status === 'FAILED').map((each) => each.paymentId),
  );
  for (const { attempt } of canceled)
    if (!failed.has(attempt.answer!.body.paymentId!))
      problems.push(`${attempt.shopTransactionId} was answered as cancelled, and is not at the external`);
  for (const double of [...report.doubles.byIdempotencyKey, ...report.doubles.byShopTransactionId]) {
    problems.push(`executed twice: ${JSON.stringify(double)}`);
  }
  const ofRefunds = await refunds.audit(report.refunds);
  const parts = [
    ofRefunds,
    await operators.audit(report.refunds, report.payments),
    await pushes.audit(),
    await subscriptions.audit(),
  ];
  for (const part of parts) problems.push(...part.problems);
  const unknown = rows.filter(({ state }) => state === 'UNKNOWN').length;
  console.log(
    `${rounds} kills, seed ${values.seed}, ${values.postgres ? 'PostgreSQL' : 'SQLite'}: ${attempts.length} payments begun, ` +
      `${answered.length} answered, ${report.payments.length} in the external's book, ${rows.length} in the ledger ` +
      `(${unknown} UNKNOWN); ${cancellations.length} cancellations, ${canceled.length} answered OK; ${asked} orders asked for, ` +
      `${settled} open ones in the end; ${shop.acknowledged} notifications to one receiver, ${erp.acknowledged} to the other, which ` +
      `refused ${erp.refused} attempts; ` +
      `${parts.map(({ summary }) => summary).join('; ')}; ${problems.length} problems`,
  );
  const interrupted = attempts.filter(({ answer }) => !answer).length;
  const isNotified = shop.acknowledged > 0 && erp.acknowledged > 0 && erp.refused > 0;
  if (answered.length === 0 || interrupted === 0)
    problems.push('no payment was answered, or none interrupted');
  if (canceled.length === 0 || asked === 0 || !isNotified)
    problems.push(`${SHOWED_NOTHING} about cancellations, orders or notifications`);
  return problems;
}
