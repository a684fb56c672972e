import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { Clock } from '../../src/shared/clock.js';
import { call } from '../support/client.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type RawAnswer, RawClient } from '../support/raw-client.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** Callbacks of an external without `callbackAuth`: what forged ones may cost, and what they may not. */

const FORGERIES = 1_200;
const MAX_IN_WINDOW = 100;
const MAX_STORED = 1_000;
/** The first query and two retries: `NOTIFICATION_SCHEDULE` has two waits. */
const MAX_QUERIES = 3;

let receiver: TestReceiver;
let external: StubExternal;
let gateway: Gateway;
let client: RawClient;

beforeAll(async () => {
  receiver = await startReceiver();
  external = await startStubExternal();
  const at = (externalService: string): object => ({ externalService, baseUrl: external.url });
  gateway = await startGateway({
    externals: [at('open'), at('swarmed'), at('slow')],
    env: {
      PAYMENT_CALLBACK_URL: receiver.url,
      NOTIFICATION_SECRET,
      NOTIFICATION_SCHEDULE: '20ms,20ms',
      TRUST_PROXY: '1',
    },
  });
  client = new RawClient(gateway.url);
});
afterAll(async () => {
  client.close();
  await gateway.close();
  await external.close();
  await receiver.stop();
});

function forge(name: string, paymentId: string, address: string): Promise<RawAnswer> {
  const body = JSON.stringify({ paymentId, padding: 'x'.repeat(20_000) });
  return client.send({
    method: 'POST',
    target: `/v3/${name}/callback`,
    headers: ['Content-Type', 'application/json', 'X-Forwarded-For', address],
    body,
  });
}

async function inLanes(count: number, each: (i: number) => Promise<void>): Promise<void> {
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let i = lane; i < count; i += 8) await each(i);
  });
  await Promise.all(lanes);
}

const rowsOf = (name: string): Promise<{ payment_id: string; state: string; bytes: number }[]> =>
  gateway.app.get(Store).read(async (db) => {
    const rows = await db
      .selectFrom('callbacks')
      .select(['payment_id', 'state', 'body'])
      .where('external', '=', name)
      .execute();
    return rows.map(({ body, ...row }) => ({ ...row, bytes: body?.length ?? 0 }));
  });

/** Callbacks that were due half a second ago: a turn of the worker that began before they were has ended. */
const dueOf = (name: string): Promise<number> =>
  gateway.app.get(Store).read(async (db) => {
    const rows = await db
      .selectFrom('callbacks')
      .select('id')
      .where('external', '=', name)
      .where('next_attempt_at', '<=', gateway.app.get(Clock).now() - 500)
      .execute();
    return rows.length;
  });

describe('Forged callbacks', () => {
  it('of one address: bounded rows and queries, and the news of a known payment arrive', async () => {
    external.behave(({ url }, response) => {
      if (url.endsWith('/pay')) return { result: 'PENDING', paymentId: 'pm-known' };
      if (url.includes('pm-known')) return { status: 'ACCEPTED', paymentId: 'pm-known' };
      return answerJson(response, 404, { message: 'never seen' });
    });
    const paid = await call(`${gateway.url}/v3/open/pay`, 'POST', {
      amount: 1,
      currency: 'EUR',
      shopTransactionId: 'order-1',
    });
    expect(paid.status).toBe(200);

    const statuses = new Map<number, number>();
    await inLanes(FORGERIES, async (i) => {
      const { status } = await forge('open', `forged-${i}`, '198.51.100.7');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    expect(statuses).toEqual(
      new Map([
        [200, MAX_IN_WINDOW],
        [429, FORGERIES - MAX_IN_WINDOW],
      ]),
    );

    expect((await forge('open', 'pm-known', '198.51.100.7')).status).toBe(200);
    await until(() => receiver.received.length > 0, 'the notification');
    expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({
      status: 'ACCEPTED',
      paymentId: 'pm-known',
    });

    await until(
      async () => (await rowsOf('open')).every(({ state }) => /VERIFIED|UNCONFIRMED/.test(state)),
      'all ended',
    );
    const rows = await rowsOf('open');
    expect(rows).toHaveLength(MAX_IN_WINDOW + 1);
    expect(rows.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual((MAX_IN_WINDOW + 1) * 16_384);
    const queries = external.requests.filter(({ url }) => url.includes('/status'));
    expect(queries.length).toBeLessThanOrEqual(MAX_IN_WINDOW * MAX_QUERIES + 2);
  }, 60_000);

  it('of as many addresses: bounded rows', async () => {
    await inLanes(FORGERIES, async (i) => {
      await forge('swarmed', `forged-${i}`, `198.51.${100 + Math.floor(i / 250)}.${i % 250}`);
    });
    // Those of the same moment are not yet committed for each other.
    expect((await rowsOf('swarmed')).length).toBeLessThanOrEqual(MAX_STORED + 8);
    const answer = await forge('swarmed', 'forged-again', '203.0.113.1');
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '60']);
  }, 60_000);

  it('of an external that is slow: a known payment is queried before them', async () => {
    const held: (() => void)[] = [];
    external.behave(async ({ url }, response) => {
      if (url.endsWith('/pay')) return { result: 'PENDING', paymentId: 'pm-urgent' };
      if (url.includes('pm-urgent')) return { status: 'ACCEPTED', paymentId: 'pm-urgent' };
      if (url.includes('slow-')) await new Promise<void>((resolve) => held.push(resolve));
      return answerJson(response, 404, { message: 'never seen' });
    });
    await call(`${gateway.url}/v3/slow/pay`, 'POST', {
      amount: 1,
      currency: 'EUR',
      shopTransactionId: 'order-2',
    });
    await inLanes(60, async (i) => void (await forge('slow', `slow-${i}`, '198.51.100.7')));
    await until(() => held.length === 8, 'as many queries as one external has');
    await forge('slow', 'pm-urgent', '198.51.100.7');
    await until(async () => (await dueOf('slow')) === 53, 'all callbacks to be due');
    external.requests.length = 0;
    const queries = (): string[] =>
      external.requests.map(({ url }) => url).filter((url) => /slow-|pm-urgent/.test(url));
    // Turns of the worker that began before may still query some of the 52 that wait.
    for (let asked = 0; !queries().some((url) => url.includes('pm-urgent')); asked += 1) {
      expect(asked).toBeLessThan(10);
      held.shift()!();
      await until(() => queries().length > asked, 'the next query');
    }
    external.behave((_, response) => answerJson(response, 404, { message: 'never seen' }));
    for (const release of held) release();
  }, 60_000);
});
