import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ReceiverRegistry } from '../../src/notifications/receiver.registry.js';
import type { NotificationRow } from '../../src/notifications/notification.table.js';
import { Store } from '../../src/persistence/store.js';
import { SystemClock } from '../../src/shared/clock.js';
import { AT_ONCE, type Answer, call } from '../support/client.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type DatabasePlace, postgresSchema, postgresUrl, sqliteFile } from '../support/databases.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { type Gateway, startGateway, variablesOf } from '../support/gateway.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { type ReceivedNotification, startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** The receiver gets every status, whatever fails (SPEC §5). */

const ADMIN = { authorization: 'Bearer admin-secret' };
const LEASE_MS = 30_000;

let external: StubExternal;
let receiver: TestReceiver;
let status: string;

beforeEach(async () => {
  status = 'PENDING';
  external = await startStubExternal(() => ({ status, shopTransactionId: 'order-1' }));
  receiver = await startReceiver();
});
afterEach(async () => {
  await external.close();
  await receiver.stop();
});

const environment = (): Record<string, string> => ({
  PAYMENT_CALLBACK_URL: receiver.url,
  NOTIFICATION_SECRET,
  NOTIFICATION_SCHEDULE: '100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms',
  API_AUTH: 'required',
  API_KEYS: 'admin:admin-secret:admin+read,shop:shop-secret:read',
});
const ACME = (): object => ({ externalService: 'acme', baseUrl: external.url });
const check = (url: string, paymentId = 'pm_1', headers: Record<string, string> = {}): Promise<Answer> =>
  call(`${url}/v3/acme/check?paymentId=${paymentId}`, 'GET', undefined, {
    authorization: 'Bearer shop-secret',
    ...headers,
  });
const told = ({ body }: ReceivedNotification): { status: string; paymentId: string } =>
  JSON.parse(body) as { status: string; paymentId: string };
const idOf = ({ headers }: ReceivedNotification): string => headers['webhook-id'] as string;

