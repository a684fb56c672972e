/**
 * `npm run test:alerts`: a real Prometheus, with docs/alerts.yml, scrapes the built program while faults are provoked, and
 * afterwards while they are over. Prints when each alert fired and stopped. Takes half an hour, most of it waiting, and
 * ends by itself. Needs Prometheus and PostgreSQL's programs. Exit code 0 only if every alert fired within its promise
 * and stopped.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Program, startProgram, untilAnswers } from '../crash/program.js';
import { PostgresCluster } from '../support/postgres-cluster.js';
import { answerJson, startStubExternal } from '../support/stub-external.js';

const KEY = 'a-key-of-the-alerts-0123456789';
const SCRAPE_SECONDS = 5;
/** Beside the rule's own time: a rate needs two samples, an alert one evaluation more. */
const SLACK_SECONDS = 45;
/** The longest range of a rule whose end is awaited is 15 minutes. */
const STOPS_WITHIN_SECONDS = 17 * 60;
/** Fires for an hour. */
const LASTING = new Set(['TollgateIdTaken']);

/** An alert, the fault that it must report, and `for` of its rule with what its metric needs, in seconds. */
type Fault = readonly [alert: string, what: string, withinSeconds: number];

const AT_ONCE: readonly Fault[] = [
  ['TollgateExternalCallsFailing', 'nothing listens at an external', 120],
  ['TollgateCircuitOpen', 'the same: its circuit flaps with the probes', 120],
  ['TollgateExternalFailing', 'an external does not answer', 300],
  ['TollgateCredentialsRefused', 'an external answers 401', 120],
  ['TollgateIdTaken', 'an external gives one id to two orders', 15],
  ['TollgateParked', 'an external never says what became of a payment', 330],
  ['TollgateReceiverPaused', 'the receiver answers 500', 330],
  ['TollgateNotificationsDead', 'the receiver answers 410', 15],
  ['TollgateConfigurationRejected', 'the externals file becomes invalid', 15],
  ['TollgateCallbacksRefused', 'somebody forges callbacks', 30],
];
const DATABASE: Fault = ['TollgateDatabaseDown', 'PostgreSQL is stopped', 60];
const ABSENT: Fault = ['TollgateAbsent', 'the gateway is ended', 120];

let failing = true;
let ids = 0;
const paid = (): object => ({ result: 'OK', paymentId: `p-${(ids += 1)}` });

const healthy = await startStubExternal(({ method }) => (method === 'GET' ? { status: 'ACCEPTED' } : paid()));
const silent = await startStubExternal(() => (failing ? undefined : paid()));
const refusing = await startStubExternal((_request, response) =>
  failing ? answerJson(response, 401, {}) : paid(),
);
const repeating = await startStubExternal(() => (failing ? { result: 'OK', paymentId: 'one-id' } : paid()));
const pending = await startStubExternal(({ method }) =>
  method === 'GET' ? { status: failing ? 'PENDING' : 'ACCEPTED' } : { ...paid(), result: 'PENDING' },
);
const receiver = await startStubExternal(({ body }, response) => {
  const status = body.includes('gone-') ? 410 : 500;
  return answerJson(response, failing ? status : 200, {});
});
const stubs = [healthy, silent, refusing, repeating, pending, receiver];

const folder = mkdtempSync(join(tmpdir(), 'tollgate-alerts-'));
const externalsPath = join(folder, 'externals.json');
const [port, metricsPort, prometheusPort, deadPort] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
];
const external = (externalService: string, baseUrl: string, more: object = {}): object => ({
  externalService,
  baseUrl,
  ...more,
});
const EXTERNALS = JSON.stringify({
  externalServices: [
    external('healthy', healthy.url, { callbackAuth: { type: 'bearer', token: 'the-right-token' } }),
    external('dead', `http://127.0.0.1:${deadPort}`),
    external('silent', silent.url, {
      timeoutMs: 500,
      circuitBreaker: { failures: 1_000, windowMs: 10_000, openMs: 1_000 },
    }),
    external('refusing', refusing.url, { auth: { type: 'bearer', token: 'x' } }),
    external('repeating', repeating.url),
    external('pending', pending.url),
  ],
});
writeFileSync(externalsPath, EXTERNALS);
const prometheusFile = join(folder, 'prometheus.yml');
writeFileSync(
  prometheusFile,
  JSON.stringify({
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, evaluation_interval: `${SCRAPE_SECONDS}s` },
    rule_files: [resolve('docs/alerts.yml')],
    scrape_configs: [{ job_name: 'tollgate', static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }] }],
  }),
);

