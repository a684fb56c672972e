import { writeSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../src/config/load-config.js';
import { createApp } from '../src/create-app.js';
import { ApiKeys } from '../src/security/api-keys.js';
import { Secret } from '../src/sensitive/secret.js';
import { Metrics } from '../src/observability/metrics/metrics.js';
import { SecurityMetrics } from '../src/security/security.metrics.js';
import { RawClient } from '../test/support/raw-client.js';

/**
 * Does the answer time of a wrong key reveal how many of its leading characters are right? Measures it over HTTP and in
 * the comparison itself; the kinds take turns, so that what else the machine does falls on all of them.
 *
 *     node --import ./test/support/typescript-hooks.js bench/wrong-key-timing.ts [requests of each kind]
 */
const REQUESTS = Number(process.argv[2] ?? 3_000);
const KEY = 'kQ7vX2mN9pL4rT8wZ3bC6dF1gH5jS0aE-yU_iO2q';
const RIGHT = [0, 1, 10, 20, 30, 39];

/**
 * As long as the key, and the same up to the given place. By way of bytes: V8 keeps a text that was put together in
 * pieces.
 */
const wrongKey = (right: number): string =>
  Buffer.from(KEY.slice(0, right) + '#'.repeat(KEY.length - right)).toString();

interface Kind {
  readonly right: number;
  readonly timesUs: number[];
}

async function measure(rounds: number, once: (key: string) => unknown): Promise<Kind[]> {
  const kinds = RIGHT.map((right) => ({ right, key: wrongKey(right), timesUs: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    // Each round in another order: who comes first may be slower.
    const turn = round % kinds.length;
    for (const { key, timesUs } of [...kinds.slice(turn), ...kinds.slice(0, turn)]) {
      const startedAt = performance.now();
      await once(key);
      timesUs.push((performance.now() - startedAt) * 1_000);
    }
  }
  return kinds;
}

function report(title: string, kinds: readonly Kind[]): void {
  const sorted = kinds.map(({ right, timesUs }) => ({ right, times: timesUs.toSorted((a, b) => a - b) }));
  const at = (times: readonly number[], share: number): number =>
    times[Math.floor((times.length - 1) * share)]!;
  const medians = sorted.map(({ times }) => at(times, 0.5));
  writeSync(1, `\n${title}\nright characters   median µs   quartiles µs\n`);
  for (const { right, times } of sorted) {
    const quartiles = `${at(times, 0.25).toFixed(2)} to ${at(times, 0.75).toFixed(2)}`;
    writeSync(
      1,
      `${`${right} of ${KEY.length}`.padStart(16)}   ${at(times, 0.5).toFixed(2).padStart(9)}   ${quartiles}\n`,
    );
  }
  const spread = Math.max(...medians) - Math.min(...medians);
  const slope = correlation(RIGHT, medians);
  writeSync(
    1,
    `medians lie ${spread.toFixed(2)} µs apart; correlation with the right characters ${slope.toFixed(2)}\n`,
  );
}

function correlation(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const products = (a: readonly number[], ma: number, b: readonly number[], mb: number): number =>
    a.reduce((sum, value, i) => sum + (value - ma) * (b[i]! - mb), 0);
  return products(xs, mx, ys, my) / Math.sqrt(products(xs, mx, xs, mx) * products(ys, my, ys, my));
}

const keys = new ApiKeys(
  {
    auth: 'required',
    keys: [{ name: 'shop', secret: new Secret(KEY), scopes: ['payments'] }],
    keysFile: undefined,
    oidc: undefined,
    rateLimit: undefined,
  },
  new SecurityMetrics(new Metrics()),
);
await measure(20_000, (key) => keys.find(key));
report(`In process, ${REQUESTS * 10} of each`, await measure(REQUESTS * 10, (key) => keys.find(key)));

const env = {
  API_AUTH: 'required',
  API_KEYS: `shop:${KEY}`,
  DATABASE_URL: 'sqlite::memory:',
  LOG_LEVEL: 'fatal',
};
const gateway = await createApp(loadConfig(env));
await gateway.listen(0, '127.0.0.1');
const { port } = gateway.getHttpServer().address() as AddressInfo;
const client = new RawClient(`http://127.0.0.1:${port}`);
const ask = (key: string): Promise<unknown> =>
  client.send({
    method: 'GET',
    target: '/v3/simulator/status?paymentId=p',
    headers: ['Authorization', `Bearer ${key}`],
  });
await measure(300, ask);
report(`Over HTTP on loopback, ${REQUESTS} of each`, await measure(REQUESTS, ask));
client.close();
await gateway.close();