describe('notifications', () => {
  let gateway: Gateway;

  beforeEach(async () => {
    gateway = await startGateway({ externals: [ACME()], env: environment() });
  });
  afterEach(() => gateway.close());

  const notified = (count: number): Promise<void> =>
    until(() => receiver.received.length >= count, `${count} notifications`);
  const rows = (): Promise<NotificationRow[]> =>
    gateway.app
      .get(Store)
      .read((db) => db.selectFrom('notifications').selectAll().orderBy('version').execute());
  const settled = (count: number): Promise<void> =>
    until(
      async () => (await rows()).filter(({ state }) => ['DELIVERED', 'DEAD'].includes(state)).length >= count,
      `${count} settled`,
    );
  const admin = (path: string, body?: object | string, headers = ADMIN): Promise<Answer> =>
    call(`${gateway.url}/admin/notifications/${path}`, 'POST', body, headers);

  it('check sends the receiver the caller’s answer, with a higher version', async () => {
    const first = await check(gateway.url);
    await notified(1);
    status = 'ACCEPTED';
    const second = await check(gateway.url);
    await notified(2);
    expect(receiver.received.map(told)).toEqual([
      { ...first.body, version: 1 },
      { ...second.body, version: 2 },
    ]);
    expect(receiver.received.map(({ headers }) => headers['x-payment-version'])).toEqual(['1', '2']);
    expect(receiver.received.map(({ headers }) => headers['x-tollgate-event'])).toEqual([
      'payment',
      'payment',
    ]);
    for (const { body, headers } of receiver.received) {
      expect(new Webhook(NOTIFICATION_SECRET).verify(body, headers as Record<string, string>)).toBeTruthy();
    }
  });

  it('a HEAD of check neither queries nor notifies', async () => {
    const headers = { authorization: 'Bearer shop-secret' };
    const answer = await call(`${gateway.url}/v3/acme/check?paymentId=pm_1`, 'HEAD', undefined, headers);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    expect(external.requests).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  it('status does not notify', async () => {
    await call(`${gateway.url}/v3/acme/status?paymentId=pm_1`, 'GET', undefined, {
      authorization: 'Bearer shop-secret',
    });
    expect(await rows()).toEqual([]);
  });

  it('PENDING while the receiver is down, then ACCEPTED: it receives ACCEPTED and nothing after it', async () => {
    await receiver.stop();
    await check(gateway.url);
    await until(async () => (await rows())[0]?.state === 'RETRY', 'a failed attempt');
    status = 'ACCEPTED';
    await check(gateway.url);
    await receiver.start();
    await settled(1);
    expect(receiver.received.map((one) => told(one).status)).toEqual(['ACCEPTED']);
    expect((await rows()).map(({ state }) => state)).toEqual(['SUPERSEDED', 'DELIVERED']);
  });

  it('a receiver that hangs does not delay callers', async () => {
    const held: ServerResponse[] = [];
    receiver.answers((response) => held.push(response));
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => check(gateway.url, `pm_${i}`)));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await notified(32);
    receiver.answers(200);
    for (const response of held) response.end();
  });

  describe('replay', () => {
    it('resends a dead notification on request', async () => {
      receiver.answers(410, 200);
      await check(gateway.url);
      await settled(1);
      const id = idOf(receiver.received[0]!);
      const answer = await admin(`${id}/replay`);
      expect(answer).toMatchObject({ status: 200, body: { id, state: 'PENDING' } });
      await notified(2);
      expect(receiver.received.map(idOf)).toEqual([id, id]);
      const asked = await gateway.app
        .get(Store)
        .read((db) =>
          db.selectFrom('notification_replays').select(['notification_ref', 'requested_by']).execute(),
        );
      expect(asked).toEqual([{ notification_ref: id, requested_by: 'admin' }]);
    });

    it('resends all that match, and counts them', async () => {
      receiver.answers(410);
      for (let i = 0; i < 5; i += 1) await check(gateway.url, `pm_${i}`);
      await settled(5);
      receiver.answers(200);
      const future = new Date(Date.now() + 60_000).toISOString();
      expect((await admin('replay', { from: future })).body).toEqual({ replayed: 0, skipped: 0 });
      expect((await admin('replay', { external: 'other' })).body).toEqual({ replayed: 0, skipped: 0 });
      expect((await admin('replay', {})).body).toEqual({ replayed: 5, skipped: 0 });
      await notified(10);
      await until(
        async () => (await rows()).every(({ state }) => state === 'DELIVERED'),
        'all to be delivered',
      );
    });

    it('resends all DEAD notifications by default, and never more than requested', async () => {
      receiver.answers(410);
      for (let i = 0; i < 2; i += 1) await check(gateway.url, `pm_${i}`);
      await settled(2);
      expect(await admin('replay?external=other', {})).toMatchObject({ status: 400 });
      expect(await admin('replay')).toMatchObject({ status: 200, body: { replayed: 2, skipped: 0 } });
    });

    it('refuses an older state after a newer one', async () => {
      await check(gateway.url);
      await settled(1);
      await check(gateway.url);
      await settled(2);
      const [old] = await rows();
      expect(await admin(`${old!.id}/replay`)).toMatchObject({ status: 409, body: { code: 'conflict' } });
      expect((await admin('replay', { state: 'DELIVERED' })).body).toEqual({ replayed: 1, skipped: 1 });
    });

    it.each<[string, number, string, () => Promise<Answer>]>([
      ['an unknown id', 404, 'not-found', () => admin('ntf_1/replay')],
      ['an id that is none', 404, 'not-found', () => admin('a%00b/replay')],
      ['an unknown state', 400, 'validation-failed', () => admin('replay', { state: 'LOST' })],
      ['a time that is none', 400, 'validation-failed', () => admin('replay', { from: 'yesterday' })],
      ['a time without zone', 400, 'validation-failed', () => admin('replay', { to: '2026-01-31T00:00:00' })],
      ['an unknown field', 400, 'validation-failed', () => admin('replay', { status: 'DEAD' })],
      [
        'a key without admin',
        403,
        'forbidden',
        () => admin('replay', {}, { authorization: 'Bearer shop-secret' }),
      ],
      ['no key', 401, 'unauthenticated', () => admin('replay', {}, { authorization: '' })],
    ])('refuses %s', async (_, expected, code, send) => {
      expect(await send()).toMatchObject({ status: expected, body: { code } });
    });
  });
});