const cluster = await PostgresCluster.start();
const prometheus = spawn(
  'prometheus',
  [
    `--config.file=${prometheusFile}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
    '--log.level=error',
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);

function startGateway(): Program {
  return startProgram(resolve('dist/main.js'), [], {
    HTTP_PORT: String(port),
    HTTP_HOST: '127.0.0.1',
    METRICS_PORT: String(metricsPort),
    METRICS_HOST: '127.0.0.1',
    DATABASE_URL: cluster.url,
    API_KEYS: `shop:${KEY},ops:${KEY}-ops:admin`,
    EXTERNAL_PROVIDERS_CONFIG: externalsPath,
    PAYMENT_CALLBACK_URL: receiver.url,
    RECONCILIATION_SCHEDULE: '2s,2s',
    NOTIFICATION_SCHEDULE: '5s,10s',
  });
}

const url = `http://127.0.0.1:${port}`;

/** Each second: a payment at every external, a check that notifies the receiver, and some forged callbacks. */
async function traffic(until: AbortSignal): Promise<void> {
  for (let round = 0; !until.aborted; round += 1) {
    for (const name of ['healthy', 'healthy', 'dead', 'silent', 'refusing', 'repeating', 'pending']) {
      void fetch(`${url}/v3/${name}/pay`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': KEY },
        body: JSON.stringify({
          amount: 100,
          currency: 'EUR',
          shopTransactionId: `${name}-${round}-${(ids += 1)}`,
        }),
      }).then((response) => response.arrayBuffer(), ignore);
    }
    void fetch(`${url}/v3/healthy/check?paymentId=${round < 3 ? 'gone' : 'earlier'}-${round}`, {
      headers: { 'x-api-key': KEY },
    }).then((response) => response.arrayBuffer(), ignore);
    if (failing)
      for (let each = 0; each < 3; each += 1)
        void fetch(`${url}/v3/healthy/callback?paymentId=x`, {
          headers: { authorization: 'Bearer a-forged-token' },
        }).then((response) => response.arrayBuffer(), ignore);
    await sleep(1_000, undefined, { signal: until }).catch(ignore);
  }
}

function ignore(): void {}

async function firing(): Promise<ReadonlySet<string>> {
  const response = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/alerts`);
  const { data } = (await response.json()) as {
    data: { alerts: { state: string; labels: { alertname: string } }[] };
  };
  return new Set(data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname));
}

/** Seconds until each of `faults` fires (or no longer does); Infinity after `limitSeconds`. */
async function watch(
  faults: readonly Fault[],
  fires: boolean,
  limitSeconds: number,
): Promise<Map<string, number>> {
  const startedAt = performance.now();
  const seen = new Map<string, number>();
  for (;;) {
    const seconds = (performance.now() - startedAt) / 1_000;
    const now = await firing();
    for (const [alert] of faults) if (!seen.has(alert) && now.has(alert) === fires) seen.set(alert, seconds);
    if (seen.size === faults.length || seconds > limitSeconds) return seen;
    await sleep(1_000);
  }
}

const longest = (faults: readonly Fault[]): number => Math.max(...faults.map(([, , within]) => within));
const rows: string[] = [];
let wrong = 0;

async function round(
  faults: readonly Fault[],
  begin: () => Promise<unknown>,
  end: () => Promise<unknown>,
): Promise<void> {
  await begin();
  const fired = await watch(faults, true, longest(faults) + SLACK_SECONDS);
  await end();
  const ending = faults.filter(([alert]) => !LASTING.has(alert));
  const stopped = await watch(ending, false, STOPS_WITHIN_SECONDS);
  for (const [alert, what, within] of faults) {
    const after = fired.get(alert) ?? Infinity;
    const end = LASTING.has(alert) ? 'lasts an hour' : `${(stopped.get(alert) ?? Infinity).toFixed(0)} s`;
    if (after > within + SLACK_SECONDS || end.startsWith('Infinity')) wrong += 1;
    rows.push(`| ${alert} | ${what} | ${after.toFixed(0)} s | ${end} |`);
    console.log(rows.at(-1));
  }
}

/** What an operator does when the faults are over. */
async function settle(): Promise<void> {
  const headers = { 'x-api-key': `${KEY}-ops`, 'content-type': 'application/json' };
  const list = async (path: string): Promise<{ id: string }[]> => {
    for (;;) {
      const response = await fetch(`${url}${path}`, { headers });
      const body = (await response.json()) as { items: { id: string }[] };
      if (response.ok) return body.items;
      await sleep(1_000); // overloaded: a slow machine works on what it was given
    }
  };
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const open = await list('/admin/payments?state=UNKNOWN&limit=200');
    for (const { id } of [...open, ...(await list('/admin/payments?state=PENDING&limit=200'))]) {
      const body = JSON.stringify({ status: 'FAILED', reason: 'the external has not executed it' });
      await (
        await fetch(`${url}/admin/payments/${id}/resolve`, { method: 'POST', headers, body })
      ).arrayBuffer();
    }
    await (
      await fetch(`${url}/admin/notifications/replay`, { method: 'POST', headers, body: '{}' })
    ).arrayBuffer();
    if (open.length === 0) break;
  }
}

let gateway = startGateway();
const stop = new AbortController();
try {
  await untilAnswers(`${url}/health/ready`, gateway);
  const running = traffic(stop.signal);
  await sleep(4 * SCRAPE_SECONDS * 1_000); // counters are scraped before they grow
  await round(
    AT_ONCE,
    async () => writeFileSync(externalsPath, '{'),
    async () => {
      failing = false;
      writeFileSync(externalsPath, EXTERNALS.replace(String(deadPort), new URL(healthy.url).port));
      await sleep(5_000);
      await settle();
    },
  );
  await round(
    [DATABASE],
    () => cluster.stop(),
    () => cluster.boot(),
  );
  await round(
    [ABSENT],
    () => gateway.end('SIGTERM'),
    async () => {
      gateway = startGateway();
      await untilAnswers(`${url}/health/ready`, gateway);
    },
  );
  stop.abort();
  await running;
} finally {
  stop.abort();
  await gateway.end('SIGKILL');
  prometheus.kill('SIGTERM');
  if (prometheus.exitCode === null) await once(prometheus, 'exit');
  await Promise.all(stubs.map((stub) => stub.close()));
  await cluster.dispose();
  rmSync(folder, { recursive: true, force: true });
}
console.log('\n| alert | fault | fired after | stopped after |\n| --- | --- | ---: | ---: |');
for (const row of rows) console.log(row);
process.exitCode = wrong > 0 ? 1 : 0;
