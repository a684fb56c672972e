import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { SeededRandom } from '../support/seeded-random.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** SQLite has one process; on PostgreSQL three replicas share the work. */
const REPLICAS = postgresUrl() === undefined ? 1 : 3;
const PAYMENTS = postgresUrl() === undefined ? 100 : 1_000;
const SENDERS = 20;
const SEED = Number(process.env['SEED'] ?? 20_260_731);

/** The receiver never gets an older state after a newer one (SPEC §5), in any order of events. */
describe(`${PAYMENTS} payments, ${REPLICAS} replicas, seed ${SEED}`, () => {
  const random = new SeededRandom(SEED);
  let external: StubExternal;
  let receiver: TestReceiver;
  let replicas: Gateway[];
  let accepted: Set<string>;

  beforeEach(async () => {
    accepted = new Set();
    external = await startStubExternal(({ url }) => {
      const paymentId = new URL(url, external.url).searchParams.get('paymentId')!;
      return { status: accepted.has(paymentId) ? 'ACCEPTED' : 'PENDING', paymentId };
    });
    receiver = await startReceiver();
    replicas = [];
    for (let i = 0; i < REPLICAS; i += 1) {
      replicas.push(
        await startGateway({
          externals: [
            {
              externalService: 'acme',
              baseUrl: external.url,
              callbackAllowedIps: ['127.0.0.0/8'],
              timeoutMs: 5_000,
            },
          ],
          env: {
            PAYMENT_CALLBACK_URL: receiver.url,
            NOTIFICATION_SECRET,
            NOTIFICATION_SCHEDULE: Array(50).fill('100ms').join(','),
          },
          ...(replicas[0] && { database: replicas[0].database }),
        }),
      );
    }
  });
  afterEach(async () => {
    for (const replica of replicas.toReversed()) await replica.close();
    await external.close();
    await receiver.stop();
  });

  async function send(steps: readonly (() => Promise<void>)[]): Promise<void> {
    const left = [...steps];
    const sender = async (): Promise<void> => {
      for (let step = left.shift(); step; step = left.shift()) await step();
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));
  }

  const callback = async (paymentId: string): Promise<void> => {
    const { url } = replicas[random.below(REPLICAS)]!;
    const response = await fetch(`${url}/v3/acme/callback?paymentId=${paymentId}`, {
      method: random.next() < 0.5 ? 'GET' : 'POST',
    });
    expect(await response.json()).toEqual({ received: true, paymentId });
  };

  const openNotifications = (): Promise<number> =>
    replicas[0]!.app.get(Store).read(async (db) => {
      const { count } = await db
        .selectFrom('notifications')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('state', 'not in', ['DELIVERED', 'SUPERSEDED'])
        .executeTakeFirstOrThrow();
      return count;
    });
  const openCallbacks = (): Promise<number> =>
    replicas[0]!.app.get(Store).read(async (db) => {
      const { count } = await db
        .selectFrom('callbacks')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('finished_at', 'is', null)
        .executeTakeFirstOrThrow();
      return count;
    });

  it('ends with every payment notified as ACCEPTED, and never PENDING after it', async () => {
    const ids = Array.from({ length: PAYMENTS }, (_, i) => `pm_${i}`);
    // The receiver fails for one in four, and is sometimes slow.
    receiver.answers((response) => {
      const answer = (): void => void response.writeHead(random.next() < 0.25 ? 500 : 200).end();
      if (random.next() < 0.1) setTimeout(answer, random.below(30));
      else answer();
    });
    // Each payment: a callback while it is pending, the change, and callbacks after it, repeated, all shuffled together.
    const early = ids.map((id) => () => callback(id));
    const late = ids.flatMap((id) => {
      const change = (): Promise<void> => {
        accepted.add(id);
        return callback(id);
      };
      return [change, ...Array.from({ length: random.below(3) }, () => () => callback(id))];
    });
    const half = Math.floor(early.length / 2);
    await send([
      ...random.shuffled(early.slice(0, half)),
      ...random.shuffled([...early.slice(half), ...late]),
    ]);
    await until(async () => (await openCallbacks()) === 0, 'every callback verified', 60_000);
    await until(async () => (await openNotifications()) === 0, 'every notification delivered', 60_000);

    const told = new Map<string, { version: number; status: string }[]>();
    for (const { body, headers } of receiver.received) {
      const { paymentId, status } = JSON.parse(body) as { paymentId: string; status: string };
      const version = Number(headers['x-payment-version']);
      told.set(paymentId, [...(told.get(paymentId) ?? []), { version, status }]);
    }
    const wrong = ids.filter((id) => {
      const deliveries = told.get(id) ?? [];
      const inOrder = deliveries.every(({ version }, i) => i === 0 || version >= deliveries[i - 1]!.version);
      const firstAccepted = deliveries.findIndex(({ status }) => status === 'ACCEPTED');
      const staysAccepted = deliveries.slice(firstAccepted).every(({ status }) => status === 'ACCEPTED');
      return !inOrder || firstAccepted < 0 || !staysAccepted;
    });
    expect(wrong.map((id) => [id, told.get(id)])).toEqual([]);
  }, 150_000);
});