describe('without any configuration', () => {
  it('the bundled simulator is notified and verifies signatures', async () => {
    const gateway = await startGateway();
    try {
      const { origin } = new URL(gateway.app.get(ReceiverRegistry).get('payment-callback')!.url);
      const paid = await call(`${gateway.url}/v3/simulator/pay`, 'POST', {
        amount: 100,
        currency: 'EUR',
        shopTransactionId: 'order-1',
        providerData: { scenario: 'pending', delayMs: 10 },
      });
      const notifications = async (): Promise<{ verified: boolean; body: object }[]> =>
        (await call(`${origin}/notifications`, 'GET')).body['items'] as { verified: boolean; body: object }[];
      await until(async () => (await notifications()).length === 1, 'the notification');
      expect(await notifications()).toMatchObject([
        { verified: true, body: { status: 'ACCEPTED', paymentId: paid.body['paymentId'] } },
      ]);
    } finally {
      await gateway.close();
    }
  });
});

describe('kill -9 during deliveries', () => {
  let place: DatabasePlace;
  let program: GatewayProcess | undefined;

  beforeEach(async () => {
    place = await (postgresUrl() ? postgresSchema() : sqliteFile());
  });
  afterEach(async () => {
    await program?.dispose();
    await place.dispose();
  });

  it('loses nothing, and resends notifications in flight with the same id', async () => {
    const answers: ServerResponse[] = [];
    receiver.answers((response) => answers.push(response));
    status = 'ACCEPTED';
    const env = { ...environment(), ...variablesOf(place) };
    program = await startGatewayProcess({ externals: [ACME()], env });
    const { url } = program;
    await Promise.all(Array.from({ length: 40 }, (_, i) => check(url, `pm_${i}`)));
    await until(() => receiver.received.length >= 32, 'as many on the wire as may be');
    // Two of them were accepted, and the gateway may or may not have recorded it.
    for (const response of answers.slice(0, 2)) response.end();
    program.kill('SIGKILL');
    await program.exit;

    const wired = new Set(receiver.received.map(idOf));
    receiver.answers(200);
    const before = receiver.received.length;
    const gateway = await startGateway({
      externals: [ACME()],
      env: environment(),
      database: variablesOf(place),
      // With replicas, a lease must end first; on SQLite the next process is the only one.
      clock: new Later(LEASE_MS + 1_000),
    });
    try {
      const states = (): Promise<string[]> =>
        gateway.app
          .get(Store)
          .read(async (db) =>
            (await db.selectFrom('notifications').select('state').execute()).map(({ state }) => state),
          );
      await until(async () => (await states()).every((state) => state === 'DELIVERED'), 'all delivered');
      expect(await states()).toHaveLength(40);
      const after = receiver.received.slice(before);
      const again = after.map(idOf).filter((id) => wired.has(id));
      expect(again.length).toBeGreaterThanOrEqual(wired.size - 2);
      expect(new Set(receiver.received.map((one) => told(one).paymentId)).size).toBe(40);
      expect(new Set(receiver.received.map(idOf)).size).toBe(40);
    } finally {
      await gateway.close();
    }
  }, 40_000);
});

class Later extends SystemClock {
  constructor(private readonly byMs: number) {
    super();
  }

  override now(): number {
    return super.now() + this.byMs;
  }
}
