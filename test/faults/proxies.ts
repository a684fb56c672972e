import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort, type Program, startProgram, untilAnswers } from '../crash/program.js';
import { type Answer, call } from '../support/client.js';
import { type ProxyName, startProxy } from '../support/reverse-proxies.js';
import { type StubExternal, startStubExternal } from '../support/stub-external.js';

/** Fewer than the smallest admission limit: `overloaded` says nothing about an attempt at another replica. */
const CONCURRENCY = 12;
const EXTERNAL_MS = 100;
const KEYED_TRIES = 30;
const PAUSE_MS = 300;
const MAIN = 'dist/main.js';

export interface ProxyRun {
  readonly operations: number;
  readonly kills: number;
  /** Requests at the external, status queries included. */
  readonly requests: number;
  /** Answers by `status code outcome`; the status 0 is a connection that broke. */
  readonly answers: Readonly<Record<string, number>>;
  /** Operations that the external executed more than once. */
  readonly twiceWithKey: readonly string[];
  readonly twiceWithoutKey: readonly string[];
  /** Operations without a key that were answered `not-executed` and that the external executed. */
  readonly falselyNotExecuted: readonly string[];
  /** Operations with a key that never received a certain answer. */
  readonly unanswered: readonly string[];
}

interface Operation {
  /** Names it in the request to the external. */
  readonly name: string;
  readonly path: string;
  readonly method: 'POST' | 'DELETE';
  readonly body: object | undefined;
  readonly key: string | undefined;
}

const KINDS = ['pay', 'refund', 'update', 'expire'] as const;

/** Every kind of operation, half of them with a key. */
function operationOf(i: number): Operation {
  const kind = KINDS[(i >> 1) % KINDS.length]!;
  const name = `${kind}-${i}-end`;
  const key = i % 2 === 0 ? randomUUID() : undefined;
  const money = { amount: 100, currency: 'EUR' };
  switch (kind) {
    case 'pay':
      return { name, key, method: 'POST', path: 'pay', body: { ...money, shopTransactionId: name } };
    case 'refund':
      return { name, key, method: 'POST', path: 'refund', body: { ...money, paymentId: name } };
    case 'update':
      return { name, key, method: 'POST', path: `subscription/update/${name}`, body: money };
    case 'expire':
      return { name, key, method: 'DELETE', path: `subscription/expire/${name}`, body: undefined };
    default:
      return kind satisfies never;
  }
}

/**
 * Sends `operations` through a real proxy that repeats failed requests, to two built replicas on PostgreSQL of which one
 * after the other is killed and started again until all are answered.
 */
export async function runBehindProxy(
  name: ProxyName,
  operations: number,
  postgres: string,
  nonIdempotent = true,
): Promise<ProxyRun> {
  const external = await startStubExternal(async ({ url }) => {
    await sleep(EXTERNAL_MS);
    return { result: 'OK', paymentId: `pm-${randomUUID()}`, subscriptionToken: url.split('/').at(-1) };
  });
  const schema = `tollgate_test_${randomBytes(6).toString('hex')}`;
  await execute(postgres, `create schema ${schema}`);
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-proxies-'));
  const ports = [await freePort(), await freePort()] as const;
  const externals = join(folder, 'externals.json');
  const acme = { externalService: 'acme', baseUrl: external.url, timeoutMs: 2_000 };
  writeFileSync(externals, JSON.stringify({ externalServices: [acme] }));
  const start = async (port: number): Promise<Program> => {
    const program = startProgram(MAIN, [], {
      HTTP_PORT: String(port),
      HTTP_HOST: '127.0.0.1',
      LOG_LEVEL: 'error',
      TRUST_PROXY: '1',
      DATABASE_URL: postgres,
      DATABASE_POOL_SIZE: '5',
      DATABASE_SCHEMA: schema,
      EXTERNAL_PROVIDERS_CONFIG: externals,
      REPEAT_WINDOW_MS: '60000',
    });
    await untilAnswers(`http://127.0.0.1:${port}/health/ready`, program);
    return program;
  };
  const replicas = [await start(ports[0]), await start(ports[1])];
  const proxy = await startProxy(name, await freePort(), ports, nonIdempotent);
  try {
    let ended = false;
    const sent = sendAll(proxy.url, operations).finally(() => {
      ended = true;
    });
    let kills = 0;
    for (let i = 0; !ended; i = 1 - i) {
      await Promise.race([sent, sleep(PAUSE_MS)]);
      if (ended) break;
      await replicas[i]!.end(kills % 4 === 3 ? 'SIGTERM' : 'SIGKILL');
      kills += 1;
      replicas[i] = await start(ports[i]!);
    }
    return judged(await sent, external, kills);
  } finally {
    await proxy.stop();
    for (const replica of replicas) await replica.end('SIGKILL');
    await external.close();
    await execute(postgres, `drop schema ${schema} cascade`);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function execute(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(statement);
  await client.end();
}

interface Sent {
  readonly operation: Operation;
  readonly answers: readonly Answer[];
}

async function sendAll(url: string, count: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (next < count) {
        const operation = operationOf(next++);
        sent.push({ operation, answers: await sendOne(url, operation) });
      }
    }),
  );
  return sent;
}

/** With a key, repeats until the outcome is certain; without, sends once. */
async function sendOne(url: string, { path, method, body, key }: Operation): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < (key === undefined ? 1 : KEYED_TRIES); i += 1) {
    const headers = { ...(key !== undefined && { 'idempotency-key': key }) };
    try {
      answers.push(await call(`${url}/v3/acme/${path}`, method, body, headers));
    } catch {
      answers.push({ status: 0, headers: new Headers(), body: {}, text: '' });
    }
    if (answers.at(-1)!.status === 200) break;
    if (key !== undefined) await sleep(PAUSE_MS);
  }
  return answers;
}

function judged(sent: readonly Sent[], { requests }: StubExternal, kills: number): ProxyRun {
  const executions = new Map<string, number>();
  for (const { url, body, method } of requests) {
    const name = method === 'GET' ? undefined : /\w+-\d+-end/.exec(url + body)?.[0];
    if (name !== undefined) executions.set(name, (executions.get(name) ?? 0) + 1);
  }
  const answers: Record<string, number> = {};
  for (const { status, body } of sent.flatMap((one) => one.answers)) {
    const told = [status, body['code'], body['outcome']].filter(Boolean).join(' ');
    answers[told] = (answers[told] ?? 0) + 1;
  }
  const named = (filter: (one: Sent, executed: number) => boolean): string[] =>
    sent
      .filter((one) => filter(one, executions.get(one.operation.name) ?? 0))
      .map(({ operation }) => operation.name);
  return {
    operations: sent.length,
    kills,
    requests: requests.length,
    answers,
    twiceWithKey: named(({ operation }, executed) => operation.key !== undefined && executed > 1),
    twiceWithoutKey: named(({ operation }, executed) => operation.key === undefined && executed > 1),
    falselyNotExecuted: named(
      (one, executed) =>
        one.operation.key === undefined &&
        executed > 0 &&
        one.answers.at(-1)!.body['outcome'] === 'not-executed',
    ),
    unanswered: named(
      ({ operation, answers: all }) =>
        operation.key !== undefined &&
        all.every(({ status, body }) => status !== 200 && body['outcome'] !== 'unknown'),
    ),
  };
}
