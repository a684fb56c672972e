/**
 * By hand: `node --import ./test/support/typescript-hooks.js test/faults/overload.ts [connections] [seconds]`.
 * Measures the gateway with 32 connections, then offers ten times as much on 2,000 connections, and prints what
 * callers, liveness on new connections and memory see. PostgreSQL with `DATABASE_URL` and `DATABASE_SCHEMA`.
 */
import { connect, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFileSync } from 'node:fs';
import { startGatewayProcess } from '../support/gateway-process.js';
import { startStubExternal } from '../support/stub-external.js';

const CONNECTIONS = Number(process.argv[2] ?? 2_000);
const SECONDS = Number(process.argv[3] ?? 10);
const EXTERNAL_MS = 20;
const USUAL_CONNECTIONS = 32;

interface Load {
  readonly latencies: Map<string, number[]>;
}

let orders = 0;
const pay = (): string => {
  const body = JSON.stringify({ amount: 1, currency: 'EUR', shopTransactionId: `o-${(orders += 1)}` });
  return `POST /v3/acme/pay HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
const percentile = (values: readonly number[], share: number): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? 0);

/** One request after the other on one connection, each `intervalMs` after the one before, or at once when answered late. */
function caller(url: URL, intervalMs: number, load: Load, until: number): Promise<void> {
  return new Promise((resolve) => {
    let sentAt = 0;
    let text = '';
    const socket: Socket = connect(Number(url.port), url.hostname);
    const send = (): void => {
      if (performance.now() > until) {
        socket.destroy();
        return;
      }
      sentAt = performance.now();
      text = '';
      socket.write(pay());
    };
    socket.on('connect', () => setTimeout(send, Math.random() * intervalMs));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
      if (end < 0 || text.length < end + 4 + length) return;
      const code = /"code":"([^"]+)"/.exec(text)?.[1] ?? text.slice(9, 12);
      const tookMs = performance.now() - sentAt;
      const values = load.latencies.get(code);
      if (values) values.push(tookMs);
      else load.latencies.set(code, [tookMs]);
      setTimeout(send, Math.max(0, intervalMs - tookMs));
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}

async function run(url: URL, connections: number, intervalMs: number, seconds: number): Promise<Load> {
  const load = { latencies: new Map<string, number[]>() };
  const until = performance.now() + seconds * 1_000;
  await Promise.all(Array.from({ length: connections }, () => caller(url, intervalMs, load, until)));
  return load;
}

function liveness(url: URL): Promise<number> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = connect(Number(url.port), url.hostname);
    socket.write('GET /health/live HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n');
    socket.once('data', () => {
      resolve(performance.now() - startedAt);
      socket.destroy();
    });
    socket.on('error', () => resolve(Number.POSITIVE_INFINITY));
  });
}

const external = await startStubExternal(async () => {
  await new Promise((resolve) => setTimeout(resolve, EXTERNAL_MS));
  return { result: 'OK', paymentId: `pm-${Math.random()}` };
});
const gateway = await startGatewayProcess({
  externals: [{ externalService: 'acme', baseUrl: external.url, maxConcurrency: 1_000 }],
  env: {
    LOG_LEVEL: 'info',
    ...(process.env['DATABASE_URL'] && {
      DATABASE_URL: process.env['DATABASE_URL'],
      DATABASE_SCHEMA: process.env['DATABASE_SCHEMA'] ?? '',
    }),
  },
});
const url = new URL(gateway.url);
const pid = Number(readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')[0]);
await run(url, USUAL_CONNECTIONS, 0, 3);
const usual = await run(url, USUAL_CONNECTIONS, 0, 3);
const answered = usual.latencies.get('200') ?? [];
const perSecond = answered.length / 3;
console.log(
  `usual: ${Math.round(perSecond)}/s, p50 ${percentile(answered, 0.5)} ms, p99 ${percentile(answered, 0.99)} ms`,
);
const probes: number[] = [];
let rss = 0;
const probe = setInterval(() => {
  void liveness(url).then((ms) => probes.push(ms));
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  rss = Math.max(rss, kilobytes / 1_024);
}, 250);
// Callers and external share this process: what its own event loop is late is part of every latency below.
const lag = monitorEventLoopDelay({ resolution: 1 });
lag.enable();
const load = await run(url, CONNECTIONS, (1_000 * CONNECTIONS) / (10 * perSecond), SECONDS);
clearInterval(probe);
for (const [code, values] of load.latencies)
  console.log(
    `${code}: ${Math.round(values.length / SECONDS)}/s, p50 ${percentile(values, 0.5)}, p99 ${percentile(values, 0.99)}, max ${percentile(values, 1)} ms`,
  );
console.log(
  `liveness on new connections: ${probes.length} probes, p50 ${percentile(probes, 0.5)}, max ${percentile(probes, 1)} ms; memory at most ${Math.round(rss)} MB`,
);
console.log(`callers' own event loop: p99 ${Math.round(lag.percentile(99) / 1e6)} ms late`);
await gateway.dispose();
await external.close();
