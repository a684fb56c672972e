/**
 * The duration of each list of `/admin` with 1,000,000 payments (median over HTTP, at most 50 ms). Fills an empty database
 * first:
 *
 *   node --import ./test/support/typescript-hooks.js test/scale/admin-lists.ts --database sqlite:/tmp/scale.db [--payments 1000000]
 *
 * With `--database postgres://…` in a schema of its own. The database stays; remove it when done.
 */
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { TotalsCounter } from '../../src/totals/totals.counter.js';
import { amountOf, orderOf, paymentIdOf, tokenOf } from './ledger-filler.js';
import { ensureFilled, median, say, scaleDatabase, sizeOf } from './scale-database.js';

const ADMIN_KEY = 'key-of-the-measurement';
const LIMIT_MS = 50;
const ROUNDS = 25;
const HOUR_MS = 3_600_000;

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite:/tmp/tollgate-scale.db' },
    payments: { type: 'string', default: '1000000' },
  },
});
const payments = Number(values.payments);
const database = await scaleDatabase(values.database, 'large');
await ensureFilled(database, payments);
say(`${payments} payments, ${((await sizeOf(database)) / 1_000_000).toFixed(0)} MB`);

const app = await start();
const countingSince = performance.now();
await app.get(TotalsCounter).count();
say(`The hourly totals took ${Math.round(performance.now() - countingSince)} ms the first time.`);
const { port } = app.getHttpServer().address() as AddressInfo;
const slow: string[] = [];
const middle = Math.trunc(payments / 2);
const newest = (await get('payments?limit=1')) as { items: [{ id: string; createdAt: string }] };
const from = new Date(Date.parse(newest.items[0].createdAt) - 100 * HOUR_MS).toISOString();
const to = new Date(Date.parse(newest.items[0].createdAt) - 99 * HOUR_MS).toISOString();

say(`\n| list | items | median ms | slowest ms |\n| --- | ---: | ---: | ---: |`);
for (const path of [
  'payments',
  'payments?limit=200',
  `payments?from=${from}&to=${to}`,
  'payments?external=acme',
  'payments?external=tiny&limit=200',
  'payments?state=ACCEPTED&limit=200',
  'payments?state=UNKNOWN&limit=200',
  'payments?state=CREATED',
  'payments?external=tiny&state=FAILED',
  `payments?paymentId=${paymentIdOf(middle)}`,
  `payments?shopTransactionId=${orderOf(middle)}`,
  `payments?subscriptionToken=${tokenOf(middle - (middle % 50) + 3)}`,
  `payments?minAmount=${amountOf(middle)}&maxAmount=${amountOf(middle)}`,
  'payments?currency=JPY&limit=200',
  `payments?external=acme&state=ACCEPTED&minAmount=99000&from=${from}`,
  'subscriptions',
  'subscriptions?external=tiny',
  'subscriptions?state=EXPIRED&limit=200',
  'notifications',
  'notifications?state=DEAD&limit=200',
  'notifications?state=RETRY&limit=200',
  'notifications?state=DELIVERED&limit=200',
  'notifications?external=tiny',
  `notifications?payment=${newest.items[0].id}`,
  'callbacks',
  'callbacks?state=UNCONFIRMED&limit=200',
  'callbacks?external=tiny',
  `callbacks?paymentId=${paymentIdOf(middle - (middle % 10) + 2)}`,
  'operations?limit=200',
  'operations?external=gamma',
  'attention',
  'attention?limit=200',
  'attention?external=tiny',
  'externals',
  'summary',
  `payments/${newest.items[0].id}`,
]) {
  await measure(path);
}
await measure('payments?external=acme&limit=200', 40);
await app.close();
say(slow.length === 0 ? `\nAll within ${LIMIT_MS} ms.` : `\nSlower than ${LIMIT_MS} ms: ${slow.join(', ')}`);
process.exitCode = slow.length === 0 ? 0 : 1;

async function start(): Promise<NestExpressApplication> {
  const config = loadConfig({
    HTTP_PORT: '0',
    HTTP_HOST: '127.0.0.1',
    LOG_LEVEL: 'fatal',
    WORKERS: 'off',
    API_KEYS: `boss:${ADMIN_KEY}:admin`,
    ...database.env,
  });
  const gateway = await createApp(config);
  await gateway.listen(0, '127.0.0.1');
  return gateway;
}

/** `deep`: the number of pages to skip. */
async function measure(path: string, deep = 0): Promise<void> {
  let query = path;
  for (let page = 0; page < deep; page += 1) {
    const { nextCursor } = (await get(query)) as { nextCursor: string };
    query = `${path}&cursor=${nextCursor}`;
  }
  const times: number[] = [];
  let items = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    const page = (await get(query)) as { items?: unknown[] };
    times.push(performance.now() - startedAt);
    items = page.items?.length ?? 1;
  }
  const name = deep > 0 ? `${path}, page ${deep + 1}` : path;
  if (median(times) > LIMIT_MS) slow.push(name);
  say(`| \`${name}\` | ${items} | ${median(times).toFixed(1)} | ${Math.max(...times).toFixed(1)} |`);
}

async function get(path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/admin/${path}`, {
    headers: { 'x-api-key': ADMIN_KEY },
  });
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
