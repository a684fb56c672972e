/**
 * The cost for payments of one external while another hangs on every call, with 500 requests waiting.
 *
 *   node --import ./test/support/typescript-hooks.js test/scale/isolation.ts
 *
 * Prints p50 and p99 of the healthy external alone and beside the hanging one, in turn, and their ratio (issue: at most 1.5).
 * Needs `npm run build`. Bounded; only loopback.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProgram, untilAnswers } from '../crash/program.js';

const ROUNDS = 5;
const CALLS = 2_000;
const CALLERS = 8;
const HANGING = 500;
const TIMEOUT_MS = 8_000;

const folder = mkdtempSync(join(tmpdir(), 'tollgate-isolation-'));
let count = 0;

const healthy = await listen((_request, answer) => answer({ result: 'OK', paymentId: `pm-${(count += 1)}` }));
const hanging = await listen(() => {});
const port = await freePort();
const externals = join(folder, 'externals.json');
const common = { timeoutMs: TIMEOUT_MS, maxConcurrency: 1_000, circuitBreaker: { failures: 100_000 } };
writeFileSync(
  externals,
  JSON.stringify({
    externalServices: [
      { externalService: 'healthy', baseUrl: healthy.url, ...common },
      { externalService: 'hanging', baseUrl: hanging.url, ...common },
    ],
  }),
);
const gateway = startProgram('dist/main.js', [], {
  HTTP_PORT: String(port),
  HTTP_HOST: '127.0.0.1',
  LOG_LEVEL: 'warn',
  DATABASE_URL: `sqlite:${join(folder, 'tollgate.db')}`,
  EXTERNAL_PROVIDERS_CONFIG: externals,
});
try {
  await untilAnswers(`http://127.0.0.1:${port}/problems`, gateway);
  await measure();
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const alone = await measure();
    const waiting = Array.from({ length: HANGING }, () => pay('hanging'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const beside = await measure();
    ratios.push(beside.p99 / alone.p99);
    console.log(
      `alone p50 ${alone.p50.toFixed(2)} p99 ${alone.p99.toFixed(2)} ms; beside ${HANGING} hanging p50 ${beside.p50.toFixed(2)} p99 ${beside.p99.toFixed(2)} ms`,
    );
    await Promise.all(waiting);
  }
  console.log(
    `p99, beside / alone, median of ${ROUNDS} rounds: ${ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!.toFixed(2)}`,
  );
} finally {
  await gateway.end('SIGTERM');
  for (const { server } of [healthy, hanging]) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
}

async function pay(external: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v3/${external}/pay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ amount: 1, currency: 'EUR', shopTransactionId: `order-${(count += 1)}` }),
  });
  await response.arrayBuffer();
  if (external === 'healthy' && response.status !== 200)
    throw new Error(`a healthy payment was answered ${response.status}`);
}

async function measure(): Promise<{ p50: number; p99: number }> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (times.length < CALLS) {
        const startedAt = performance.now();
        await pay('healthy');
        times.push(performance.now() - startedAt);
      }
    }),
  );
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length * 0.5)]!, p99: sorted[Math.floor(sorted.length * 0.99)]! };
}

async function listen(
  handle: (request: unknown, answer: (value: object) => void) => void,
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    handle(request, (value) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
