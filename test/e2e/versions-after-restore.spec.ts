import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type DatabasePlace, postgresSchema, postgresUrl, sqliteFile } from '../support/databases.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type Gateway, startGateway, variablesOf } from '../support/gateway.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** Receivers go by the highest version (SPEC §5): a restored ledger must not begin below what they have. */

const KEY = 'boss-secret-of-22-letters';
const COUNTED = ['payments', 'refunds', 'subscriptions'] as const;

let clock: TestClock;
let external: StubExternal;
let receiver: TestReceiver;
let place: DatabasePlace;
let gateway: Gateway | undefined;

beforeEach(async () => {
  clock = new TestClock();
  place = await (postgresUrl() ? postgresSchema() : sqliteFile());
  receiver = await startReceiver();
  external = await startStubExternal((_, response) => answerJson(response, 500, {}));
});
afterEach(async () => {
  await gateway?.close();
  await place.dispose();
  await external.close();
  await receiver.stop();
});

async function start(recoveredFrom?: number): Promise<void> {
  gateway = await startGateway({
    clock,
    externals: [{ externalService: 'acme', baseUrl: external.url }],
    env: {
      API_KEYS: `boss:${KEY}:payments+admin`,
      PAYMENT_CALLBACK_URL: receiver.url,
      NOTIFICATION_SECRET,
      ...(recoveredFrom !== undefined && { RECOVERED_FROM: new Date(recoveredFrom).toISOString() }),
    },
    database: variablesOf(place),
  });
}

const send = (path: string, body: object): Promise<Answer> =>
  call(`${gateway!.url}${path}`, 'POST', body, { 'x-api-key': KEY });

/** Resolves the payment, or corrects that, and returns the version of the notification. */
async function resolve(status: 'ACCEPTED' | 'FAILED'): Promise<number> {
  const path = `/admin/payments/${await paymentRef()}/resolve`;
  const before = receiver.received.length;
  const resolution = {
    status,
    reason: 'as their staff say',
    ...(status === 'ACCEPTED' && { paymentId: 'pm' }),
  };
  const first = await send(path, resolution);
  if (first.status === 409) await send(path, { ...resolution, corrects: first.body['resolution'] });
  await until(() => receiver.received.length > before, 'the notification');
  const { body, headers } = receiver.received.at(-1)!;
  const { version } = JSON.parse(body) as { version: number };
  expect(headers['x-payment-version']).toBe(String(version));
  return version;
}

const paymentRef = (): Promise<string> =>
  gateway!.app
    .get(Store)
    .read(async (db) => (await db.selectFrom('payments').select('id').executeTakeFirstOrThrow()).id);

/** Ends the gateway, and what it has counted with it. */
async function lose(): Promise<void> {
  await gateway!.app.get(Store).transaction(async (trx) => {
    for (const table of COUNTED) await trx.updateTable(table).set({ version: 1 }).execute();
  });
  await gateway!.close();
  gateway = undefined;
}

it('sends versions after each restore that are above all from before it', async () => {
  await start();
  await send('/v3/acme/pay', { amount: 1, currency: 'EUR', shopTransactionId: 'o' });
  const versions = [await resolve('ACCEPTED'), await resolve('FAILED')];
  for (const status of ['ACCEPTED', 'FAILED'] as const) {
    await lose();
    clock.advance(60_000);
    await start(clock.now() - 30_000);
    versions.push(await resolve(status));
  }
  await gateway!.close();
  await start();
  await send('/admin/recovery/end', { reason: 'all is asked' });
  versions.push(await resolve('ACCEPTED'));

  expect(versions.slice(0, 2)).toEqual([1, 2]);
  for (const [index, version] of versions.slice(1).entries())
    expect(version).toBeGreaterThan(versions[index]!);
});
